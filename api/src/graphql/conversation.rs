//! Conversations.

use async_graphql::{Context, Enum, ID, InputObject};
use portaria_domain::access::Reading;
use portaria_domain::bot;
use portaria_domain::conversation::{
    ConversationCursor, ConversationFilter, ConversationRow, Unassigned, escalations, transfers,
};
use portaria_domain::message::{self, MessageCursor};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_entity::id::{ConversationId, MessageId};
use portaria_entity::time::Timestamp;
use portaria_guard::guarded;
use uuid::Uuid;

use super::ability::ConversationAbilities;
use super::bot_turn::BotTurn;
use super::channel::Channel;
use super::connection::{Connection, PageSize, decode_cursor, encode_cursor};
use super::contact::Contact;
use super::id::parse_optional;
use super::label::{Label, labels};
use super::member::Member;
use super::message::Message;
use super::routing::{ConversationRouting, Escalation, Transfer};
use super::target::ConversationTargets;
use super::team::Team;
use super::time::DateTime;
use crate::error::{Problem, Result};
use crate::guard::Subject;
use crate::request::Request;

/// Where a conversation is in its life.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_entity::conversation::ConversationStatus")]
pub enum ConversationStatus {
    /// Somebody has to answer, or is waiting for an answer.
    Open,
    /// Put off until later.
    Snoozed,
    /// Done, until the customer writes again.
    Resolved,
}

/// Which conversations are wanted. What is left out does not narrow; all that is given must hold.
#[derive(InputObject, Default)]
pub struct ConversationFilterInput {
    /// Only those in this state.
    status: Option<ConversationStatus>,
    /// Only those of this member (`mem_...`).
    assignee_id: Option<ID>,
    /// Only those on this phone number (`chan_...`).
    channel_id: Option<ID>,
    /// `true`: only those that nobody has. `false` does not narrow.
    unassigned: Option<bool>,
}

impl TryFrom<ConversationFilterInput> for ConversationFilter {
    type Error = Problem;

    fn try_from(input: ConversationFilterInput) -> Result<Self> {
        Ok(Self {
            status: input.status.map(Into::into),
            assignee_id: parse_optional(input.assignee_id.as_ref())?,
            channel_id: parse_optional(input.channel_id.as_ref())?,
            unassigned: input.unassigned.filter(|wanted| *wanted).map(|_| Unassigned),
        })
    }
}

pub struct Conversation(pub ConversationRow);

impl Conversation {
    pub fn cursor(&self) -> String {
        encode_cursor(&[&self.0.row.last_activity_at.0.to_be_bytes(), self.0.row.id.0.as_bytes()])
    }

    fn message(&self, row: message::MessageRow) -> Message {
        Message { row: row.into(), held: self.0.held }
    }
}

/// Takes a cursor of 24 bytes apart: a time and an id.
pub(super) fn time_and_id(cursor: &str) -> Result<(Timestamp, Uuid)> {
    let bytes: [u8; 24] = decode_cursor(cursor)?;
    let (time, id) = bytes.split_at(8);
    let malformed = |_| Problem::BadUserInput("`after` is not a cursor of this list.".to_owned());
    let time = i64::from_be_bytes(time.try_into().map_err(malformed)?);
    Ok((Timestamp(time), Uuid::from_bytes(id.try_into().map_err(malformed)?)))
}

pub fn conversation_cursor(cursor: &str) -> Result<ConversationCursor> {
    let (last_activity_at, id) = time_and_id(cursor)?;
    Ok(ConversationCursor { last_activity_at, id: ConversationId(id) })
}

impl Subject for Conversation {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.0.held
    }
}

/// All that was said between one customer and one phone number, for ever. One that waits in the queue shows who waits
/// and since when; what was said shows once it is claimed.
#[guarded]
impl Conversation {
    /// Starts with `conv_`.
    #[authenticated]
    async fn id(&self) -> ID {
        self.0.row.id.into()
    }

    /// Where it is in its life.
    #[authenticated]
    fn status(&self) -> ConversationStatus {
        self.0.row.status.into()
    }

    /// The customer.
    #[requires(ContactRead)]
    async fn contact(&self, ctx: &Context<'_>) -> Result<Option<Contact>> {
        Ok(Request::of(ctx).loaders()?.contact(self.0.row.contact_id).await?.map(Contact))
    }

    /// The phone number.
    #[requires(WorkspaceRead)]
    async fn channel(&self, ctx: &Context<'_>) -> Result<Option<Channel>> {
        Ok(Request::of(ctx).loaders()?.channel(self.0.row.channel_id).await?.map(Channel))
    }

    /// The team that is responsible; null when none is.
    #[requires(TeamRead)]
    async fn team(&self, ctx: &Context<'_>) -> Result<Option<Team>> {
        match self.0.row.team_id {
            Some(team) => Ok(Request::of(ctx).loaders()?.team(team).await?.map(Team)),
            None => Ok(None),
        }
    }

    /// Who has it; null while it waits in the queue, and while a bot has it.
    #[requires(MemberRead)]
    async fn assignee(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.0.row.assignee_id {
            Some(assignee) => Ok(Request::of(ctx).loaders()?.member(assignee).await?.map(Member)),
            None => Ok(None),
        }
    }

    /// Which bot has it (`bot_...`); then no member does, and it does not wait. Null when none does.
    #[requires(ConversationReadAll, ConversationReadTeam, ConversationReadAssigned)]
    fn bot_id(&self) -> Option<ID> {
        self.0.row.bot_id.map(Into::into)
    }

    /// Which bots had it, and which has it, newest first; the latest ten. With what they said of it.
    #[requires(MessageRead)]
    async fn bot_turns(&self, ctx: &Context<'_>) -> Result<Vec<BotTurn>> {
        match self.0.reading {
            Reading::Whole => {}
            Reading::QueueEntry => return Err(Problem::NotFound),
        }
        let request = Request::of(ctx);
        let (reader, viewer) = (request.installation.database.reader(), request.viewer()?);
        let rows = bot::turns(reader, &self.0, 10).await?;
        Ok(rows.into_iter().map(|row| BotTurn::of(viewer, row, Some(self.0.clone()))).collect())
    }

    /// The latest message.
    #[requires(MessageRead)]
    async fn last_message(&self, ctx: &Context<'_>) -> Result<Option<Message>> {
        match self.0.row.last_message_id {
            Some(id) => {
                let message = Request::of(ctx).loaders()?.message(id).await?;
                Ok(message.map(|row| Message { row, held: self.0.held }))
            }
            None => Ok(None),
        }
    }

    /// How many messages of the customer its assignee has not read.
    #[requires(MessageRead)]
    fn unread_count(&self) -> i32 {
        self.0.row.unread_count
    }

    /// When something was last said. Orders the inbox.
    #[authenticated]
    fn last_activity_at(&self) -> DateTime {
        self.0.row.last_activity_at.into()
    }

    /// Since when the customer waits for an answer; null when they do not.
    #[authenticated]
    fn waiting_since(&self) -> Option<DateTime> {
        self.0.row.waiting_since.map(Into::into)
    }

    /// When it began.
    #[authenticated]
    fn created_at(&self) -> DateTime {
        self.0.row.created_at.into()
    }

    /// When it is to be open again; null when it is not put off.
    #[requires(
        ConversationReadAll,
        ConversationReadTeam,
        ConversationReadAssigned,
        ConversationReadUnassigned
    )]
    fn snoozed_until(&self) -> Option<DateTime> {
        self.0.row.snoozed_until.map(Into::into)
    }

    /// Since when it is for who receives escalations; null when it is not escalated.
    #[requires(
        ConversationReadAll,
        ConversationReadTeam,
        ConversationReadAssigned,
        ConversationReadUnassigned
    )]
    fn escalated_at(&self) -> Option<DateTime> {
        self.0.row.escalated_at.map(Into::into)
    }

    /// Why it was escalated, and by whom, newest first; the latest ten.
    #[requires(MessageRead, ConversationReceiveEscalation)]
    async fn escalations(&self, ctx: &Context<'_>) -> Result<Vec<Escalation>> {
        match self.0.reading {
            Reading::Whole => {}
            Reading::QueueEntry => return Err(Problem::NotFound),
        }
        let reader = Request::of(ctx).installation.database.reader();
        Ok(escalations(reader, &self.0, 10).await?.into_iter().map(Escalation).collect())
    }

    /// How it went from team to team, newest first; the latest ten.
    #[requires(MessageRead)]
    async fn transfers(&self, ctx: &Context<'_>) -> Result<Vec<Transfer>> {
        match self.0.reading {
            Reading::Whole => {}
            Reading::QueueEntry => return Err(Problem::NotFound),
        }
        let reader = Request::of(ctx).installation.database.reader();
        let rows = transfers(reader, &self.0, 10).await?;
        Ok(rows.into_iter().map(|row| Transfer { row, held: self.0.held }).collect())
    }

    /// What it is marked with.
    #[requires(
        ConversationReadAll,
        ConversationReadTeam,
        ConversationReadAssigned,
        ConversationReadUnassigned
    )]
    async fn labels(&self, ctx: &Context<'_>) -> Result<Vec<Label>> {
        labels(ctx, &Request::of(ctx).loaders()?.routing.marks(self.0.row.id).await?).await
    }

    /// Why it is with whom it is, or waits.
    #[requires(ConversationAssign, ConversationReadAssigned, ConversationReadUnassigned)]
    fn routing(&self) -> ConversationRouting {
        ConversationRouting(self.0.clone())
    }

    /// By when the team means to have answered and to be done, in the stretch that it is in; null when it was in none.
    #[requires(
        ConversationReadAll,
        ConversationReadTeam,
        ConversationReadAssigned,
        ConversationReadUnassigned
    )]
    async fn targets(&self, ctx: &Context<'_>) -> Result<Option<ConversationTargets>> {
        match self.0.row.episode_id {
            Some(id) => Ok(Request::of(ctx).loaders()?.routing.episode(id).await?.map(ConversationTargets)),
            None => Ok(None),
        }
    }

    /// What the viewer may do with it now.
    #[authenticated]
    fn viewer_can(&self) -> ConversationAbilities {
        ConversationAbilities(self.0.clone())
    }

    /// What was said, newest first. At most 100 a page.
    #[requires(MessageRead)]
    async fn messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from 0 to 100; 50 if not said.")] first: Option<i32>,
        #[graphql(desc = "Cursor behind which to go on: `pageInfo.endCursor` of the page before.")]
        after: Option<String>,
    ) -> Result<Connection<Message>> {
        match self.0.reading {
            Reading::Whole => {}
            Reading::QueueEntry => return Err(Problem::NotFound),
        }
        let size = PageSize::new(first)?;
        let after = after.as_deref().map(time_and_id).transpose()?;
        let after = after.map(|(sent_at, id)| MessageCursor { sent_at, id: MessageId(id) });
        let reader = Request::of(ctx).installation.database.reader();
        let rows = message::page(reader, &self.0, after, size.limit()).await?;
        let rows = rows.into_iter().map(|row| self.message(row)).collect();
        Ok(Connection::new(size, rows, |message: &Message| {
            encode_cursor(&[&message.row.sent_at.0.to_be_bytes(), message.row.id.0.as_bytes()])
        }))
    }
}
