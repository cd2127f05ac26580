//! A file that a message carries.

use std::sync::Arc;

use async_graphql::{Context, Enum};
use portaria_domain::media;
use portaria_domain::message::content::{self, MediaKind as File};
use portaria_entity::id::MessageId;
use portaria_entity::media_file;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::media_file::{MediaReason, MediaState};
use crate::graphql::time::DateTime;
use crate::media::in_base64;
use crate::request::Request;

/// What kind of file.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "File")]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A document.
    Document,
    /// A sound; recorded in the conversation if `voice`.
    Audio,
    /// A sticker.
    Sticker,
}

pub struct MediaContent {
    /// As the message tells of it.
    told: content::Media,
    caption: Option<String>,
    message_id: MessageId,
}

impl MediaContent {
    pub(super) fn new(told: content::Media, caption: Option<String>, message_id: MessageId) -> Self {
        Self { told, caption, message_id }
    }

    /// The file itself; none of what came before files were fetched.
    async fn file(&self, ctx: &Context<'_>) -> Result<Option<Arc<media_file::Model>>> {
        Request::of(ctx).loaders()?.details.files.load(self.message_id).await
    }
}

/// A file. Portaria fetches it from Meta, keeps it, and gives it out by `url`.
#[guarded]
impl MediaContent {
    /// What kind of file it is.
    #[authenticated]
    fn kind(&self) -> MediaKind {
        self.told.kind.into()
    }

    /// Meta's id of the file; null for what was handed in here.
    #[authenticated]
    fn media_id(&self) -> Option<&str> {
        self.told.id.as_deref()
    }

    /// Where it is. Null for what came before Portaria fetched files.
    #[authenticated]
    async fn state(&self, ctx: &Context<'_>) -> Result<Option<MediaState>> {
        Ok(self.file(ctx).await?.map(|file| file.state.into()))
    }

    /// Why it is not there, or not yet; null where nothing is the matter.
    #[authenticated]
    async fn reason(&self, ctx: &Context<'_>) -> Result<Option<MediaReason>> {
        Ok(self.file(ctx).await?.and_then(|file| file.reason).map(Into::into))
    }

    /// The file, for whoever asks here, and for two minutes (as configured): show it, play it, or save it by this address, which
    /// needs no other sign-in. It stops working as soon as the asker may not read the message any more. Null unless `state` is
    /// AVAILABLE. Parts of it may be asked for by `Range`.
    #[authenticated]
    async fn url(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let Some(file) = self.file(ctx).await? else { return Ok(None) };
        if file.state != media_file::MediaState::Stored {
            return Ok(None);
        }
        let request = Request::of(ctx);
        let (url, _) = media::link(&request.installation, request.viewer()?, self.message_id, file.id)?;
        Ok(Some(url))
    }

    /// How many bytes it has; null while that is not known.
    #[authenticated]
    async fn bytes(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        let file = self.file(ctx).await?;
        Ok(file.and_then(|file| file.bytes).and_then(|bytes| bytes.try_into().ok()))
    }

    /// Its media type, as its content shows it, else as its sender told: `image/jpeg`.
    #[authenticated]
    async fn mime_type(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let seen = self.file(ctx).await?.and_then(|file| file.detected_type.clone());
        Ok(seen.or_else(|| self.told.mime_type.clone()))
    }

    /// SHA-256 of the file, in base64.
    #[authenticated]
    async fn sha256(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let found = self.file(ctx).await?.and_then(|file| in_base64(file.digest.as_deref()?));
        Ok(found.or_else(|| self.told.sha256.clone()))
    }

    /// What its sender called it, without what could mislead; documents only.
    #[authenticated]
    fn filename(&self) -> Option<String> {
        self.told.filename.as_deref().and_then(media::harmless)
    }

    /// What its sender wrote under it.
    #[authenticated]
    fn caption(&self) -> Option<&str> {
        self.caption.as_deref()
    }

    /// Whether it was spoken into the conversation.
    #[authenticated]
    fn voice(&self) -> bool {
        self.told.voice
    }

    /// Whether the sticker moves.
    #[authenticated]
    fn animated(&self) -> bool {
        self.told.animated
    }

    /// Until when Meta keeps it. What Portaria has fetched stays.
    #[authenticated]
    fn expires_at(&self) -> DateTime {
        self.told.expires_at.into()
    }
}
