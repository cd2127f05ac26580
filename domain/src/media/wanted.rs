//! Files that Meta keeps for a week: which are to be fetched, by whom just now, and what came of it.

use std::time::Duration;

use portaria_entity::event::EventKind;
use portaria_entity::id::{ChannelId, ConversationId, MediaFileId, MessageId, WorkspaceId};
use portaria_entity::media_file::{self, MediaOrigin, MediaReason, MediaState};
use portaria_entity::time::Timestamp;
use portaria_entity::{message, message_file};
use sea_orm::{ActiveEnum, ConnectionTrait, DatabaseTransaction, FromQueryResult, Value};

use super::erasing::{queue_removal, queue_removal_of_attempt};
use super::nature::Nature;
use super::store::Store;
use super::upload::raise_infected;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::event::{Happening, append};
use crate::installation::Installation;
use crate::message::content::{Carried, Content};

/// So long Meta keeps a file after it told of it.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Kinds of messages with files.
const KINDS: [&str; 5] = ["image", "video", "document", "audio", "sticker"];
/// The first pause after a failure; it trebles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);
/// The last attempt is made so long before Meta throws the file away.
const LAST_CALL: Duration = Duration::from_secs(15 * 60);

/// The row of work for a message with a file that Meta keeps, told of just now.
pub fn of_message(clock: &Clock, row: &message::Model) -> Option<(media_file::Model, message_file::Model)> {
    if !KINDS.contains(&row.kind.as_str()) {
        return None;
    }
    let Content::Media(media) = Carried::read(&row.kind, &row.payload, row.sent_at).content else {
        return None;
    };
    let meta_id = media.id?;
    let id: MediaFileId = clock.new_id();
    let file = media_file::Model {
        workspace_id: row.workspace_id,
        id,
        origin: MediaOrigin::Meta,
        channel_id: Some(row.channel_id),
        kind: media.kind,
        state: MediaState::Wanted,
        reason: None,
        meta_id: Some(meta_id),
        mime_type: media.mime_type,
        filename: media.filename,
        sha256: media.sha256,
        detected_type: None,
        animated: media.animated,
        bytes: None,
        digest: None,
        storage_key: None,
        attempts: 0,
        next_attempt_at: row.received_at,
        leased_until: None,
        // History tells of old messages, whose files are kept from now on.
        expires_at: row.received_at + KEPT,
        uploader_id: None,
        uploader_key_id: None,
        created_at: row.received_at,
        stored_at: None,
    };
    let link = message_file::Model { workspace_id: row.workspace_id, message_id: row.id, media_file_id: id };
    Some((file, link))
}

/// A file in this process's hands, for as long as its lease.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub file: media_file::Model,
    lease: Timestamp,
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is in the store; and whether it may be served, or is to be looked through first.
    Kept {
        nature: Nature,
        bytes: u64,
        digest: String,
        state: MediaState,
    },
    /// It was looked through.
    Clean,
    /// To be tried again, after so long at least.
    Again(MediaReason, Option<Duration>),
    Refused(MediaReason),
    Lost(MediaReason),
}

/// Takes files whose turn it is.
pub async fn claim(installation: &Installation, most: usize, lease: Duration) -> Result<Vec<Wanted>> {
    let database = &installation.database;
    let now = installation.clock.now();
    let due = "state IN ('wanted', 'scanning') AND next_attempt_at <= $1 AND (leased_until IS NULL OR leased_until <= $1)";
    let look = format!("SELECT 1 FROM media_files WHERE {due} LIMIT 1");
    if database.reader().query_one_raw(database.statement(&look, [now.0.into()])).await?.is_none() {
        return Ok(Vec::new());
    }
    let skip_locked = if database.is_sqlite() { "" } else { "FOR UPDATE SKIP LOCKED" };
    let claim = format!(
        "WITH next AS MATERIALIZED (SELECT workspace_id AS whose, id AS which FROM media_files WHERE {due} \
         ORDER BY next_attempt_at LIMIT {most} {skip_locked}) \
         UPDATE media_files SET leased_until = $2, attempts = attempts + 1 FROM next \
         WHERE workspace_id = next.whose AND id = next.which RETURNING *"
    );
    let lease = now + lease;
    let values = [now.0.into(), lease.0.into()];
    let claimed = media_file::Model::find_by_statement(database.statement(&claim, values));
    let claimed = claimed.all(database.writer()).await?;
    Ok(claimed.into_iter().map(|file| Wanted { file, lease }).collect())
}

/// Gives a file that is about to be fetched a name in the store. What an earlier attempt left there is to go. False when the
/// lease has run out.
pub async fn begin(installation: &Installation, wanted: &mut Wanted) -> Result<bool> {
    let key = Store::new_key(wanted.file.workspace_id)?;
    let transaction = installation.database.begin().await?;
    let values = [key.as_str().into()];
    if !update(installation, &transaction, wanted, "storage_key = $5", values).await? {
        return Ok(false);
    }
    if let Some(left) = wanted.file.storage_key.replace(key) {
        queue_removal(&transaction, installation, &left).await?;
    }
    transaction.commit().await?;
    Ok(true)
}

/// Writes down what came of an attempt. False when the lease has run out and another may be at it: then nothing is written.
/// What the attempt put into the store goes, unless it has become the file.
pub async fn settle(installation: &Installation, wanted: &Wanted, outcome: Outcome) -> Result<bool> {
    let transaction = installation.database.begin().await?;
    let now = installation.clock.now();
    let next = |wait: Option<Duration>| next_attempt(&wanted.file, now, wait);
    let text = |value: &MediaReason| Value::from(<&str>::from(*value));
    let file = &wanted.file;
    let (written, is_over) = match &outcome {
        Outcome::Kept { nature, bytes, digest, state } => {
            let set = "state = $5, detected_type = $6, animated = $7, bytes = $8, digest = $9, stored_at = $10, \
                       next_attempt_at = $10, reason = NULL, leased_until = CASE WHEN $5 = 'stored' THEN NULL ELSE leased_until END";
            let values = [
                <&str>::from(*state).into(),
                nature.mime.as_str().into(),
                (nature.animated || file.animated).into(),
                i64::try_from(*bytes).map_err(Error::internal)?.into(),
                digest.as_str().into(),
                now.0.into(),
            ];
            (update(installation, &transaction, wanted, set, values).await?, *state == MediaState::Stored)
        }
        Outcome::Clean => {
            let set = "state = 'stored', reason = NULL, leased_until = NULL";
            (update(installation, &transaction, wanted, set, []).await?, true)
        }
        Outcome::Again(reason, wait) => {
            let set = "reason = $5, next_attempt_at = $6, leased_until = NULL, \
                       storage_key = CASE WHEN state = 'wanted' THEN NULL ELSE storage_key END";
            let values = [text(reason), next(*wait).0.into()];
            (update(installation, &transaction, wanted, set, values).await?, file.reason != Some(*reason))
        }
        Outcome::Refused(reason) | Outcome::Lost(reason) => {
            let state = if matches!(outcome, Outcome::Refused(_)) { "refused" } else { "lost" };
            let set = "state = $5, reason = $6, storage_key = NULL, leased_until = NULL";
            let values = [state.into(), text(reason)];
            (update(installation, &transaction, wanted, set, values).await?, true)
        }
    };
    if !written {
        disown(&transaction, installation, file).await?;
        transaction.commit().await?;
        return Ok(false);
    }
    disown(&transaction, installation, file).await?;
    if let Outcome::Refused(MediaReason::Infected) = outcome {
        raise_infected(&transaction, installation, file).await?;
    }
    if is_over {
        tell(installation, &transaction, file.workspace_id, file.id).await?;
    }
    transaction.commit().await?;
    installation.events.wake();
    Ok(true)
}

/// What an attempt has put into the store goes, unless it has become the file.
async fn disown(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    file: &media_file::Model,
) -> Result<()> {
    match &file.storage_key {
        Some(key) => {
            queue_removal_of_attempt(transaction, installation, (file.workspace_id, file.id, key)).await
        }
        None => Ok(()),
    }
}

/// Changes the row of who holds its lease. The first four values are taken.
async fn update<const N: usize>(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    wanted: &Wanted,
    set: &str,
    values: [Value; N],
) -> Result<bool> {
    let sql = format!(
        "UPDATE media_files SET {set} WHERE workspace_id = $1 AND id = $2 AND leased_until = $3 AND attempts = $4 \
         AND state IN ('wanted', 'scanning')"
    );
    let file = &wanted.file;
    let place = [file.workspace_id.0.into(), file.id.0.into(), wanted.lease.0.into(), file.attempts.into()];
    let statement = installation.database.statement(&sql, place.into_iter().chain(values));
    Ok(transaction.execute_raw(statement).await?.rows_affected() == 1)
}

/// When it is tried again: later and later, and once more shortly before it is gone.
fn next_attempt(file: &media_file::Model, now: Timestamp, wait: Option<Duration>) -> Timestamp {
    let failures = u32::try_from(file.attempts.max(1) - 1).unwrap_or(0).min(10);
    let pause = FIRST_PAUSE.saturating_mul(3_u32.saturating_pow(failures)).min(LONGEST_PAUSE);
    let next = now + pause.max(wait.unwrap_or_default());
    let last = file.expires_at - LAST_CALL;
    match file.state {
        MediaState::Wanted if now < last => next.min(last),
        _ => next,
    }
}

/// Tells whoever looks at the messages that something about their file has changed.
pub(super) async fn tell(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    workspace_id: WorkspaceId,
    file: MediaFileId,
) -> Result<()> {
    let sql = "SELECT m.id, m.conversation_id FROM message_files f \
               JOIN messages m ON m.workspace_id = f.workspace_id AND m.id = f.message_id \
               WHERE f.workspace_id = $1 AND f.media_file_id = $2 LIMIT 100";
    let values = [workspace_id.0.into(), file.0.into()];
    for row in transaction.query_all_raw(installation.database.statement(sql, values)).await? {
        let happening = Happening {
            workspace_id,
            kind: EventKind::MessageUpdated,
            conversation_id: Some(row.try_get_by_index::<ConversationId>(1)?),
            message_id: Some(row.try_get_by_index::<MessageId>(0)?),
            before: None,
        };
        append(transaction, &installation.clock, happening).await?;
    }
    Ok(())
}

/// Of a number whose token is not taken: none of its files is tried before then. Each says why it waits.
pub async fn hold_back_channel(
    installation: &Installation,
    channel: (WorkspaceId, ChannelId),
    reason: MediaReason,
    pause: Duration,
) -> Result<()> {
    let now = installation.clock.now();
    let sql = "UPDATE media_files SET reason = $3, next_attempt_at = $4 WHERE workspace_id = $1 AND channel_id = $2 \
               AND state = 'wanted' AND next_attempt_at < $4 AND (leased_until IS NULL OR leased_until <= $5) \
               AND expires_at > $4";
    let values = [
        channel.0.0.into(),
        channel.1.0.into(),
        reason.to_value().into(),
        (now + pause).0.into(),
        now.0.into(),
    ];
    installation.database.writer().execute_raw(installation.database.statement(sql, values)).await?;
    Ok(())
}

/// The same number again: what waited for its token is due at once.
pub async fn release_channel(installation: &Installation, channel: (WorkspaceId, ChannelId)) -> Result<()> {
    let sql = "UPDATE media_files SET next_attempt_at = $3 WHERE workspace_id = $1 AND channel_id = $2 AND state = 'wanted' \
               AND reason IN ('no_token', 'token_refused') AND next_attempt_at > $3";
    let values = [channel.0.0.into(), channel.1.0.into(), installation.clock.now().0.into()];
    installation.database.writer().execute_raw(installation.database.statement(sql, values)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(attempts: i32) -> media_file::Model {
        media_file::Model {
            workspace_id: WorkspaceId(uuid::Uuid::nil()),
            id: MediaFileId(uuid::Uuid::nil()),
            origin: MediaOrigin::Meta,
            channel_id: None,
            kind: portaria_entity::media_file::MediaKind::Image,
            state: MediaState::Wanted,
            reason: None,
            meta_id: None,
            mime_type: None,
            filename: None,
            sha256: None,
            detected_type: None,
            animated: false,
            bytes: None,
            digest: None,
            storage_key: None,
            attempts,
            next_attempt_at: Timestamp(0),
            leased_until: None,
            expires_at: Timestamp(0) + KEPT,
            uploader_id: None,
            uploader_key_id: None,
            created_at: Timestamp(0),
            stored_at: None,
        }
    }

    #[test]
    fn pauses_grow_and_the_last_attempt_comes_before_the_file_is_gone() {
        let at =
            |attempts, second| next_attempt(&file(attempts), Timestamp::from_secs(second), None).as_secs();
        assert_eq!([1, 2, 3, 4, 20].map(|attempts| at(attempts, 0)), [5, 15, 45, 135, 3_600]);
        let week = 7 * 86_400;
        assert_eq!(at(20, week - 1_000), week - 900, "once more before the end");
        assert_eq!(at(20, week - 900), week - 900 + 3_600, "which then has been");
        let patient = next_attempt(&file(1), Timestamp(0), Some(Duration::from_secs(60)));
        assert_eq!(patient.as_secs(), 60);
    }
}
