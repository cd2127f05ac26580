//! Who may read a file: whoever may read a message that carries it, asked again at each use of a link.

use portaria_entity::id::{ConversationId, WorkspaceId};
use portaria_entity::media_file::{self, MediaState};
use portaria_entity::time::Timestamp;
use portaria_entity::{api_key, message, message_file, session};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::link::{Holder, Link};
use super::name::harmless;
use super::nature::is_safe;
use crate::access::Reading;
use crate::authentication::Origin;
use crate::conversation::{ConversationRow, find};
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::permission::{Permission, PermissionSet};
use crate::token::TokenHash;
use crate::viewer::Use;

/// A file that may be read.
#[derive(Clone, Debug)]
pub struct Opened {
    pub storage_key: String,
    pub bytes: u64,
    /// The type, where a browser may be told.
    pub safe_type: Option<String>,
    /// Whether it may be shown in a page; else it is saved.
    pub inline: bool,
    /// Under which name it is saved.
    pub name: String,
}

/// Opens what a link leads to. Whatever stands against it, there is no such file.
pub async fn open(installation: &Installation, token: &str, origin: &Origin) -> Result<Opened> {
    let link = Link::from_token(token, &installation.keys).ok_or(Error::NotFound)?;
    let now = installation.clock.now();
    if link.until <= now {
        return Err(Refusal::LinkExpired.into());
    }
    let hash = token_of(installation, link.workspace_id, link.holder).await?.ok_or(Error::NotFound)?;
    // A page that loads its pictures by itself keeps no session from lying idle.
    let viewer = installation.viewers.resolve_from(hash, origin, Use::DoesNotCount).await?;
    let viewer = viewer.filter(|viewer| viewer.workspace_id == link.workspace_id).ok_or(Error::NotFound)?;
    let reader = installation.database.reader();
    let message = message::Entity::find_by_id((link.workspace_id, link.message_id))
        .select_only()
        .columns([message::Column::ConversationId, message::Column::RevokedAt, message::Column::Kind])
        .into_tuple::<(ConversationId, Option<Timestamp>, String)>()
        .one(reader)
        .await?;
    let (conversation, revoked_at, kind) = message.ok_or(Error::NotFound)?;
    let row: ConversationRow = find(reader, &viewer, conversation).await?;
    if row.reading != Reading::Whole || revoked_at.is_some() {
        return Err(Error::NotFound);
    }
    let needed = PermissionSet::of(&[Permission::MessageRead]);
    viewer.require(row.held, needed, now).map_err(|_| Error::NotFound)?;
    let carries = message_file::Entity::find_by_id((link.workspace_id, link.message_id)).one(reader).await?;
    carries.filter(|carries| carries.media_file_id == link.file_id).ok_or(Error::NotFound)?;
    let file = media_file::Entity::find_by_id((link.workspace_id, link.file_id)).one(reader).await?;
    opened(file.ok_or(Error::NotFound)?, &kind)
}

/// The token of a session or key as it is now: proving anew who one is gives a session another.
async fn token_of(
    installation: &Installation,
    workspace: WorkspaceId,
    holder: Holder,
) -> Result<Option<TokenHash>> {
    let reader = installation.database.reader();
    let hash: Option<Vec<u8>> = match holder {
        Holder::Session(id) => {
            session::Entity::find_by_id((workspace, id))
                .filter(session::Column::EndedAt.is_null())
                .select_only()
                .column(session::Column::TokenHash)
                .into_tuple()
                .one(reader)
                .await?
        }
        Holder::ApiKey(id) => {
            api_key::Entity::find_by_id((workspace, id))
                .select_only()
                .column(api_key::Column::TokenHash)
                .into_tuple()
                .one(reader)
                .await?
        }
    };
    Ok(hash.and_then(|hash| hash.try_into().ok()).map(TokenHash))
}

/// A file as what it was sent: the same may have gone out as a picture and as a document.
fn opened(file: media_file::Model, kind: &str) -> Result<Opened> {
    let (MediaState::Stored, Some(storage_key), Some(bytes)) = (file.state, file.storage_key, file.bytes)
    else {
        return Err(Error::NotFound);
    };
    let safe_type = file.detected_type.filter(|mime| is_safe(mime));
    // What says that it is a picture and is something else is saved, not shown; and so is every document.
    let inline = safe_type.as_deref().is_some_and(|mime| is_as_told(kind, mime));
    let name = file.filename.as_deref().and_then(harmless).unwrap_or_else(|| {
        match safe_type.as_deref().and_then(ending) {
            Some(ending) => format!("{kind}.{ending}"),
            None => kind.to_owned(),
        }
    });
    Ok(Opened { storage_key, bytes: bytes.unsigned_abs(), safe_type, inline, name })
}

fn is_as_told(kind: &str, mime: &str) -> bool {
    match kind {
        "image" | "sticker" => mime.starts_with("image/"),
        "video" => mime.starts_with("video/"),
        "audio" => mime.starts_with("audio/") || mime == "video/mp4",
        _ => false,
    }
}

fn ending(mime: &str) -> Option<&'static str> {
    Some(match mime {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/webp" => "webp",
        "image/gif" => "gif",
        "audio/aac" => "aac",
        "audio/mp4" => "m4a",
        "audio/mpeg" => "mp3",
        "audio/amr" => "amr",
        "audio/ogg" => "ogg",
        "video/mp4" => "mp4",
        "video/3gpp" => "3gp",
        _ => return None,
    })
}
