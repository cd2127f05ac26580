//! How a conversation stood before it was joined with another, as the ledger keeps it.

use portaria_entity::conversation::{ConversationStatus, Model};
use portaria_entity::id::{BotId, EpisodeId, MemberId, MessageId, TeamId};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveEnum;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    status: String,
    pub assignee_id: Option<MemberId>,
    #[serde(default)]
    bot_id: Option<BotId>,
    pub team_id: Option<TeamId>,
    pub episode_id: Option<EpisodeId>,
    pub last_assignee_id: Option<MemberId>,
    pub snoozed_until: Option<Timestamp>,
    pub escalated_at: Option<Timestamp>,
    pub created_at: Timestamp,
    activity: Activity,
}

/// What messages have made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Activity {
    last_message_id: Option<MessageId>,
    last_activity_at: Timestamp,
    last_inbound_at: Option<Timestamp>,
    waiting_since: Option<Timestamp>,
    unread_count: i32,
}

impl State {
    pub fn of(row: &Model) -> Self {
        Self {
            status: row.status.to_value(),
            assignee_id: row.assignee_id,
            bot_id: row.bot_id,
            team_id: row.team_id,
            episode_id: row.episode_id,
            last_assignee_id: row.last_assignee_id,
            snoozed_until: row.snoozed_until,
            escalated_at: row.escalated_at,
            created_at: row.created_at,
            activity: Activity {
                last_message_id: row.last_message_id,
                last_activity_at: row.last_activity_at,
                last_inbound_at: row.last_inbound_at,
                waiting_since: row.waiting_since,
                unread_count: row.unread_count,
            },
        }
    }

    pub fn status(&self) -> Result<ConversationStatus> {
        Ok(ConversationStatus::try_from_value(&self.status)?)
    }

    pub fn is_live(&self) -> Result<bool> {
        Ok(self.status()? != ConversationStatus::Resolved)
    }

    /// Whether nobody has done anything with a conversation that stood like this, whatever was said in it.
    pub fn is_that_of(&self, row: &Model) -> bool {
        Self { activity: self.activity.clone(), ..Self::of(row) } == *self
    }

    /// Lets a conversation stand as it did, when nothing was said in it since.
    pub fn restore_whole(&self, row: &mut Model, teams: &[TeamId]) -> Result<()> {
        self.restore(row, teams)?;
        row.last_message_id = self.activity.last_message_id;
        row.last_activity_at = self.activity.last_activity_at;
        row.last_inbound_at = self.activity.last_inbound_at;
        row.waiting_since = self.activity.waiting_since;
        row.unread_count = self.activity.unread_count;
        Ok(())
    }

    /// Lets a conversation stand as it did, but for what follows from its messages, and for a team that is gone.
    pub fn restore(&self, row: &mut Model, teams: &[TeamId]) -> Result<()> {
        row.status = self.status()?;
        row.assignee_id = self.assignee_id;
        // A bot's turn ended with the merge.
        row.bot_id = None;
        row.episode_id = self.episode_id;
        row.last_assignee_id = self.last_assignee_id;
        row.snoozed_until = self.snoozed_until;
        row.escalated_at = self.escalated_at;
        row.created_at = self.created_at;
        row.team_id = self.team_id.filter(|team| teams.contains(team));
        Ok(())
    }
}

/// How two conversations stood before they were joined, and how the one that stayed did afterwards.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Joining {
    pub stood: State,
    pub went: State,
    pub became: State,
}

impl Joining {
    pub fn read(text: Option<&str>) -> Result<Self> {
        serde_json::from_str(text.unwrap_or_default()).map_err(Error::internal)
    }

    pub fn to_text(&self) -> Result<String> {
        serde_json::to_string(self).map_err(Error::internal)
    }
}

pub(super) fn is_live(row: &Model) -> bool {
    row.status != ConversationStatus::Resolved
}
