//! Files that are handed in to be sent: taken in with a permission to send such, within a quota, and only what WhatsApp takes.

use std::collections::HashMap;
use std::fmt::Display;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use portaria_entity::alert::{AlertKind, AlertSeverity};
use portaria_entity::id::{MediaFileId, MessageId, WorkspaceId};
use portaria_entity::media_file::{self, MediaKind, MediaOrigin, MediaState};
use portaria_entity::message_file;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    Value,
};

use super::erasing::{forget, queue_removal};
use super::intake::{Taken, Untaken, take_in};
use super::name::harmless;
use super::nature::{Nature, fits, limit, natural_kind};
use super::scanner::Verdict;
use super::store::Store;
use crate::alert::{self, Details, Raised};
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::permission::{Permission, PermissionSet};
use crate::viewer::{Principal, Viewer};

/// So long an upload waits to be sent.
const WAITS: Duration = Duration::from_secs(24 * 60 * 60);
/// So many files of one member or key may be on their way in: less than there is room for.
const MOST_AT_ONCE: i64 = 4;
/// So many may wait, and so many bytes.
const MOST_FILES: i64 = 50;
const MOST_BYTES: i64 = 500 << 20;
/// Width and height of a sticker.
const STICKER: (u32, u32) = (512, 512);

/// A file to be handed in.
#[derive(Clone, Debug, Default)]
pub struct NewUpload {
    /// As what it will be sent; else as what suits it best.
    pub kind: Option<MediaKind>,
    pub mime_type: Option<String>,
    pub filename: Option<String>,
    /// How many bytes are going to come, where that is known.
    pub bytes: Option<u64>,
}

/// How long nothing of it may come.
#[derive(Clone, Copy, Debug)]
pub struct Receiving {
    pub pause: Duration,
}

/// What it takes to send such a file.
fn permission(kind: MediaKind) -> Permission {
    match kind {
        MediaKind::Document => Permission::MessageSendDocument,
        MediaKind::Image | MediaKind::Video | MediaKind::Audio | MediaKind::Sticker => {
            Permission::MessageSendMedia
        }
    }
}

fn require(installation: &Installation, viewer: &Viewer, any_of: &[Permission]) -> Result<()> {
    viewer.require(viewer.access.anywhere(), PermissionSet::of(any_of), installation.clock.now())
}

/// Takes a file in, looks it through, and keeps it until it is sent.
pub async fn receive<E: Display>(
    installation: &Installation,
    viewer: &Viewer,
    new: NewUpload,
    (source, receiving): (impl Stream<Item = std::result::Result<Bytes, E>> + Unpin, Receiving),
) -> Result<media_file::Model> {
    match new.kind {
        Some(kind) => require(installation, viewer, &[permission(kind)])?,
        None => {
            require(installation, viewer, &[Permission::MessageSendMedia, Permission::MessageSendDocument])?;
        }
    }
    let most = limit(new.kind.unwrap_or(MediaKind::Document), true);
    if new.bytes.is_some_and(|bytes| bytes > most) {
        return Err(Refusal::FileTooLarge.into());
    }
    let row = reserve(installation, viewer, &new, most).await?;
    let taken = take(installation, viewer, (&row, new.kind), (source, receiving)).await;
    let kept = match taken {
        Ok(taken) => keep(installation, &row, taken).await,
        Err(failure) => Err(failure),
    };
    if kept.is_err() {
        let transaction = installation.database.begin().await?;
        forget(&transaction, installation, (row.workspace_id, row.id)).await?;
        transaction.commit().await?;
    }
    kept
}

/// Writes down what is going to come, if there is room for it.
async fn reserve(
    installation: &Installation,
    viewer: &Viewer,
    new: &NewUpload,
    most: u64,
) -> Result<media_file::Model> {
    let now = installation.clock.now();
    let (uploader_id, uploader_key_id) = (viewer.member_id(), viewer.api_key_id());
    let row = media_file::Model {
        workspace_id: viewer.workspace_id,
        id: installation.clock.new_id(),
        origin: MediaOrigin::Upload,
        channel_id: None,
        kind: new.kind.unwrap_or(MediaKind::Document),
        state: MediaState::Receiving,
        reason: None,
        meta_id: None,
        mime_type: new.mime_type.as_deref().map(|told| told.chars().take(255).collect()),
        filename: new.filename.as_deref().and_then(harmless),
        sha256: None,
        detected_type: None,
        animated: false,
        bytes: Some(i64::try_from(new.bytes.unwrap_or(most)).map_err(Error::internal)?),
        digest: None,
        storage_key: Some(Store::new_key(viewer.workspace_id)?),
        attempts: 0,
        next_attempt_at: now,
        leased_until: None,
        expires_at: now + WAITS,
        uploader_id,
        uploader_key_id,
        created_at: now,
        stored_at: None,
    };
    let transaction = installation.database.begin().await?;
    let (files, bytes, coming) = waiting(installation, &transaction, viewer).await?;
    if files >= MOST_FILES
        || coming >= MOST_AT_ONCE
        || bytes.saturating_add(row.bytes.unwrap_or(0)) > MOST_BYTES
    {
        return Err(Refusal::TooManyFiles.into());
    }
    let insert = media_file::Entity::insert(row.clone().into_active_model());
    insert.exec_without_returning(&transaction).await?;
    transaction.commit().await?;
    Ok(row)
}

/// What of this principal's waits: files, bytes, and how many are on their way in. Their row is locked, so that two requests at once do not both see room.
async fn waiting(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    viewer: &Viewer,
) -> Result<(i64, i64, i64)> {
    let database = &installation.database;
    let (table, column, id) = match viewer.principal {
        Principal::Member(session) => ("members", "uploader_id", session.member_id.0),
        Principal::ApiKey(key) => ("api_keys", "uploader_key_id", key.0),
    };
    let values = || [viewer.workspace_id.0.into(), id.into()];
    if !database.is_sqlite() {
        let lock = format!("SELECT id FROM {table} WHERE workspace_id = $1 AND id = $2 FOR UPDATE");
        transaction.query_one_raw(database.statement(&lock, values())).await?;
    }
    let count = format!(
        "SELECT COUNT(*), CAST(COALESCE(SUM(bytes), 0) AS BIGINT), \
         CAST(COALESCE(SUM(CASE WHEN f.state = 'receiving' THEN 1 ELSE 0 END), 0) AS BIGINT) FROM media_files f WHERE f.workspace_id = $1 AND f.{column} = $2 \
         AND f.origin = 'upload' AND NOT EXISTS (SELECT 1 FROM message_files m \
         WHERE m.workspace_id = f.workspace_id AND m.media_file_id = f.id)"
    );
    let row = transaction.query_one_raw(database.statement(&count, values())).await?;
    let row = row.ok_or_else(|| Error::internal("nothing was counted"))?;
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?))
}

/// What it turns out to be, and as what it goes out.
type Judged = (Nature, MediaKind);

async fn take<E: Display>(
    installation: &Installation,
    viewer: &Viewer,
    (row, asked): (&media_file::Model, Option<MediaKind>),
    (source, receiving): (impl Stream<Item = std::result::Result<Bytes, E>> + Unpin, Receiving),
) -> Result<Taken<Judged>> {
    let key = row.storage_key.as_deref().unwrap_or_default();
    let judge = |head: &[u8]| judge(installation, viewer, head, (asked, row.mime_type.as_deref()));
    let media = &installation.media;
    let taken = take_in((&media.store, key), source, receiving.pause, judge).await;
    let taken = taken.map_err(|failure| match failure {
        Untaken::Refused(error) | Untaken::Store(error) => error,
        Untaken::TooLarge { .. } => Refusal::FileTooLarge.into(),
        Untaken::Empty => Refusal::FileEmpty.into(),
        Untaken::Broken(_) => Refusal::FileIncomplete.into(),
    })?;
    let Some(scanner) = &media.scanner else { return Ok(taken) };
    match scanner.look_through(&media.store, key).await {
        Ok(Verdict::Clean) => Ok(taken),
        Ok(Verdict::Infected) => {
            raise_infected(installation.database.writer(), installation, row).await?;
            Err(Refusal::FileInfected.into())
        }
        Err(error) => {
            tracing::error!(%error, "a file that was handed in could not be looked through");
            Err(Refusal::ScannerFailed.into())
        }
    }
}

/// Looks whether WhatsApp takes such a file, and whether this viewer may send it.
fn judge(
    installation: &Installation,
    viewer: &Viewer,
    head: &[u8],
    (asked, told): (Option<MediaKind>, Option<&str>),
) -> Result<(Judged, u64)> {
    let nature = Nature::of(head, told);
    let natural = natural_kind(&nature.mime).ok_or(Refusal::FileTypeNotTaken)?;
    let kind = asked.unwrap_or(natural);
    if !fits(kind, &nature.mime) {
        return Err(Refusal::FileNotOfKind.into());
    }
    require(installation, viewer, &[permission(kind)])?;
    if kind == MediaKind::Sticker && nature.size != Some(STICKER) {
        return Err(Refusal::StickerSize.into());
    }
    let most = limit(kind, nature.animated);
    Ok(((nature, kind), most))
}

async fn keep(
    installation: &Installation,
    row: &media_file::Model,
    taken: Taken<Judged>,
) -> Result<media_file::Model> {
    let (nature, kind) = taken.judgement;
    let now = installation.clock.now();
    let kept = media_file::Model {
        kind,
        state: MediaState::Stored,
        detected_type: Some(nature.mime),
        animated: nature.animated,
        bytes: Some(i64::try_from(taken.bytes).map_err(Error::internal)?),
        digest: Some(taken.digest),
        stored_at: Some(now),
        ..row.clone()
    };
    let sql = "UPDATE media_files SET kind = $3, state = 'stored', detected_type = $4, animated = $5, bytes = $6, digest = $7, \
               stored_at = $8 WHERE workspace_id = $1 AND id = $2 AND state = 'receiving'";
    let values: [Value; 8] = [
        kept.workspace_id.0.into(),
        kept.id.0.into(),
        kind.to_value().into(),
        kept.detected_type.clone().into(),
        kept.animated.into(),
        kept.bytes.into(),
        kept.digest.clone().into(),
        now.0.into(),
    ];
    let database = &installation.database;
    if database.writer().execute_raw(database.statement(sql, values)).await?.rows_affected() == 1 {
        return Ok(kept);
    }
    // It took so long that it was taken for left.
    if let Some(key) = &row.storage_key {
        queue_removal(database.writer(), installation, key).await?;
    }
    Err(Refusal::FileIncomplete.into())
}

/// Tells administrators that something harmful came, or was to go out. Many on one number, or from one of them, are one alert.
pub(crate) async fn raise_infected(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    file: &media_file::Model,
) -> Result<()> {
    let (origin, source) = match file.origin {
        MediaOrigin::Meta => ("inbound", file.channel_id.map(|channel| channel.to_string())),
        MediaOrigin::Upload => {
            let member = file.uploader_id.map(|member| member.to_string());
            ("upload", member.or_else(|| file.uploader_key_id.map(|key| key.to_string())))
        }
    };
    let raised = Raised {
        workspace_id: file.workspace_id,
        kind: AlertKind::FileInfected,
        cause: source.unwrap_or_else(|| file.id.to_string()),
        severity: AlertSeverity::Warning,
        channel_id: file.channel_id,
        details: Details::from([("origin".to_owned(), origin.to_owned())]),
    };
    alert::raise(connection, (&installation.database, &installation.clock), raised).await
}

/// A file that this viewer handed in, to go out as such. What is not theirs is not there.
pub async fn for_sending(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    id: MediaFileId,
    kind: MediaKind,
) -> Result<media_file::Model> {
    let found = media_file::Entity::find_by_id((viewer.workspace_id, id)).one(connection).await?;
    let file = found.filter(|file| file.origin == MediaOrigin::Upload && is_of(file, viewer));
    let file = file.ok_or(Error::NotFound)?;
    if file.state != MediaState::Stored {
        return Err(Refusal::FileNotReady.into());
    }
    if !fits(kind, file.detected_type.as_deref().unwrap_or_default()) {
        return Err(Refusal::FileNotOfKind.into());
    }
    let most = limit(kind, file.animated);
    if file.bytes.is_none_or(|bytes| bytes.unsigned_abs() > most) {
        return Err(Refusal::FileTooLarge.into());
    }
    Ok(file)
}

fn is_of(file: &media_file::Model, viewer: &Viewer) -> bool {
    match viewer.principal {
        Principal::Member(session) => file.uploader_id == Some(session.member_id),
        Principal::ApiKey(key) => file.uploader_key_id == Some(key),
    }
}

/// Binds a file to a message that carries it, in the message's transaction: from now on it stays, and whoever reads the
/// message may read it.
pub async fn attach(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    file: &media_file::Model,
    message: MessageId,
) -> Result<()> {
    // The row is taken first, so that it is not removed as unused meanwhile.
    let sql =
        "UPDATE media_files SET state = 'stored' WHERE workspace_id = $1 AND id = $2 AND state = 'stored'";
    let values = [file.workspace_id.0.into(), file.id.0.into()];
    let statement = installation.database.statement(sql, values);
    if transaction.execute_raw(statement).await?.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    let link =
        message_file::Model { workspace_id: file.workspace_id, message_id: message, media_file_id: file.id };
    message_file::Entity::insert(link.into_active_model())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

/// The files of messages. The caller has these from conversations that its viewer reads whole.
pub async fn of_messages(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    messages: &[MessageId],
) -> Result<HashMap<MessageId, media_file::Model>> {
    let links = message_file::Entity::find()
        .filter(message_file::Column::WorkspaceId.eq(workspace))
        .filter(message_file::Column::MessageId.is_in(messages.iter().copied()))
        .all(connection)
        .await?;
    let files = media_file::Entity::find()
        .filter(media_file::Column::WorkspaceId.eq(workspace))
        .filter(media_file::Column::Id.is_in(links.iter().map(|link| link.media_file_id)))
        .all(connection)
        .await?;
    let files: HashMap<_, _> = files.into_iter().map(|file| (file.id, file)).collect();
    let of = |link: &message_file::Model| {
        files.get(&link.media_file_id).map(|file| (link.message_id, file.clone()))
    };
    Ok(links.iter().filter_map(of).collect())
}
