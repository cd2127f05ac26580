//! A file that came with a message or is to go out with one: what is known of it, and where its bytes are.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{ApiKeyId, ChannelId, MediaFileId, MemberId, WorkspaceId};
use crate::time::Timestamp;

/// As what WhatsApp shows it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MediaKind {
    Image,
    Video,
    Document,
    Audio,
    Sticker,
}

/// From where it came.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MediaOrigin {
    /// Meta keeps it, and told of it.
    Meta,
    /// Somebody of the company handed it in, to be sent.
    Upload,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MediaState {
    /// It is to be fetched, or is being fetched.
    Wanted,
    /// It is being handed in.
    Receiving,
    /// It is there, and is to be looked through.
    Scanning,
    /// It is there, and may be served.
    Stored,
    /// It is not kept.
    Refused,
    /// It could not be fetched while Meta had it.
    Lost,
}

/// Why it is not there (yet).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MediaReason {
    /// The number has no access token.
    NoToken,
    /// Meta does not take the number's token, or has restricted the account.
    TokenRefused,
    /// Meta does not answer, or not as it should.
    Unreachable,
    /// Meta asks for patience.
    RateLimited,
    /// Portaria's own store does not take it.
    StoreFailed,
    /// The command that looks through files does not work.
    ScanFailed,
    /// Meta does not have it, or not any more.
    Gone,
    /// It is larger than may be.
    TooLarge,
    /// There is nothing in it.
    Empty,
    /// What came is not what was told.
    Altered,
    /// It is harmful.
    Infected,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "media_files")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MediaFileId,
    pub origin: MediaOrigin,
    /// The number that it came to, whose token fetches it.
    pub channel_id: Option<ChannelId>,
    pub kind: MediaKind,
    pub state: MediaState,
    pub reason: Option<MediaReason>,
    /// Meta's id of it.
    pub meta_id: Option<String>,
    /// Its type as it was told.
    pub mime_type: Option<String>,
    /// Its name as it was told. Not to be used as the name of a file.
    pub filename: Option<String>,
    /// SHA-256 as it was told, in whatever form.
    pub sha256: Option<String>,
    /// Its type as its content shows it.
    pub detected_type: Option<String>,
    /// Whether it is a sticker that moves.
    pub animated: bool,
    pub bytes: Option<i64>,
    /// SHA-256 of its bytes, in hexadecimals.
    pub digest: Option<String>,
    /// What it is called in the store; another name at each attempt.
    pub storage_key: Option<String>,
    pub attempts: i32,
    pub next_attempt_at: Timestamp,
    pub leased_until: Option<Timestamp>,
    /// Of Meta's: until when it can be fetched. Of an upload: until when it waits to be sent.
    pub expires_at: Timestamp,
    pub uploader_id: Option<MemberId>,
    pub uploader_key_id: Option<ApiKeyId>,
    pub created_at: Timestamp,
    pub stored_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
