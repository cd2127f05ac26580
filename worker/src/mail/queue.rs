//! The queue of mails to be sent: written with the change that they tell of, sent afterwards, each once.

use std::time::Duration;

use portaria_domain::Installation;
use portaria_domain::clock::Clock;
use portaria_domain::error::Result;
use portaria_domain::mail::{WITHDRAWN, forget_token, unsealed};
use portaria_entity::id::{OutgoingMailId, WorkspaceId};
use portaria_entity::mail_attachment;
use portaria_entity::outgoing_mail::{self, MailStatus};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use tokio_util::sync::CancellationToken;

use super::lane::Lane;
use super::reading::Reading;
use super::{Attachment, Mailbox, Mailer, OutgoingMail, SendError, SmtpSettings, message_id};
use crate::mail::MailConfigError;
use crate::mail::MailOptions;

/// How often the queue is looked at.
const PAUSE: Duration = Duration::from_secs(5);
/// A process that died while it was sending keeps a mail so long. Longer than a mail may take.
const LEASE: Duration = Duration::from_secs(20 * 60);
/// The first pause after a failure; it doubles up to the longest.
const FIRST_RETRY: Duration = Duration::from_secs(60);
const LONGEST_RETRY: Duration = Duration::from_secs(60 * 60);
/// After so long a mail that could not be sent is given up,
const GIVE_UP: Duration = Duration::from_secs(48 * 60 * 60);
/// but not before it was tried so often: it may have waited for a process that was away, or the clock have jumped.
const LEAST_ATTEMPTS: i32 = 12;
/// What is put off or leased for longer than anything ever is was written by a clock that was wrong.
const ABSURD: Duration = Duration::from_secs(2 * 60 * 60);
/// So often, and so far apart, it is tried to write down that a mail was sent: well within its lease.
const SETTLING: u32 = 240;
const SETTLING_PAUSE: Duration = Duration::from_secs(1);
const _: () = {
    let sending = SmtpSettings::LONGEST_TIMEOUT.saturating_add(SmtpSettings::PATIENCE);
    let settled = sending.saturating_add(SETTLING_PAUSE.saturating_mul(SETTLING));
    assert!(settled.as_secs() + 60 < LEASE.as_secs(), "nobody else sends it meanwhile");
};
/// The most mails that one pass sends before it looks whether it should stop.
const BATCH: u64 = 50;

/// A mail to be queued.
pub struct NewMail {
    pub workspace_id: Option<WorkspaceId>,
    /// Two mails of one key are one mail.
    pub dedup_key: String,
    pub to: Mailbox,
    pub subject: String,
    pub html: String,
    pub text: String,
}

/// Queues a mail in the transaction of its cause. One that is queued or sent already is left as it is.
pub async fn enqueue(
    transaction: &impl ConnectionTrait,
    clock: &Clock,
    sender: &Mailbox,
    new: NewMail,
) -> Result<()> {
    enqueue_with(transaction, clock, sender, (new, None)).await.map(|_| ())
}

/// The same with a file; answers the mail's id, unless there is one of its key already.
pub async fn enqueue_with(
    transaction: &impl ConnectionTrait,
    clock: &Clock,
    sender: &Mailbox,
    (new, attachment): (NewMail, Option<Attachment>),
) -> Result<Option<OutgoingMailId>> {
    let id: OutgoingMailId = clock.new_id();
    let now = clock.now();
    let row = outgoing_mail::ActiveModel {
        id: Set(id),
        workspace_id: Set(new.workspace_id),
        dedup_key: Set(new.dedup_key),
        to_name: Set(new.to.name.unwrap_or_default()),
        to_address: Set(new.to.address),
        subject: Set(new.subject),
        html: Set(new.html),
        text: Set(new.text),
        message_id: Set(message_id(id.0, &sender.address)),
        status: Set(MailStatus::Queued),
        attempts: Set(0),
        next_attempt_at: Set(now),
        leased_until: Set(None),
        error: Set(None),
        created_at: Set(now),
        sent_at: Set(None),
    };
    let once = OnConflict::column(outgoing_mail::Column::DedupKey).do_nothing().to_owned();
    if outgoing_mail::Entity::insert(row).on_conflict(once).exec_without_returning(transaction).await? != 1 {
        return Ok(None);
    }
    if let Some(Attachment { name, media_type, content }) = attachment {
        let file = mail_attachment::Model { id, name, media_type, content };
        let file = mail_attachment::ActiveModel::from(file);
        mail_attachment::Entity::insert(file).exec_without_returning(transaction).await?;
    }
    Ok(Some(id))
}

/// What became of the mails of one pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    pub sent: u64,
    pub put_off: u64,
    pub given_up: u64,
}

/// Sends what is queued, from one sender by one way.
#[derive(Clone)]
pub struct Outbox {
    installation: Installation,
    mailer: Mailer,
    sender: Mailbox,
}

impl Outbox {
    pub fn new(
        installation: Installation,
        options: &MailOptions,
    ) -> std::result::Result<Self, MailConfigError> {
        Ok(Self { installation, mailer: options.mailer()?, sender: options.sender()? })
    }

    /// With a mailer of one's own, as tests have.
    pub fn with_mailer(installation: Installation, mailer: Mailer, sender: Mailbox) -> Self {
        Self { installation, mailer, sender }
    }

    pub fn sender(&self) -> &Mailbox {
        &self.sender
    }

    /// Sends until `shutdown`; the mails that are on their way are finished first.
    pub async fn run(&self, shutdown: CancellationToken) {
        let [alerts, links, others] = Lane::ALL.map(|lane| self.run_lane(lane, &shutdown));
        tokio::join!(alerts, links, others);
    }

    async fn run_lane(&self, lane: Lane, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            if let Err(error) = self.send_lane(lane, shutdown).await {
                tracing::warn!(%error, "queued mails could not be read");
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Sends every mail that is due now, the urgent ones first.
    pub async fn send_queued(&self, shutdown: &CancellationToken) -> Result<Sent> {
        let mut all = Sent::default();
        for lane in Lane::ALL {
            let Sent { sent, put_off, given_up } = self.send_lane(lane, shutdown).await?;
            all.sent += sent;
            all.put_off += put_off;
            all.given_up += given_up;
        }
        Ok(all)
    }

    async fn send_lane(&self, lane: Lane, shutdown: &CancellationToken) -> Result<Sent> {
        let mut all = Sent::default();
        loop {
            let due = self.due(lane).await?;
            if due.is_empty() {
                return Ok(all);
            }
            for mail in due {
                if shutdown.is_cancelled() {
                    return Ok(all);
                }
                if let Some(lease) = self.claim(&mail).await? {
                    self.send(mail, lease, &mut all).await?;
                }
            }
        }
    }

    /// Mails whose time has come and that nobody is sending.
    async fn due(&self, lane: Lane) -> Result<Vec<outgoing_mail::Model>> {
        let now = self.installation.clock.now();
        let due = outgoing_mail::Entity::find()
            .filter(outgoing_mail::Column::Status.eq(MailStatus::Queued))
            .filter(due_at(now))
            .filter(unleased(now))
            .filter(lane.condition())
            .order_by_asc(outgoing_mail::Column::NextAttemptAt)
            .order_by_asc(outgoing_mail::Column::Id)
            .limit(BATCH);
        Ok(due.all(self.installation.database.reader()).await?)
    }

    /// Takes a mail for this process, unless another was faster.
    async fn claim(&self, mail: &outgoing_mail::Model) -> Result<Option<Timestamp>> {
        let now = self.installation.clock.now();
        let lease = now + LEASE;
        let claim = outgoing_mail::ActiveModel {
            leased_until: Set(Some(lease)),
            attempts: Set(mail.attempts.saturating_add(1)),
            ..outgoing_mail::ActiveModel::default()
        };
        let claimed = outgoing_mail::Entity::update_many()
            .set(claim)
            .filter(outgoing_mail::Column::Id.eq(mail.id))
            .filter(outgoing_mail::Column::Status.eq(MailStatus::Queued))
            .filter(outgoing_mail::Column::Attempts.eq(mail.attempts))
            .filter(unleased(now))
            .exec(self.installation.database.writer())
            .await?;
        Ok((claimed.rows_affected == 1).then_some(lease))
    }

    async fn send(&self, mail: outgoing_mail::Model, lease: Timestamp, all: &mut Sent) -> Result<()> {
        let reading = Reading::of(&self.installation, &mail).await?;
        let Some(to) = reading.addressee(&self.installation, &mail).await? else {
            return self.withdraw(mail.id, lease, &reading).await;
        };
        let mail = outgoing_mail::Model { to_name: to.name.clone(), to_address: to.address.clone(), ..mail };
        let (id, attempts, created_at) = (mail.id, mail.attempts, mail.created_at);
        let reader = self.installation.database.reader();
        let attachment = mail_attachment::Entity::find_by_id(id).one(reader).await?;
        // Its token is in memory only for as long as it takes to send it.
        let outgoing = match unsealed(reader, &self.installation, mail).await {
            Ok(mail) => self.outgoing(mail, attachment),
            Err(error) if error.is_unavailable() => return Err(error),
            // The key that opens it may be back tomorrow; if not, it is given up like others, and keeps nobody waiting.
            Err(error) => Err(SendError::retry(super::Stage::Compose, None, &error.to_string())),
        };
        let outcome = match outgoing {
            Ok(outgoing) => self.mailer.send(&outgoing).await,
            Err(error) => Err(error),
        };
        let now = self.installation.clock.now();
        let mut row = outgoing_mail::ActiveModel {
            leased_until: Set(None),
            to_name: Set(to.name),
            to_address: Set(to.address),
            ..outgoing_mail::ActiveModel::default()
        };
        let is_young = now.since(created_at) < GIVE_UP || attempts.saturating_add(1) < LEAST_ATTEMPTS;
        match outcome {
            Ok(()) => {
                all.sent += 1;
                row.status = Set(MailStatus::Sent);
                row.sent_at = Set(Some(now));
                row.error = Set(None);
            }
            Err(SendError::Retry(failure)) if is_young => {
                all.put_off += 1;
                row.next_attempt_at = Set(now + pause_after(attempts));
                row.error = Set(Some(failure.to_string()));
            }
            Err(SendError::Retry(failure) | SendError::Permanent(failure)) => {
                all.given_up += 1;
                tracing::error!(mail = %id, %failure, "a mail was given up");
                metrics::counter!("portaria_mails_given_up_total").increment(1);
                row.status = Set(MailStatus::Failed);
                row.error = Set(Some(failure.to_string()));
            }
        }
        self.settle((id, lease), row).await
    }

    /// Writes down what became of a mail. One that the server has taken is not sent again because the database was away
    /// for a moment.
    async fn settle(&self, ours: (OutgoingMailId, Timestamp), row: outgoing_mail::ActiveModel) -> Result<()> {
        let is_sent = matches!(row.status, Set(MailStatus::Sent));
        let mut tries = if is_sent { SETTLING } else { 1 };
        loop {
            tries -= 1;
            match self.write_outcome(ours, row.clone()).await {
                Err(error) if tries > 0 && error.is_unavailable() => {
                    tracing::warn!(mail = %ours.0, %error, "a mail that was sent could not be written down yet");
                    tokio::time::sleep(SETTLING_PAUSE).await;
                }
                written => return written,
            }
        }
    }

    async fn write_outcome(
        &self,
        (id, lease): (OutgoingMailId, Timestamp),
        row: outgoing_mail::ActiveModel,
    ) -> Result<()> {
        let is_over = matches!(row.status, Set(_));
        let transaction = self.installation.database.begin().await?;
        // Only while the lease is ours: a process that was away too long has nothing to say any more.
        let ours = outgoing_mail::Entity::update_many()
            .set(row)
            .filter(outgoing_mail::Column::Id.eq(id))
            .filter(outgoing_mail::Column::LeasedUntil.eq(lease))
            .exec(&transaction)
            .await?;
        if is_over && ours.rows_affected == 1 {
            forget(&transaction, id).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// What tells of others goes to who may read it when it goes out, not when it was written.
    async fn withdraw(&self, id: OutgoingMailId, lease: Timestamp, reading: &Reading) -> Result<()> {
        let installation = &self.installation;
        let row = outgoing_mail::ActiveModel {
            status: Set(MailStatus::Failed),
            error: Set(Some(WITHDRAWN.to_owned())),
            leased_until: Set(None),
            ..outgoing_mail::ActiveModel::default()
        };
        let transaction = installation.database.begin().await?;
        let ours = outgoing_mail::Entity::update_many()
            .set(row)
            .filter(outgoing_mail::Column::Id.eq(id))
            .filter(outgoing_mail::Column::LeasedUntil.eq(lease))
            .exec(&transaction)
            .await?;
        if ours.rows_affected == 1 {
            forget(&transaction, id).await?;
            reading.withdraw(&transaction, installation).await?;
        }
        Ok(transaction.commit().await?)
    }

    fn outgoing(
        &self,
        mail: outgoing_mail::Model,
        attachment: Option<mail_attachment::Model>,
    ) -> std::result::Result<OutgoingMail, SendError> {
        let date = jiff::Timestamp::from_microsecond(mail.created_at.0)
            .map_err(|error| SendError::permanent(super::Stage::Compose, None, &error.to_string()))?;
        Ok(OutgoingMail {
            from: self.sender.clone(),
            to: Mailbox { name: Some(mail.to_name), address: mail.to_address },
            subject: mail.subject,
            text: mail.text,
            html: mail.html,
            message_id: mail.message_id,
            date,
            attachment: attachment.map(|file| {
                let mail_attachment::Model { name, media_type, content, .. } = file;
                Attachment { name, media_type, content }
            }),
        })
    }
}

/// Erases what only goes along with a mail, once it has gone or never will.
async fn forget(transaction: &DatabaseTransaction, id: OutgoingMailId) -> Result<()> {
    forget_token(transaction, id).await?;
    mail_attachment::Entity::delete_by_id(id).exec(transaction).await?;
    Ok(())
}

fn unleased(now: Timestamp) -> Condition {
    Condition::any()
        .add(outgoing_mail::Column::LeasedUntil.is_null())
        .add(outgoing_mail::Column::LeasedUntil.lt(now))
        .add(outgoing_mail::Column::LeasedUntil.gt(now + ABSURD))
}

fn due_at(now: Timestamp) -> Condition {
    Condition::any()
        .add(outgoing_mail::Column::NextAttemptAt.lte(now))
        .add(outgoing_mail::Column::NextAttemptAt.gt(now + ABSURD))
}

/// A minute, two, four, up to an hour.
fn pause_after(failures_before: i32) -> Duration {
    let doublings = u32::try_from(failures_before).unwrap_or(0).min(10);
    FIRST_RETRY.saturating_mul(1 << doublings).min(LONGEST_RETRY)
}
