//! Guidelines.

use std::collections::HashMap;

use async_graphql::{Context, ID};
use portaria_domain::guideline::{GuidelineCursor, GuidelineRow, acknowledged};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_entity::id::GuidelineId;
use portaria_entity::time::Timestamp;
use portaria_entity::{guideline_acknowledgement, guideline_version};
use portaria_guard::guarded;
use uuid::Uuid;

use super::ability::GuidelineAbilities;
use super::connection::{decode_cursor, encode_cursor};
use super::grant::ScopeKind;
use super::guidance::{author, scope};
use super::member::Member;
use super::time::DateTime;
use crate::error::{Problem, Result};
use crate::guard::Subject;
use crate::request::Request;

pub struct Guideline {
    row: GuidelineRow,
    /// When the viewer has read it as it is now.
    acknowledged_at: Option<Timestamp>,
}

impl Guideline {
    /// Puts beside some guidelines when the viewer has read them.
    pub async fn all_of(request: &Request, rows: Vec<GuidelineRow>) -> Result<Vec<Self>> {
        let (reader, viewer) = (request.installation.database.reader(), request.viewer()?);
        let read: HashMap<_, _> = match rows.is_empty() {
            true => HashMap::new(),
            false => acknowledged(reader, viewer, &rows).await?,
        };
        let beside = |row: GuidelineRow| Self { acknowledged_at: read.get(&row.row.id).copied(), row };
        Ok(rows.into_iter().map(beside).collect())
    }

    pub async fn of(request: &Request, row: GuidelineRow) -> Result<Self> {
        Self::all_of(request, vec![row]).await?.pop().ok_or(Problem::Internal)
    }

    pub fn cursor(&self) -> String {
        encode_cursor(&[&self.row.row.position.to_be_bytes(), self.row.row.id.0.as_bytes()])
    }
}

pub fn guideline_cursor(cursor: &str) -> Result<GuidelineCursor> {
    let [a, b, c, d, id @ ..] = decode_cursor::<20>(cursor)?;
    Ok(GuidelineCursor { position: i32::from_be_bytes([a, b, c, d]), id: GuidelineId(Uuid::from_bytes(id)) })
}

impl Subject for Guideline {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.row.held
    }
}

/// How customers are to be answered, in writing.
#[guarded]
impl Guideline {
    /// Starts with `guide_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.row.row.id.into()
    }

    /// What it is about.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn title(&self) -> &str {
        &self.row.row.title
    }

    /// What it says, in Markdown, as it was written. Render it without raw HTML.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn body(&self) -> &str {
        &self.row.row.body
    }

    /// For customers who write in that language; null: in any.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn language(&self) -> Option<&str> {
        self.row.row.language.as_deref()
    }

    /// In whose conversations it holds.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn scope_kind(&self) -> ScopeKind {
        scope((self.row.row.channel_id, self.row.row.team_id)).0
    }

    /// Id of the number or team in whose conversations it holds; null when in all.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn scope_id(&self) -> Option<ID> {
        scope((self.row.row.channel_id, self.row.row.team_id)).1
    }

    /// Its place in lists, the lowest first.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn position(&self) -> i32 {
        self.row.row.position
    }

    /// Grows with each change of what it says; `updateGuideline` and `acknowledgeGuideline` ask for the one that was read.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn version(&self) -> i32 {
        self.row.row.version
    }

    /// When the viewer has said that they have read it, as it is now; null when they have yet to.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn acknowledged_at(&self) -> Option<DateTime> {
        self.acknowledged_at.map(Into::into)
    }

    /// When it was last changed.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn updated_at(&self) -> DateTime {
        self.row.row.updated_at.into()
    }

    /// Who last changed it; null when a program did.
    #[requires(QuickReplyManage)]
    async fn updated_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        author(ctx, self.row.row.updated_by).await
    }

    /// Since when it is out of force; null while it is in force.
    #[requires(QuickReplyRead, QuickReplyManage)]
    fn archived_at(&self) -> Option<DateTime> {
        self.row.row.archived_at.map(Into::into)
    }

    /// What the viewer may do with it now.
    #[authenticated]
    fn viewer_can(&self) -> GuidelineAbilities {
        GuidelineAbilities(self.row.clone())
    }
}

pub struct GuidelineVersion {
    pub row: guideline_version::Model,
    pub held: PermissionSet,
}

impl Subject for GuidelineVersion {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// A guideline as it was in force from some time on.
#[guarded]
impl GuidelineVersion {
    /// Which version it is, from 1.
    #[requires(QuickReplyManage)]
    fn version(&self) -> i32 {
        self.row.version
    }

    /// What it was about.
    #[requires(QuickReplyManage)]
    fn title(&self) -> &str {
        &self.row.title
    }

    /// What it said, in Markdown.
    #[requires(QuickReplyManage)]
    fn body(&self) -> &str {
        &self.row.body
    }

    /// Whether it changed nothing that matters, so that nobody had to read it again.
    #[requires(QuickReplyManage)]
    fn minor(&self) -> bool {
        self.row.is_minor
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

pub struct GuidelineReaders {
    pub found: portaria_domain::guideline::Acknowledgements,
    pub held: PermissionSet,
}

impl Subject for GuidelineReaders {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// Who has read a guideline as it is now, and who has not.
#[guarded]
impl GuidelineReaders {
    /// Who has, the first to have read first.
    #[requires(QuickReplyManage)]
    fn read(&self) -> Vec<GuidelineAcknowledgement> {
        let one = |row: &guideline_acknowledgement::Model| GuidelineAcknowledgement {
            row: row.clone(),
            held: self.held,
        };
        self.found.read.iter().map(one).collect()
    }

    /// Who may read it and has not said that they have.
    #[requires(QuickReplyManage)]
    async fn awaited(&self, ctx: &Context<'_>) -> Result<Vec<Member>> {
        let loaders = Request::of(ctx).loaders()?;
        let all = self.found.awaited.iter().map(|member| loaders.member(*member));
        let all = futures_util::future::try_join_all(all).await?;
        Ok(all.into_iter().flatten().map(Member).collect())
    }
}

pub struct GuidelineAcknowledgement {
    row: guideline_acknowledgement::Model,
    held: PermissionSet,
}

impl Subject for GuidelineAcknowledgement {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// That somebody has read a guideline, by their own word.
#[guarded]
impl GuidelineAcknowledgement {
    /// Who.
    #[requires(QuickReplyManage)]
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        author(ctx, Some(self.row.member_id)).await
    }

    /// Which version they read.
    #[requires(QuickReplyManage)]
    fn version(&self) -> i32 {
        self.row.version
    }

    /// When they said so.
    #[requires(QuickReplyManage)]
    fn acknowledged_at(&self) -> DateTime {
        self.row.acknowledged_at.into()
    }
}
