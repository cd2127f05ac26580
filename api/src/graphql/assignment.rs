//! That a conversation went from one to another, as it is told to who sees it, or saw it before.

use async_graphql::{Context, Enum, ID};
use portaria_domain::access::Reading;
use portaria_domain::conversation::ConversationRow;
use portaria_domain::event::{Assigned, Before, By};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_entity::conversation::{self, ConversationStatus};
use portaria_entity::event::AssignmentCause as Cause;
use portaria_entity::id::{ConversationId, MemberId};
use portaria_entity::time::Timestamp;
use portaria_guard::guarded;

use super::conversation::Conversation;
use super::follower::Follower;
use super::member::Member;
use super::routing::RoutingChoice;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::live::Live;
use crate::request::Request;

/// Why a conversation went from one to another.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_entity::event::AssignmentCause")]
pub enum AssignmentCause {
    /// A customer wrote, and a new stretch began.
    NewEpisode,
    /// It waited in the queue, and somebody was free.
    Drain,
    /// Who had it may no longer have it.
    AccessLost,
    /// Who had it was offline for too long while the customer waited.
    AssigneeAway,
    /// It was escalated.
    Escalated,
    /// Somebody took it from the queue.
    Claimed,
    /// It was given by who may assign it.
    Assigned,
    /// Who had it gave it to somebody else.
    Transferred,
    /// Who had it gave it back to the queue.
    Declined,
    /// Somebody else put it back into the queue.
    Returned,
    /// It was handed over to another team.
    HandedOver,
    /// Its contact was merged with another, or that was undone.
    Merged,
    /// A bot was given it.
    HandedToBot,
    /// A bot handed it to people, or it was taken from one.
    FromBot,
}

/// What kind of actor it was.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum AssignmentActor {
    /// A member: see `by`.
    Member,
    /// A program with an API key: see `byApiKeyId`.
    ApiKey,
    /// Routing, or what falls due with time.
    Portaria,
}

pub struct ConversationAssignment {
    id: ConversationId,
    conversation: Option<Conversation>,
    held: PermissionSet,
    /// Whose it was, where that is the viewer's business.
    from: Option<Option<MemberId>>,
    /// Whether a bot had it.
    from_bot: bool,
    /// Whose it became, likewise.
    to: Option<Option<MemberId>>,
    /// Whether a bot was given it.
    to_bot: bool,
    /// What was done, likewise.
    deed: Option<Assigned>,
    at: Timestamp,
    cursor: String,
}

impl ConversationAssignment {
    /// What a viewer is told of it, as they are now: whose it was to who saw it then, whose it became to who saw it then
    /// or would, why and by whom to who read it whole on either side; everything to who reads it whole now. Nothing
    /// to who sees it on no side.
    fn of(viewer: &Viewer, found: &conversation::Model, told: (Before, Assigned, String)) -> Option<Self> {
        let (before, assigned, cursor) = told;
        let read = |placement: Before| viewer.access.reading(placement.at(found.channel_id));
        let was = read(before);
        // What became part of another, or was resolved already, went to no queue that anybody watches.
        let is_gone = found.merged_into_id.is_some() || found.status == ConversationStatus::Resolved;
        let is_merged = assigned.cause == Cause::Merged && assigned.to.is_none() && is_gone;
        // Which bot it was, tells the conversation as long as that has it.
        let bot_id = found.bot_id.filter(|_| assigned.cause == Cause::HandedToBot);
        let after = Before { open: true, team_id: found.team_id, assignee_id: assigned.to, bot_id };
        let is_hidden = assigned.cause == Cause::HandedToBot && bot_id.is_none();
        let became = if is_merged || is_hidden { None } else { read(after) };
        let now = ConversationRow::of(viewer, found.clone());
        let is = now.as_ref().map(|row| row.reading);
        if was.is_none() && became.is_none() && is.is_none() {
            return None;
        }
        let whole = [was, became, is].contains(&Some(Reading::Whole));
        let all = is == Some(Reading::Whole);
        let held = viewer.access.in_conversation(found.channel_id, found.team_id);
        let own = assigned.to.is_some_and(|to| viewer.is_member(to));
        let choice = assigned.choice.filter(|_| own || held.contains(Permission::ConversationAssign));
        Some(Self {
            id: found.id,
            held,
            conversation: now.map(Conversation),
            from: (all || was.is_some()).then_some(before.assignee_id),
            from_bot: before.bot_id.is_some(),
            to: (!is_merged && (all || became.is_some())).then_some(assigned.to),
            to_bot: assigned.cause == Cause::HandedToBot,
            deed: whole.then_some(Assigned { choice, ..assigned }),
            at: assigned.at,
            cursor,
        })
    }
}

impl Subject for ConversationAssignment {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

async fn member(ctx: &Context<'_>, id: Option<MemberId>) -> Result<Option<Member>> {
    match id {
        Some(id) => Ok(Request::of(ctx).loaders()?.member(id).await?.map(Member)),
        None => Ok(None),
    }
}

/// That a conversation went from one to another. What is not the viewer's business is null: to who sees the queue, who took
/// a conversation from it; to whom a conversation was taken from, who has it now.
#[guarded]
impl ConversationAssignment {
    /// Which conversation (`conv_...`).
    #[authenticated]
    fn conversation_id(&self) -> ID {
        self.id.into()
    }

    /// The conversation as it is now. Null: it is out of the viewer's sight.
    #[authenticated]
    fn conversation(&self) -> Option<&Conversation> {
        self.conversation.as_ref()
    }

    /// Who had it. Null when nobody did, see `fromQueue`, when a bot did, and when the viewer could not see it then.
    #[requires(MemberRead)]
    async fn from(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        member(ctx, self.from.flatten()).await
    }

    /// Whether nobody had it: it waited in the queue, or is new. Null when the viewer could not see it then.
    #[authenticated]
    fn from_queue(&self) -> Option<bool> {
        self.from.map(|from| from.is_none() && !self.from_bot)
    }

    /// Who was given it. Null when it went to the queue, see `toQueue`, or to a bot, and when it went out of the viewer's sight.
    #[requires(MemberRead)]
    async fn to(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        member(ctx, self.to.flatten()).await
    }

    /// Whether it went to the queue. Null when it went out of the viewer's sight.
    #[authenticated]
    fn to_queue(&self) -> Option<bool> {
        self.to.map(|to| to.is_none() && !self.to_bot)
    }

    /// Why. Null to who did not read it whole, before or after.
    #[authenticated]
    fn cause(&self) -> Option<AssignmentCause> {
        self.deed.map(|deed| deed.cause.into())
    }

    /// By which rule routing chose, for who was chosen and who may assign it. Null when it did not choose.
    #[authenticated]
    fn choice(&self) -> Option<RoutingChoice> {
        self.deed.and_then(|deed| deed.choice).map(Into::into)
    }

    /// Who did it. Null where `cause` is.
    #[authenticated]
    fn actor(&self) -> Option<AssignmentActor> {
        self.deed.map(|deed| match deed.by {
            By::Member(_) => AssignmentActor::Member,
            By::ApiKey(_) => AssignmentActor::ApiKey,
            By::Portaria => AssignmentActor::Portaria,
        })
    }

    /// The member who did it; null when `actor` is something else.
    #[requires(MemberRead)]
    async fn by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        let by = self.deed.and_then(|deed| match deed.by {
            By::Member(member) => Some(member),
            By::ApiKey(_) | By::Portaria => None,
        });
        member(ctx, by).await
    }

    /// With which API key it was done (`key_...`); null when `actor` is something else.
    #[requires(ApiKeyRead, AuditLogRead)]
    fn by_api_key_id(&self) -> Option<ID> {
        self.deed.and_then(|deed| match deed.by {
            By::ApiKey(key) => Some(key.into()),
            By::Member(_) | By::Portaria => None,
        })
    }

    /// When.
    #[authenticated]
    fn at(&self) -> DateTime {
        self.at.into()
    }

    /// The place of this event in their order: give it as `after` to go on behind it when the connection was lost.
    #[authenticated]
    fn cursor(&self) -> &str {
        &self.cursor
    }
}

/// The next change of whose a conversation is, of those that the viewer sees or saw before.
pub async fn next_assignment(follower: &mut Follower) -> Result<Live<ConversationAssignment>> {
    loop {
        let (published, viewer) = follower.next().await?;
        let (Some(before), Some(assigned)) = (published.before, published.assigned) else { continue };
        let Some(found) = follower.sight(&published).await?.conversation else { continue };
        let cursor = follower.cursor(&viewer, &published)?;
        if let Some(event) = ConversationAssignment::of(&viewer, &found, (before, assigned, cursor)) {
            return Ok(follower.live(viewer, event));
        }
    }
}
