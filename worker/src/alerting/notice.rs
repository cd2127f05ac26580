//! Tells what is to be told at once: a mail to each administrator and a delivery to each endpoint, all of them or none.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use portaria_domain::Installation;
use portaria_domain::audit::people::People;
use portaria_domain::audit::telling::instant;
use portaria_domain::error::{Error, Result};
use portaria_domain::language::{Language, Wall};
use portaria_domain::member::administrators;
use portaria_domain::notice::{Waiting, clear, note, take_turn, waiting, workspaces};
use portaria_domain::notification_endpoint::{self, News};
use portaria_domain::workspace;
use portaria_entity::id::{NoticeId, WorkspaceId};
use portaria_entity::{user, workspace as row};
use sea_orm::DatabaseTransaction;

use super::page::{Notice, render};
use crate::mail::{ALERTS, Mailbox, NewMail, enqueue};
use crate::report::RenderedReport;

/// Answers how many mails were queued. A workspace of which something cannot be told keeps no other from being told.
pub async fn tell(installation: &Installation, sender: &Mailbox) -> Result<usize> {
    let mut queued = 0;
    for id in workspaces(installation).await? {
        match tell_workspace(installation, sender, id).await {
            Ok(mails) => queued += mails,
            Err(error) => tracing::error!(workspace = %id, %error, "what cannot wait could not be told"),
        }
    }
    Ok(queued)
}

async fn tell_workspace(installation: &Installation, sender: &Mailbox, id: WorkspaceId) -> Result<usize> {
    let reader = installation.database.reader();
    let workspace = workspace::find(reader, id).await?;
    // Mostly it is quiet, or enough was told already: nobody waits for a lock then.
    let seen = waiting(reader, installation, &workspace).await?;
    if seen.is_empty() && !seen.has_leftovers() {
        return Ok(0);
    }
    let transaction = installation.database.begin().await?;
    take_turn(&transaction, id).await?;
    let waiting = waiting(&transaction, installation, &workspace).await?;
    if waiting.is_empty() {
        clear(&transaction, installation, (id, &waiting)).await?;
        transaction.commit().await?;
        return Ok(0);
    }
    let notice = note(&transaction, installation, (id, &waiting)).await?;
    let telling = Telling { installation, sender, workspace: &workspace, waiting: &waiting, notice };
    let mails = telling.queue(&transaction).await?;
    transaction.commit().await?;
    tracing::info!(workspace = %id, told = waiting.len(), mails, "told at once");
    Ok(mails)
}

struct Telling<'a> {
    installation: &'a Installation,
    sender: &'a Mailbox,
    workspace: &'a row::Model,
    waiting: &'a Waiting,
    notice: NoticeId,
}

impl Telling<'_> {
    async fn queue(&self, transaction: &DatabaseTransaction) -> Result<usize> {
        let now = self.installation.clock.now();
        let id = self.workspace.id;
        let zone = TimeZone::get(&self.workspace.time_zone).map_err(Error::internal)?;
        // Of all of them: endpoints are told of others than a mail lists.
        let people = People::of(transaction, id, &self.waiting.findings, now).await?;
        let people = people.with_countries(self.installation.countries.clone());
        let wall = Wall::new(&zone, instant(now));
        let news = News {
            notice: self.notice,
            workspace: self.workspace,
            waiting: self.waiting,
            people: &people,
            wall: &wall,
            at: now,
        };
        for endpoint in notification_endpoint::all(transaction, id).await? {
            if endpoint.row.disabled_at.is_some() {
                continue;
            }
            if let Some(body) = notification_endpoint::news(&endpoint, &news) {
                let to = (id, endpoint.row.id);
                notification_endpoint::queue(transaction, &self.installation.clock, to, body).await?;
            }
        }
        let page = Notice {
            workspace: self.workspace,
            zone: &zone,
            waiting: self.waiting,
            people: &people,
            at: now,
        };
        self.queue_mails(transaction, &page).await
    }

    async fn queue_mails(&self, transaction: &DatabaseTransaction, page: &Notice<'_>) -> Result<usize> {
        let Installation { database, clock, .. } = self.installation;
        let readers = administrators(transaction, database, self.workspace.id, clock.now()).await?;
        if readers.is_empty() {
            tracing::warn!(workspace = %self.workspace.id, "there is nobody who could be told at once");
        }
        let mut rendered: HashMap<Language, RenderedReport> = HashMap::new();
        for reader in &readers {
            let language = self.language_of(reader);
            let mail = match rendered.get(&language) {
                Some(mail) => mail.clone(),
                None => rendered.entry(language).or_insert(render(page, language)?).clone(),
            };
            let mail = NewMail {
                workspace_id: Some(self.workspace.id),
                dedup_key: format!("{ALERTS}{}:{}", self.notice, reader.id),
                to: Mailbox { name: Some(reader.name.clone()), address: reader.email.clone() },
                subject: mail.subject,
                html: mail.html,
                text: mail.text,
            };
            enqueue(transaction, clock, self.sender, mail).await?;
        }
        Ok(readers.len())
    }

    fn language_of(&self, reader: &user::Model) -> Language {
        let own = reader.locale.trim();
        Language::from_tag(if own.is_empty() { &self.workspace.locale } else { own })
    }
}
