//! Quick replies.

use async_graphql::{Context, Enum, ID};
use portaria_domain::permission::PermissionSet;
use portaria_domain::quick_reply::{self as domain, Content, QuickReplyRow};
use portaria_domain::viewer::Viewer;
use portaria_entity::id::QuickReplyId;
use portaria_entity::quick_reply_version;
use portaria_guard::guarded;
use uuid::Uuid;

use super::ability::QuickReplyAbilities;
use super::connection::{decode_cursor, encode_cursor};
use super::grant::ScopeKind;
use super::guidance::{author, scope};
use super::member::Member;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;

/// What may be put into a placeholder.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::PlaceholderKind")]
pub enum QuickReplyPlaceholderKind {
    /// A few words on one line: letters, at most four digits, and `' - . , ( ) & º ª ° ! ?`. Nothing that reads as a link, an
    /// address or a handle.
    Text,
    /// Digits, with at most two decimals behind a comma or point.
    Number,
    /// A day, given as `2026-11-30`; it goes out as it is written in the language of the text.
    Date,
    /// A time of day, given as `14:30`.
    Time,
    /// One of `choices`, as it stands there.
    Choice,
}

pub struct QuickReply(pub QuickReplyRow);

impl From<QuickReplyRow> for QuickReply {
    fn from(row: QuickReplyRow) -> Self {
        Self(row)
    }
}

impl QuickReply {
    pub fn cursor(&self) -> String {
        encode_cursor(&[self.0.row.id.0.as_bytes()])
    }
}

pub fn quick_reply_cursor(cursor: &str) -> Result<QuickReplyId> {
    let bytes: [u8; 16] = decode_cursor(cursor)?;
    Ok(QuickReplyId(Uuid::from_bytes(bytes)))
}

impl Subject for QuickReply {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.0.held
    }
}

/// A text that was approved beforehand, for who may not write freely, and for who would rather not type. Send it as it is, or
/// with its placeholders filled in: `previewQuickReply` shows how it would go out.
#[guarded]
impl QuickReply {
    /// Starts with `reply_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.0.row.id.into()
    }

    /// What agents find it by.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn title(&self) -> &str {
        &self.0.row.title
    }

    /// What it is called up by behind a slash: `frete` for `/frete`; null when by nothing. In one conversation two may have the
    /// same, one of them for all and one for its number or team: show the narrower first.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn shortcut(&self) -> Option<&str> {
        self.0.row.shortcut.as_deref()
    }

    /// Under which heading it stands; null when under none.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn folder(&self) -> Option<&str> {
        self.0.row.folder.as_deref()
    }

    /// In whose conversations it is offered.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn scope_kind(&self) -> ScopeKind {
        scope((self.0.row.channel_id, self.0.row.team_id)).0
    }

    /// Id of the number or team in whose conversations it is offered; null when in all.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn scope_id(&self) -> Option<ID> {
        scope((self.0.row.channel_id, self.0.row.team_id)).1
    }

    /// What it says, by language.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn translations(&self) -> Vec<QuickReplyTranslation> {
        QuickReplyTranslation::all_of(&self.0.content, self.0.held)
    }

    /// What the agent fills in, in every language the same.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn placeholders(&self) -> Vec<QuickReplyPlaceholder> {
        QuickReplyPlaceholder::all_of(&self.0.content, self.0.held)
    }

    /// Grows with each change; `updateQuickReply` asks for the one that was read.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn version(&self) -> i32 {
        self.0.row.version
    }

    /// When it was first written.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn created_at(&self) -> DateTime {
        self.0.row.created_at.into()
    }

    /// Who first wrote it; null when a program did.
    #[requires(QuickReplyManage)]
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        author(ctx, self.0.row.created_by).await
    }

    /// When it was last changed.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn updated_at(&self) -> DateTime {
        self.0.row.updated_at.into()
    }

    /// Who last changed it; null when a program did.
    #[requires(QuickReplyManage)]
    async fn updated_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        author(ctx, self.0.row.updated_by).await
    }

    /// Since when it is not offered any more; null while it is.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn archived_at(&self) -> Option<DateTime> {
        self.0.row.archived_at.map(Into::into)
    }

    /// What the viewer may do with it now.
    #[authenticated]
    fn viewer_can(&self) -> QuickReplyAbilities {
        QuickReplyAbilities(self.0.clone())
    }
}

pub struct QuickReplyTranslation {
    translation: domain::Translation,
    held: PermissionSet,
}

impl QuickReplyTranslation {
    fn all_of(content: &Content, held: PermissionSet) -> Vec<Self> {
        content.translations.iter().map(|one| Self { translation: one.clone(), held }).collect()
    }
}

impl Subject for QuickReplyTranslation {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// What a quick reply says in one language.
#[guarded]
impl QuickReplyTranslation {
    /// E.g. `pt-BR`, or `es`.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn language(&self) -> &str {
        &self.translation.language
    }

    /// The text. `{{name}}` is filled in by the agent; `{{contact.name}}`, `{{agent.name}}`, `{{channel.name}}` and
    /// `{{workspace.name}}` are by Portaria, and may say what stands there when it is not known: `{{contact.name|customer}}`.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn text(&self) -> &str {
        &self.translation.text
    }
}

pub struct QuickReplyPlaceholder {
    placeholder: domain::Placeholder,
    held: PermissionSet,
}

impl QuickReplyPlaceholder {
    fn all_of(content: &Content, held: PermissionSet) -> Vec<Self> {
        content.placeholders.iter().map(|one| Self { placeholder: one.clone(), held }).collect()
    }
}

impl Subject for QuickReplyPlaceholder {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// What an agent fills in.
#[guarded]
impl QuickReplyPlaceholder {
    /// As it stands in the text, without braces.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn name(&self) -> &str {
        &self.placeholder.name
    }

    /// What to ask the agent for.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn label(&self) -> &str {
        &self.placeholder.label
    }

    /// What may be put in.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn kind(&self) -> QuickReplyPlaceholderKind {
        self.placeholder.kind.into()
    }

    /// How many characters a text or number may have; null of other kinds.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn max_length(&self) -> Option<u32> {
        Some(self.placeholder.max_length).filter(|length| *length > 0)
    }

    /// What can be chosen; empty unless it is a choice.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn choices(&self) -> &[String] {
        &self.placeholder.choices
    }
}

pub struct QuickReplyVersion {
    pub row: quick_reply_version::Model,
    pub content: Content,
    pub held: PermissionSet,
}

impl Subject for QuickReplyVersion {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// A quick reply as it was in force from some time on.
#[guarded]
impl QuickReplyVersion {
    /// Which version it is, from 1.
    #[requires(QuickReplyManage)]
    fn version(&self) -> i32 {
        self.row.version
    }

    /// What agents found it by.
    #[requires(QuickReplyManage)]
    fn title(&self) -> &str {
        &self.row.title
    }

    /// What it was called up by; null when by nothing.
    #[requires(QuickReplyManage)]
    fn shortcut(&self) -> Option<&str> {
        self.row.shortcut.as_deref()
    }

    /// In whose conversations it was offered.
    #[requires(QuickReplyManage)]
    fn scope_kind(&self) -> ScopeKind {
        scope((self.row.channel_id, self.row.team_id)).0
    }

    /// Id of that number or team; null when in all conversations.
    #[requires(QuickReplyManage)]
    fn scope_id(&self) -> Option<ID> {
        scope((self.row.channel_id, self.row.team_id)).1
    }

    /// What it said, by language.
    #[requires(QuickReplyManage)]
    fn translations(&self) -> Vec<QuickReplyTranslation> {
        QuickReplyTranslation::all_of(&self.content, self.held)
    }

    /// What the agent filled in.
    #[requires(QuickReplyManage)]
    fn placeholders(&self) -> Vec<QuickReplyPlaceholder> {
        QuickReplyPlaceholder::all_of(&self.content, self.held)
    }

    /// Since when it was so.
    #[requires(QuickReplyManage)]
    fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }

    /// Who wrote it so; null when a program did.
    #[requires(QuickReplyManage)]
    async fn author(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        author(ctx, self.row.author_id).await
    }
}
