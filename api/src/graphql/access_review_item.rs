//! What an access review asks about: one thing that somebody holds, with what is known beside it.

use async_graphql::{Context, Enum, ID};
use portaria_domain::access_review::{
    Evidence, Snapshot, SnapshotScope, Tenure, Terms, evidence_of, item_cursor, tenures,
};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_entity::access_review_item::{Decision, ItemKind, Model, Outcome};
use portaria_entity::id::{AccessReviewItemId, GrantId};
use portaria_guard::guarded;
use uuid::Uuid;

use super::access_review::member;
use super::connection::{decode_cursor, encode_cursor};
use super::grant::ScopeKind;
use super::member::Member;
use super::permission::PermissionKey;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

/// What it is that is held.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "ItemKind")]
pub enum AccessReviewItemKind {
    /// A member's grant. Only this can be changed; the others are kept or taken away.
    Grant,
    /// A grant of an API key. With the last one the key ends.
    ApiKeyGrant,
    /// A place in a team, which opens its conversations.
    TeamMembership,
    /// A role that may be taken on in an emergency.
    EmergencyEligibility,
}

/// What is decided about it.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Decision")]
pub enum AccessReviewDecision {
    /// It stays as it is.
    Keep,
    /// Another grant takes its place.
    Change,
    /// It is taken away.
    Revoke,
}

/// What came of it.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Outcome")]
pub enum AccessReviewOutcome {
    /// It stayed, as was decided.
    Kept,
    /// Another grant took its place.
    Changed,
    /// It was taken away.
    Revoked,
    /// It had ended before the review was over.
    EndedMeanwhile,
    /// Another grant was in its place (`replacedById`) that reaches further, lasts longer than what was kept, or was given anew: that
    /// stayed, and nobody has decided about it. So, too, where somebody has left a team and is in it again.
    Replaced,
    /// It stayed, because nobody answered or could be asked.
    Unanswered,
    /// It stayed, because what was to be done was refused: `refusal` says why.
    Refused,
    /// It stayed, because the review was called off.
    Cancelled,
}

pub struct AccessReviewItem {
    row: Model,
    held: Snapshot,
    evidence: Option<Evidence>,
    has_ended: bool,
    replaced_by: Option<GrantId>,
}

impl AccessReviewItem {
    /// Puts beside some items of a review what was known when they were decided, or is known now.
    pub async fn all_of(request: &Request, rows: Vec<Model>) -> Result<Vec<Self>> {
        let database = &request.installation.database;
        let running: Vec<Model> = rows.iter().filter(|row| row.outcome.is_none()).cloned().collect();
        let tenures = tenures(database.reader(), database, &running, request.now).await?;
        let undecided: Vec<Model> = rows.iter().filter(|row| row.evidence.is_none()).cloned().collect();
        let mut known = evidence_of(database.reader(), database, &undecided, request.now).await?;
        rows.into_iter()
            .map(|row| {
                let evidence = match Evidence::frozen(&row)? {
                    Some(frozen) => Some(frozen),
                    None => known.remove(&row.id),
                };
                let tenure = tenures.get(&row.id).copied();
                let is_over = matches!(row.outcome, Some(Outcome::EndedMeanwhile | Outcome::Replaced));
                let has_ended = is_over || tenure.is_some_and(Tenure::is_over);
                let replaced_by = tenure.map_or(row.successor_id, Tenure::successor);
                Ok(Self { held: Snapshot::of(&row)?, evidence, has_ended, replaced_by, row })
            })
            .collect()
    }

    pub fn cursor(&self) -> String {
        encode_cursor(&[&item_cursor(&self.row)])
    }
}

pub fn review_item_cursor(cursor: &str) -> Result<AccessReviewItemId> {
    Ok(AccessReviewItemId(Uuid::from_bytes(decode_cursor(cursor)?)))
}

/// Those that this program knows.
fn permissions(keys: &[String]) -> Vec<PermissionKey> {
    keys.iter().filter_map(|key| Permission::from_key(key)).map(Into::into).collect()
}

impl Subject for AccessReviewItem {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// One thing that somebody held when a review began, what is known of it, and what was decided.
#[guarded]
impl AccessReviewItem {
    /// Starts with `revitem_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.row.id.into()
    }

    /// What it is.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn kind(&self) -> AccessReviewItemKind {
        self.row.kind.into()
    }

    /// Who holds it; null: an API key does.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        member(ctx, self.row.member_id).await
    }

    /// Which API key holds it (`key_...`); null: a member does.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn api_key_id(&self) -> Option<ID> {
        self.row.api_key_id.map(Into::into)
    }

    /// What the API key was called.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn api_key_name(&self) -> Option<&str> {
        self.held.key_name.as_deref()
    }

    /// Id of its role; null for a place in a team.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn role_id(&self) -> Option<ID> {
        self.held.role_id.clone().map(ID)
    }

    /// What the role was called; null for a place in a team.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn role_name(&self) -> Option<&str> {
        self.held.role_name.as_deref()
    }

    /// What it conferred at the start, beyond what every member has.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn permissions(&self) -> Vec<PermissionKey> {
        permissions(&self.held.permissions)
    }

    /// Where it holds.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn scope_kind(&self) -> ScopeKind {
        match self.held.scope {
            SnapshotScope::Workspace => ScopeKind::Workspace,
            SnapshotScope::Channel { .. } => ScopeKind::Channel,
            SnapshotScope::Team { .. } => ScopeKind::Team,
        }
    }

    /// Id of the phone number or team that it holds for; null for the whole workspace.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn scope_id(&self) -> Option<ID> {
        match &self.held.scope {
            SnapshotScope::Workspace => None,
            SnapshotScope::Channel { id, .. } | SnapshotScope::Team { id, .. } => Some(ID(id.clone())),
        }
    }

    /// What that phone number or team was called.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn scope_name(&self) -> Option<&str> {
        match &self.held.scope {
            SnapshotScope::Workspace => None,
            SnapshotScope::Channel { name, .. } | SnapshotScope::Team { name, .. } => Some(name.as_str()),
        }
    }

    /// When it began.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn valid_from(&self) -> DateTime {
        self.held.since.0.into()
    }

    /// When it ends by itself; null when it does not.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn valid_until(&self) -> Option<DateTime> {
        self.held.until.map(|until| until.0.into())
    }

    /// When it was given.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn granted_at(&self) -> DateTime {
        self.held.granted_at.0.into()
    }

    /// Who gave it; null where that is not known, or the installation itself did.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    async fn granted_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        member(ctx, self.held.granted_by).await
    }

    /// Why it was given, where that was said.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn grant_reason(&self) -> Option<&str> {
        self.held.reason.as_deref()
    }

    /// Whether nobody would administer the workspace for good without it: it is never taken away, whatever is decided.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn last_administrator(&self) -> bool {
        self.held.last_administrator
    }

    /// Whether it has ended meanwhile, or was replaced by what reaches further or was given anew: there is nothing to decide any
    /// more.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// The grant that has taken its place since the review began (`grant_...`). Where it continues this one and reaches no further
    /// (`hasEnded` is false), what is decided here holds for it.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn replaced_by_id(&self) -> Option<ID> {
        self.replaced_by.map(Into::into)
    }

    /// Who is asked first; null: none of the reviewers may decide about it.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    async fn reviewer(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        member(ctx, self.row.reviewer_id).await
    }

    /// What was known when it was decided, or when the review closed; what is known now while neither is so.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn evidence(&self) -> Option<AccessReviewEvidence> {
        self.evidence.clone().map(AccessReviewEvidence)
    }

    /// What was decided; null: nothing yet.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn decision(&self) -> Option<AccessReviewDecision> {
        self.row.decision.map(Into::into)
    }

    /// Why.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn decision_reason(&self) -> Option<&str> {
        self.row.decision_reason.as_deref()
    }

    /// What it is to be changed to; null unless that was decided.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn change(&self) -> Result<Option<AccessReviewChange>> {
        Ok(self.row.amendment.as_deref().map(Terms::from_json).transpose()?.map(AccessReviewChange))
    }

    /// Who decided.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    async fn decided_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        member(ctx, self.row.decided_by).await
    }

    /// When. Another reviewer who decides otherwise gives it as `replaces`.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn decided_at(&self) -> Option<DateTime> {
        self.row.decided_at.map(Into::into)
    }

    /// What came of it; null while the review runs, unless it has ended meanwhile.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn outcome(&self) -> Option<AccessReviewOutcome> {
        self.row.outcome.map(Into::into)
    }

    /// When that was.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn outcome_at(&self) -> Option<DateTime> {
        self.row.outcome_at.map(Into::into)
    }

    /// Why what was to be done was refused, in English; null when it was not.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn refusal(&self) -> Option<&str> {
        self.row.refusal.as_deref()
    }
}

pub struct AccessReviewChange(Terms);

impl Subject for AccessReviewChange {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// What a grant is to be instead.
#[guarded]
impl AccessReviewChange {
    /// Which role.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn role_id(&self) -> ID {
        self.0.role_id.into()
    }

    /// Where it is to hold.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn scope_kind(&self) -> ScopeKind {
        match self.0.scope.columns() {
            (Some(_), _) => ScopeKind::Channel,
            (None, Some(_)) => ScopeKind::Team,
            (None, None) => ScopeKind::Workspace,
        }
    }

    /// Id of the phone number or team that it is to hold for; null for the whole workspace.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn scope_id(&self) -> Option<ID> {
        let (channel, team) = self.0.scope.columns();
        channel.map(ID::from).or(team.map(ID::from))
    }

    /// When it is to end by itself; null: it is not.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn valid_until(&self) -> Option<DateTime> {
        self.0.valid_until.map(Into::into)
    }
}

pub struct AccessReviewEvidence(Evidence);

impl Subject for AccessReviewEvidence {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// What is known of something that somebody holds.
#[guarded]
impl AccessReviewEvidence {
    /// As of when.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn taken_at(&self) -> DateTime {
        self.0.taken_at.0.into()
    }

    /// When the member last signed in to this workspace; null: never, or an API key holds it.
    #[requires(MemberReadPrivate)]
    fn last_signed_in_at(&self) -> Option<DateTime> {
        self.0.last_signed_in_at.map(|at| at.0.into())
    }

    /// When the member or key was last active; null: never.
    #[requires(MemberReadPrivate)]
    fn last_active_at(&self) -> Option<DateTime> {
        self.0.last_active_at.map(|at| at.0.into())
    }

    /// What the role confers there by now: it may have been edited since the start.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn permissions(&self) -> Vec<PermissionKey> {
        permissions(&self.0.permissions)
    }

    /// Which of the permissions were used, and when last.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn uses(&self) -> Vec<AccessReviewUse> {
        let known = |key: &String| Permission::from_key(key);
        self.0
            .used
            .iter()
            .filter_map(|(key, at)| known(key).map(|permission| AccessReviewUse(permission, at.0)))
            .collect()
    }

    /// Since when uses are recorded: of before nothing is known.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn uses_recorded_since(&self) -> DateTime {
        self.0.uses_recorded_since.0.into()
    }

    /// How many other active members have the same role now.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn colleagues(&self) -> i32 {
        i32::try_from(self.0.colleagues).unwrap_or(i32::MAX)
    }

    /// Whether an identity provider's claims gave it. Taken away here, it comes back at the member's next sign-in: change the
    /// provider's role mapping, or their groups there.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn given_by_provider(&self) -> bool {
        self.0.given_by_provider
    }

    /// How many findings about the holder are open.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn open_findings(&self) -> i32 {
        i32::try_from(self.0.open_findings).unwrap_or(i32::MAX)
    }
}

pub struct AccessReviewUse(Permission, portaria_entity::time::Timestamp);

/// That a permission was used.
#[guarded]
impl AccessReviewUse {
    /// Which.
    #[authenticated]
    fn permission(&self) -> PermissionKey {
        self.0.into()
    }

    /// When last, to the day.
    #[authenticated]
    fn last_used_at(&self) -> DateTime {
        self.1.into()
    }
}
