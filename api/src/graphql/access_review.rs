//! Access reviews: campaigns in which reviewers decide about what people and keys hold.

use async_graphql::{Context, Enum, ID, InputObject};
use portaria_domain::access_review::{
    Coverage, ItemFilter, Progress, cancellable, closable, decidable, is_open, items, progress, reviewers_of,
};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_entity::access_review::{Model, ReviewPolicy, ReviewScope};
use portaria_entity::id::{AccessReviewId, MemberId};
use portaria_guard::guarded;
use uuid::Uuid;

use super::ability::Ability;
use super::access_review_item::{AccessReviewItem, AccessReviewOutcome, review_item_cursor};
use super::connection::{Connection, PageSize, decode_cursor, encode_cursor};
use super::id::{parse, parse_optional};
use super::member::Member;
use super::time::DateTime;
use crate::error::{Problem, Result};
use crate::guard::Subject;
use crate::request::Request;

/// What a review asks about.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "ReviewScope")]
pub enum AccessReviewScope {
    /// What everybody and every API key holds, places in teams and eligibility for emergencies included.
    Everybody,
    /// Who holds one role.
    Role,
    /// All that reaches one phone number, from whatever scope.
    Channel,
}

/// What it means that nobody answers by the end.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "ReviewPolicy")]
pub enum AccessReviewPolicy {
    /// The access is taken away; never that of the last administrator, nor what nobody could be asked about.
    Revoke,
    /// The access stays, and administrators are told.
    Tell,
}

/// How far a review has come.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum AccessReviewStatus {
    /// Decisions are taken.
    Open,
    /// Decisions are taken no more, and are being carried out.
    Closing,
    /// It is over, and never changes again.
    Closed,
    /// It was called off: what had not been carried out by then stayed as it was. It never changes again.
    Cancelled,
}

/// What a review shall ask about.
#[derive(InputObject)]
pub struct AccessReviewScopeInput {
    /// Everybody, one role, or one phone number.
    kind: AccessReviewScope,
    /// Which role (`role_...`) or phone number (`chan_...`); none for everybody.
    id: Option<ID>,
}

impl AccessReviewScopeInput {
    pub fn parse(&self) -> Result<Coverage> {
        match (self.kind, &self.id) {
            (AccessReviewScope::Everybody, None) => Ok(Coverage::Everybody),
            (AccessReviewScope::Role, Some(id)) => Ok(Coverage::Role(parse(id)?)),
            (AccessReviewScope::Channel, Some(id)) => Ok(Coverage::Channel(parse(id)?)),
            (AccessReviewScope::Everybody, Some(_)) => {
                Err(Problem::BadUserInput("Everybody has no `id` here.".to_owned()))
            }
            (AccessReviewScope::Role | AccessReviewScope::Channel, None) => {
                Err(Problem::BadUserInput("`id` says which role or phone number.".to_owned()))
            }
        }
    }
}

/// Which items are wanted. What is not said does not narrow.
#[derive(InputObject, Default)]
pub struct AccessReviewItemFilterInput {
    /// `true`: only those that the viewer is asked about.
    #[graphql(default)]
    mine: bool,
    /// `true`: only those that wait for a decision.
    #[graphql(default)]
    undecided: bool,
    /// Only what this member holds (`mem_...`).
    member_id: Option<ID>,
    /// Only those that came to this.
    outcome: Option<AccessReviewOutcome>,
}

impl AccessReviewItemFilterInput {
    fn parse(self, viewer: &Viewer) -> Result<ItemFilter> {
        let reviewer = if self.mine { Some(viewer.session()?.member_id) } else { None };
        Ok(ItemFilter {
            reviewer,
            undecided: self.undecided,
            member: parse_optional(self.member_id.as_ref())?,
            outcome: self.outcome.map(Into::into),
        })
    }
}

pub struct AccessReview(pub Model);

impl From<Model> for AccessReview {
    fn from(row: Model) -> Self {
        Self(row)
    }
}

impl AccessReview {
    pub fn cursor(&self) -> String {
        encode_cursor(&[self.0.id.0.as_bytes()])
    }
}

pub fn access_review_cursor(cursor: &str) -> Result<AccessReviewId> {
    Ok(AccessReviewId(Uuid::from_bytes(decode_cursor(cursor)?)))
}

impl Subject for AccessReview {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// Somebody who may be gone since.
pub async fn member(ctx: &Context<'_>, id: Option<MemberId>) -> Result<Option<Member>> {
    match id {
        Some(id) => Ok(Request::of(ctx).loaders()?.member(id).await?.map(Member)),
        None => Ok(None),
    }
}

/// Some members, in this order.
pub async fn members(ctx: &Context<'_>, ids: Vec<MemberId>) -> Result<Vec<Member>> {
    let loaders = Request::of(ctx).loaders()?;
    let all = ids.into_iter().map(|id| loaders.member(id));
    Ok(futures_util::future::try_join_all(all).await?.into_iter().flatten().map(Member).collect())
}

/// A campaign in which reviewers keep, change or take away what people and keys hold. What is decided is carried out when it
/// closes, and can be taken back until then.
#[guarded]
impl AccessReview {
    /// Starts with `review_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.0.id.into()
    }

    /// What it is called.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// What it asks about.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn scope(&self) -> AccessReviewScope {
        self.0.scope.into()
    }

    /// Id of the role or phone number that it asks about; null: about everybody.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn scope_id(&self) -> Option<ID> {
        self.0.role_id.map(ID::from).or(self.0.channel_id.map(ID::from))
    }

    /// What that role or phone number was called at the start.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn scope_name(&self) -> Option<&str> {
        self.0.scope_name.as_deref()
    }

    /// What it means that nobody answers.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn policy(&self) -> AccessReviewPolicy {
        self.0.policy.into()
    }

    /// Whether decisions are taken still.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn status(&self, ctx: &Context<'_>) -> AccessReviewStatus {
        match (self.0.closed_at, is_open(&self.0, Request::of(ctx).now)) {
            (Some(_), _) if self.0.cancellation_reason.is_some() => AccessReviewStatus::Cancelled,
            (Some(_), _) => AccessReviewStatus::Closed,
            (None, true) => AccessReviewStatus::Open,
            (None, false) => AccessReviewStatus::Closing,
        }
    }

    /// When it began: what was held then is what it asks about.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn started_at(&self) -> DateTime {
        self.0.started_at.into()
    }

    /// Who started it; null: a schedule did.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    async fn started_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        member(ctx, self.0.started_by).await
    }

    /// Of which schedule it is (`revsched_...`); null: of none.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn schedule_id(&self) -> Option<ID> {
        self.0.schedule_id.map(Into::into)
    }

    /// Until when decisions are taken.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn ends_at(&self) -> DateTime {
        self.0.ends_at.into()
    }

    /// When it was over, everything carried out; null while it is not.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn closed_at(&self) -> Option<DateTime> {
        self.0.closed_at.map(Into::into)
    }

    /// Who closed it before its end, or called it off; null: nobody did.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    async fn closed_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        member(ctx, self.0.closed_by).await
    }

    /// Why it was called off; null: it was not.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn cancellation_reason(&self) -> Option<&str> {
        self.0.cancellation_reason.as_deref()
    }

    /// Who may decide. Each item has one of them who is asked first; any of them may answer for who is away.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    async fn reviewers(&self, ctx: &Context<'_>) -> Result<Vec<Member>> {
        let database = &Request::of(ctx).installation.database;
        members(ctx, reviewers_of(database.reader(), database, &self.0).await?).await
    }

    /// How far it has come; with `mine: true` of what the viewer is asked.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    async fn progress(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only what the viewer is asked; everything if not said.")] mine: Option<bool>,
    ) -> Result<AccessReviewProgress> {
        let request = Request::of(ctx);
        let database = &request.installation.database;
        let reviewer = match mine {
            Some(true) => Some(request.viewer()?.session()?.member_id),
            Some(false) | None => None,
        };
        Ok(AccessReviewProgress(progress(database.reader(), database, &self.0, reviewer).await?))
    }

    /// What it asks about, in the order of the holders. At most 100 a page.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    async fn review_items(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from 0 to 100; 50 if not said.")] first: Option<i32>,
        #[graphql(desc = "Cursor behind which to go on: `pageInfo.endCursor` of the page before.")]
        after: Option<String>,
        #[graphql(desc = "Which of them are wanted; all if not said.")] filter: Option<
            AccessReviewItemFilterInput,
        >,
    ) -> Result<Connection<AccessReviewItem>> {
        let request = Request::of(ctx);
        let size = PageSize::new(first)?;
        let after = after.as_deref().map(review_item_cursor).transpose()?;
        let filter = filter.unwrap_or_default().parse(request.viewer()?)?;
        let reader = request.installation.database.reader();
        let rows = items(reader, &self.0, filter, (after, size.limit())).await?;
        let rows = AccessReviewItem::all_of(request, rows).await?;
        Ok(Connection::new(size, rows, AccessReviewItem::cursor))
    }

    /// SHA-256 of the document's content, in hexadecimal digits; null while it is not closed. The activity
    /// `access_review.closed` tells it, too.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn digest(&self) -> Option<String> {
        let digest = self.0.digest.as_deref()?;
        Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// What the viewer may do with it now.
    #[authenticated]
    fn viewer_can(&self) -> AccessReviewAbilities {
        AccessReviewAbilities(self.0.clone())
    }
}

/// Which review.
pub struct AccessReviewAbilities(Model);

/// What the viewer may do with an access review now.
#[guarded]
impl AccessReviewAbilities {
    /// Decide in it: `decideAccessReviewItems`. About what exactly is looked at then.
    #[authenticated]
    async fn decide(&self, ctx: &Context<'_>) -> Result<Ability> {
        let request = Request::of(ctx);
        Ok(decidable(&request.installation, request.viewer()?, &self.0).await.into())
    }

    /// Close it before its end: `closeAccessReview`.
    #[authenticated]
    async fn close(&self, ctx: &Context<'_>) -> Result<Ability> {
        let request = Request::of(ctx);
        Ok(closable(&request.installation, request.viewer()?, &self.0).await.into())
    }

    /// Call it off: `cancelAccessReview`.
    #[authenticated]
    async fn cancel(&self, ctx: &Context<'_>) -> Result<Ability> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        Ok(cancellable(&request.installation, viewer, &self.0, request.now).await.into())
    }
}

pub struct AccessReviewProgress(Progress);

impl Subject for AccessReviewProgress {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

fn whole(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// How far a review has come, in numbers of items. While it runs, `kept`, `changed` and `revoked` are what was decided.
#[guarded]
impl AccessReviewProgress {
    /// All.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn total(&self) -> i32 {
        whole(self.0.total)
    }

    /// That somebody has decided.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn decided(&self) -> i32 {
        whole(self.0.decided)
    }

    /// That wait for a decision.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn undecided(&self) -> i32 {
        whole(self.0.undecided)
    }

    /// That nobody of the reviewers may decide: their own, or of who holds more than they do.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn without_reviewer(&self) -> i32 {
        whole(self.0.without_reviewer)
    }

    /// That stay.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn kept(&self) -> i32 {
        whole(self.0.kept)
    }

    /// That are changed.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn changed(&self) -> i32 {
        whole(self.0.changed)
    }

    /// That are taken away.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn revoked(&self) -> i32 {
        whole(self.0.revoked)
    }

    /// That had ended before the review was over.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn ended_meanwhile(&self) -> i32 {
        whole(self.0.ended_meanwhile)
    }

    /// That stayed because nobody answered.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn unanswered(&self) -> i32 {
        whole(self.0.unanswered)
    }

    /// That stayed because what was to be done was refused.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn refused(&self) -> i32 {
        whole(self.0.refused)
    }

    /// In whose place another grant was, about which nobody has decided: that stayed.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn replaced(&self) -> i32 {
        whole(self.0.replaced)
    }

    /// That stayed because the review was called off.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn cancelled(&self) -> i32 {
        whole(self.0.cancelled)
    }
}
