//! Message templates.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID};
use futures_util::future::try_join_all;
use portaria_domain::permission::PermissionSet;
use portaria_domain::template::authority::TemplateRow;
use portaria_domain::template::definition::Definition;
use portaria_domain::template::standing::{Usability, usability};
use portaria_domain::template::version;
use portaria_domain::viewer::Viewer;
use portaria_entity::id::{ChannelId, TemplateId};
use portaria_entity::template::{Model, TemplateStatus as Status};
use portaria_guard::guarded;
use uuid::Uuid;

use super::ability::TemplateAbilities;
use super::channel::Channel;
use super::connection::{Connection, PageSize, decode_cursor, encode_cursor};
use super::template_definition::TemplateDefinition;
use super::template_preview::TemplatePreview;
use super::template_values::TemplateValuesInput;
use super::template_version::{TemplateSubmission, TemplateVersion, version_cursor};
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

/// What Meta says of a template's use.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Status")]
pub enum TemplateStatus {
    /// Meta looks at it.
    Pending,
    /// It may be sent.
    Approved,
    /// Meta refused it: `reason`.
    Rejected,
    /// Customers liked it too little; it may be sent again after a while.
    Paused,
    /// It may not be sent any more.
    Disabled,
    /// Its quality is low: it may be paused soon.
    Flagged,
    /// Meta looks at it again.
    InAppeal,
    /// The account has too many templates.
    LimitExceeded,
    /// It can be neither sent nor edited.
    Locked,
    /// It was put aside.
    Archived,
    /// It will be deleted.
    PendingDeletion,
    /// It was deleted.
    Deleted,
}

/// Whether a template may be sent.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum TemplateUsability {
    /// It may.
    Usable,
    /// It may, and will be paused if customers go on liking it so little.
    LowQuality,
    /// Meta does not have it yet.
    NotSubmitted,
    /// Meta has not decided yet.
    Undecided,
    /// Meta refused it.
    Rejected,
    /// It may again after a while: `pausedUntil`.
    Paused,
    /// It may not any more.
    Disabled,
    /// It is put aside, deleted, or about to be.
    Gone,
}

pub struct Template(pub Arc<TemplateRow>);

impl From<TemplateRow> for Template {
    fn from(row: TemplateRow) -> Self {
        Self(row.into())
    }
}

impl Template {
    pub fn cursor(&self) -> String {
        encode_cursor(&[self.row().id.0.as_bytes()])
    }

    fn row(&self) -> &Model {
        &self.0.row
    }
}

pub fn template_cursor(cursor: &str) -> Result<TemplateId> {
    let bytes: [u8; 16] = decode_cursor(cursor)?;
    Ok(TemplateId(Uuid::from_bytes(bytes)))
}

impl Subject for Template {
    /// What is held for all numbers of its account; and that it may be seen, for it came from the finder.
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.0.held
    }
}

/// A message template of a WhatsApp Business account: as Meta last told of it, and what was written of it here.
#[guarded]
impl Template {
    /// Starts with `tmpl_`.
    #[authenticated]
    async fn id(&self) -> ID {
        self.row().id.into()
    }

    /// Meta's id of it; null until Meta has it.
    #[requires(TemplateRead)]
    fn meta_id(&self) -> Option<&str> {
        self.row().meta_id.as_deref()
    }

    /// Its name; null if neither Meta nor somebody here has told it.
    #[requires(TemplateRead)]
    fn name(&self) -> Option<&str> {
        self.row().name.as_deref()
    }

    /// Its language, as WhatsApp writes it: `pt_BR`.
    #[requires(TemplateRead)]
    fn language(&self) -> Option<&str> {
        self.row().language.as_deref()
    }

    /// Whether it may be sent; null until Meta has told it.
    #[requires(TemplateRead)]
    fn status(&self) -> Option<TemplateStatus> {
        self.row().status.map(Into::into)
    }

    /// Why it is as it is, in Meta's words; null where Meta does not say.
    #[requires(TemplateRead)]
    fn reason(&self) -> Option<&str> {
        self.row().reason.as_deref()
    }

    /// `MARKETING`, `UTILITY`, `AUTHENTICATION`; new ones may appear.
    #[requires(TemplateRead)]
    fn category(&self) -> Option<&str> {
        self.row().category.as_deref()
    }

    /// Into which category Meta will put it within 24 hours; null if into none.
    #[requires(TemplateRead)]
    fn coming_category(&self) -> Option<&str> {
        self.row().coming_category.as_deref()
    }

    /// How customers like it: `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    #[requires(TemplateRead)]
    fn quality(&self) -> Option<&str> {
        self.row().quality.as_deref()
    }

    /// Its parts in JSON, as Meta last told them: an object of what changed by a webhook, a list of all by a reading. `definition` says
    /// the same in a form that can be gone by.
    #[requires(TemplateRead)]
    fn components_json(&self) -> Option<&str> {
        self.row().components.as_deref()
    }

    /// Of when its status is, by Meta's clock.
    #[requires(TemplateRead)]
    fn status_at(&self) -> Option<DateTime> {
        self.row().status_at.map(Into::into)
    }

    /// Whether it may be sent.
    #[requires(TemplateRead)]
    fn usability(&self) -> TemplateUsability {
        match usability(self.row()) {
            Usability::Usable => TemplateUsability::Usable,
            Usability::LowQuality => TemplateUsability::LowQuality,
            Usability::NotSubmitted => TemplateUsability::NotSubmitted,
            Usability::Undecided => TemplateUsability::Undecided,
            Usability::Rejected => TemplateUsability::Rejected,
            Usability::Paused { .. } => TemplateUsability::Paused,
            Usability::Disabled => TemplateUsability::Disabled,
            Usability::Gone => TemplateUsability::Gone,
        }
    }

    /// Until when Meta has paused it; null where it is not paused, or Meta has not said for how long.
    #[requires(TemplateRead)]
    fn paused_until(&self) -> Option<DateTime> {
        match usability(self.row()) {
            Usability::Paused { until } => until.map(Into::into),
            _ => None,
        }
    }

    /// What it says at Meta; null until Meta has it, or has told. What was written since is in `latestVersion`.
    #[requires(TemplateRead)]
    fn definition(&self) -> Result<Option<TemplateDefinition>> {
        let told = self.row().definition.as_deref().map(Definition::from_json).transpose()?;
        Ok(told.map(TemplateDefinition))
    }

    /// What a customer would see with these values, and with the examples where none is given; null until Meta has told what it
    /// says.
    #[requires(TemplateRead)]
    fn preview(
        &self,
        #[graphql(desc = "What it is filled with; the examples if not said.")] values: Option<
            TemplateValuesInput,
        >,
    ) -> Result<Option<TemplatePreview>> {
        let values = values.unwrap_or_default().into_values()?;
        let told = self.row().definition.as_deref().map(Definition::from_json).transpose()?;
        Ok(told.map(|definition| TemplatePreview::new(&definition, &values)))
    }

    /// What was written last of it here; null where nothing was.
    #[requires(TemplateWrite, TemplateApprove)]
    async fn latest_version(&self, ctx: &Context<'_>) -> Result<Option<TemplateVersion>> {
        let found = Request::of(ctx).loaders()?.templates.latest(self.row().id).await?;
        Ok(found.map(|row| TemplateVersion { row, held: self.0.held }))
    }

    /// All that was written of it here, the last first. At most 100 a page.
    #[requires(TemplateWrite, TemplateApprove)]
    async fn versions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from 0 to 100; 50 if not said.")] first: Option<i32>,
        #[graphql(desc = "Cursor behind which to go on: `pageInfo.endCursor` of the page before.")]
        after: Option<String>,
    ) -> Result<Connection<TemplateVersion>> {
        let size = PageSize::new(first)?;
        let before = after.as_deref().map(version_cursor).transpose()?;
        let reader = Request::of(ctx).installation.database.reader();
        let place = (self.row().workspace_id, self.row().id);
        let rows = version::page(reader, place, before, size.limit()).await?;
        let versions = rows.into_iter().map(|row| TemplateVersion { row: row.into(), held: self.0.held });
        Ok(Connection::new(size, versions.collect(), TemplateVersion::cursor))
    }

    /// What was done last with it at Meta, or is to be; null where nothing was.
    #[requires(TemplateWrite, TemplateApprove)]
    async fn submission(&self, ctx: &Context<'_>) -> Result<Option<TemplateSubmission>> {
        let found = Request::of(ctx).loaders()?.templates.submission(self.row().id).await?;
        Ok(found.map(|row| TemplateSubmission { row, held: self.0.held }))
    }

    /// What to send in its place when it may not be sent; null if nothing was named.
    #[requires(TemplateRead)]
    async fn alternative(&self, ctx: &Context<'_>) -> Result<Option<Template>> {
        let loaders = &Request::of(ctx).loaders()?.templates;
        match loaders.alternative(self.row().id).await? {
            Some(set) => Ok(loaders.template(set.alternative_id).await?.map(Template)),
            None => Ok(None),
        }
    }

    /// The numbers of its account.
    #[requires(TemplateRead)]
    async fn account_channels(&self, ctx: &Context<'_>) -> Result<Vec<Channel>> {
        channels(ctx, self.0.channels.iter().copied()).await
    }

    /// The numbers that it may be sent from: all of its account, unless it is held to some.
    #[requires(TemplateRead)]
    async fn channels(&self, ctx: &Context<'_>) -> Result<Vec<Channel>> {
        let held = Request::of(ctx).loaders()?.templates.channels(self.row().id).await?;
        if held.is_empty() {
            return channels(ctx, self.0.channels.iter().copied()).await;
        }
        channels(ctx, held.iter().map(|held| held.channel_id)).await
    }

    /// What the viewer may do with it now.
    #[authenticated]
    fn viewer_can(&self) -> TemplateAbilities {
        TemplateAbilities(self.0.clone())
    }

    /// When it became known here.
    #[requires(TemplateRead)]
    fn created_at(&self) -> DateTime {
        self.row().created_at.into()
    }
}

async fn channels(ctx: &Context<'_>, ids: impl Iterator<Item = ChannelId>) -> Result<Vec<Channel>> {
    let loaders = Request::of(ctx).loaders()?;
    let found = try_join_all(ids.map(|id| loaders.channel(id))).await?;
    Ok(found.into_iter().flatten().map(Channel).collect())
}
