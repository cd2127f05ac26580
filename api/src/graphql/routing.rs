//! Why a conversation is with whom it is, or waits.

use async_graphql::{Context, Enum, ID};
use portaria_domain::conversation::ConversationRow;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::routing::{Candidate, ChoiceReason, DecisionRow, Verdict, decisions, queue_position};
use portaria_domain::viewer::Viewer;
use portaria_entity::id::RoutingDecisionId;
use portaria_entity::{escalation, transfer};
use portaria_guard::guarded;
use uuid::Uuid;

use super::connection::{Connection, PageSize, decode_cursor, encode_cursor};
use super::member::Member;
use super::permission::PermissionKey;
use super::team::Team;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

/// What brought a decision about.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_entity::routing_decision::RoutingCause")]
pub enum RoutingCause {
    /// A customer wrote, and a new stretch began.
    NewEpisode,
    /// It waited in the queue, and it was looked at again.
    Drain,
    /// Who had it may no longer have it.
    AccessLost,
    /// Who had it was offline for too long while the customer waited.
    AssigneeAway,
    /// It was escalated.
    Escalated,
    /// It was handed to another team.
    Transferred,
    /// A bot handed it to people, or it was taken from one.
    FromBot,
}

/// Why a member was given a conversation, or was not.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum RoutingVerdict {
    /// They were given it.
    Chosen,
    /// They could have had it, but somebody else was nearer.
    Eligible,
    /// They lack permissions there: see `missing`.
    NotPermitted,
    /// They may only as an administrator, who is nobody's agent without being in the team or holding a narrower grant.
    Administrator,
    /// They are not in the team that is responsible.
    NotInTeam,
    /// They have not the skills that the labels ask for.
    LacksSkill,
    /// They gave it back, or escalated it, in this stretch.
    Declined,
    /// Nobody works there at that time.
    OutOfHours,
    /// They are busy or offline.
    NotAvailable,
    /// They have as many open conversations as they may be given.
    AtCapacity,
}

/// Why the one who was chosen was.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "ChoiceReason")]
pub enum RoutingChoice {
    /// The customer stays with who had them before.
    HadItBefore,
    /// Nobody had fewer open conversations, nor waited longer for the next.
    LeastLoaded,
    /// Nobody waited longer for the next.
    NextInTurn,
}

pub struct RoutingCandidate(Candidate);

/// A member who was considered, and what came of it.
#[guarded]
impl RoutingCandidate {
    /// Who.
    #[authenticated]
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        Ok(Request::of(ctx).loaders()?.member(self.0.member_id).await?.map(Member))
    }

    /// What came of it. Of several reasons against, the most lasting one.
    #[authenticated]
    fn verdict(&self) -> RoutingVerdict {
        match self.0.verdict {
            Verdict::Chosen { .. } => RoutingVerdict::Chosen,
            Verdict::Eligible => RoutingVerdict::Eligible,
            Verdict::NotPermitted { .. } => RoutingVerdict::NotPermitted,
            Verdict::Administrator => RoutingVerdict::Administrator,
            Verdict::NotInTeam => RoutingVerdict::NotInTeam,
            Verdict::LacksSkill => RoutingVerdict::LacksSkill,
            Verdict::Declined => RoutingVerdict::Declined,
            Verdict::OutOfHours => RoutingVerdict::OutOfHours,
            Verdict::NotAvailable => RoutingVerdict::NotAvailable,
            Verdict::AtCapacity => RoutingVerdict::AtCapacity,
        }
    }

    /// For CHOSEN: why they were.
    #[authenticated]
    fn choice(&self) -> Option<RoutingChoice> {
        match self.0.verdict {
            Verdict::Chosen { reason } => Some(reason.into()),
            _ => None,
        }
    }

    /// For NOT_PERMITTED: what they lack there. Empty otherwise.
    #[authenticated]
    fn missing(&self) -> Vec<PermissionKey> {
        let Verdict::NotPermitted { missing } = &self.0.verdict else { return Vec::new() };
        missing.iter().filter_map(|key| Permission::from_key(key)).map(Into::into).collect()
    }

    /// How many open conversations they had.
    #[authenticated]
    fn load(&self) -> i32 {
        i32::try_from(self.0.load).unwrap_or(i32::MAX)
    }
}

pub struct RoutingDecision(DecisionRow);

impl RoutingDecision {
    fn cursor(&self) -> String {
        encode_cursor(&[self.0.row.id.0.as_bytes()])
    }
}

/// What was decided about a conversation, once.
#[guarded]
impl RoutingDecision {
    /// Starts with `dec_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.0.row.id.into()
    }

    /// When.
    #[authenticated]
    fn at(&self) -> DateTime {
        self.0.row.at.into()
    }

    /// What brought it about.
    #[authenticated]
    fn cause(&self) -> RoutingCause {
        self.0.row.cause.into()
    }

    /// Who was given it; null when it waits.
    #[authenticated]
    async fn assignee(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.0.row.assignee_id {
            Some(id) => Ok(Request::of(ctx).loaders()?.member(id).await?.map(Member)),
            None => Ok(None),
        }
    }

    /// Everybody who was considered. Of a decision on oneself, read without `conversation:assign`: oneself alone.
    #[authenticated]
    fn candidates(&self) -> Vec<RoutingCandidate> {
        self.0.candidates.iter().cloned().map(RoutingCandidate).collect()
    }
}

pub struct ConversationRouting(pub ConversationRow);

impl Subject for ConversationRouting {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.0.held
    }
}

/// Why a conversation is with whom it is, or waits.
#[guarded]
impl ConversationRouting {
    /// Its place in the queue of its number and team, from 1: escalated ones first, then who waits longest. Null when it
    /// does not wait there.
    #[requires(ConversationReadUnassigned, ConversationReadAll, ConversationAssign)]
    async fn queue_position(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        let database = &Request::of(ctx).installation.database;
        let position = queue_position(database.reader(), database, &self.0).await?;
        Ok(position.map(|position| i32::try_from(position).unwrap_or(i32::MAX)))
    }

    /// While it waits: everybody, and what keeps them from having it now. Null when it does not wait.
    #[requires(ConversationAssign)]
    async fn candidates(&self, ctx: &Context<'_>) -> Result<Option<Vec<RoutingCandidate>>> {
        let judged = Request::of(ctx).loaders()?.routing.judged(self.0.row.id).await?;
        Ok(judged.map(|judged| judged.iter().cloned().map(RoutingCandidate).collect()))
    }

    /// What was decided about it, newest first: all for who may assign it, to others what made them have it. At most 100 a
    /// page.
    #[requires(ConversationAssign, ConversationReadAssigned)]
    async fn decisions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from 0 to 100; 50 if not said.")] first: Option<i32>,
        #[graphql(desc = "Cursor behind which to go on: `pageInfo.endCursor` of the page before.")]
        after: Option<String>,
    ) -> Result<Connection<RoutingDecision>> {
        let request = Request::of(ctx);
        let size = PageSize::new(first)?;
        let after = after.as_deref().map(decode_cursor).transpose()?;
        let after = after.map(|bytes: [u8; 16]| RoutingDecisionId(Uuid::from_bytes(bytes)));
        let reader = request.installation.database.reader();
        let rows = decisions(reader, request.viewer()?, &self.0, after, size.limit()).await?;
        let rows = rows.into_iter().map(RoutingDecision).collect();
        Ok(Connection::new(size, rows, RoutingDecision::cursor))
    }
}

pub struct Escalation(pub escalation::Model);

/// That a conversation was escalated.
#[guarded]
impl Escalation {
    /// Why.
    #[authenticated]
    fn reason(&self) -> &str {
        &self.0.reason
    }

    /// By whom; null when a program did it.
    #[authenticated]
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.0.member_id {
            Some(id) => Ok(Request::of(ctx).loaders()?.member(id).await?.map(Member)),
            None => Ok(None),
        }
    }

    /// When.
    #[authenticated]
    fn at(&self) -> DateTime {
        self.0.escalated_at.into()
    }
}

pub struct Transfer {
    pub row: transfer::Model,
    /// What the viewer holds towards the conversation.
    pub held: PermissionSet,
}

impl Subject for Transfer {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// That a conversation went from one team to another.
#[guarded]
impl Transfer {
    /// Whose it was before; null when it was no team's.
    #[requires(TeamRead)]
    async fn from_team(&self, ctx: &Context<'_>) -> Result<Option<Team>> {
        match self.row.from_team_id {
            Some(id) => Ok(Request::of(ctx).loaders()?.team(id).await?.map(Team)),
            None => Ok(None),
        }
    }

    /// Whose it was from then on; null when it was no team's.
    #[requires(TeamRead)]
    async fn to_team(&self, ctx: &Context<'_>) -> Result<Option<Team>> {
        match self.row.to_team_id {
            Some(id) => Ok(Request::of(ctx).loaders()?.team(id).await?.map(Team)),
            None => Ok(None),
        }
    }

    /// What the team should know.
    #[authenticated]
    fn note(&self) -> Option<&str> {
        self.row.note.as_deref()
    }

    /// Who handed it over; null when a program did.
    #[requires(MemberRead)]
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.row.member_id {
            Some(id) => Ok(Request::of(ctx).loaders()?.member(id).await?.map(Member)),
            None => Ok(None),
        }
    }

    /// When.
    #[authenticated]
    fn at(&self) -> DateTime {
        self.row.transferred_at.into()
    }
}
