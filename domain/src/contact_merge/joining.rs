//! Two conversations over one number become one.

use std::collections::HashMap;

use portaria_entity::bot_turn::TurnEnd;
use portaria_entity::contact_merge_part::MergePart;
use portaria_entity::conversation::{ConversationStatus, Model};
use portaria_entity::episode;
use portaria_entity::id::MemberId;
use portaria_entity::time::Timestamp;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use serde_json::json;

use super::ledger::{OF_CONVERSATION, Work};
use super::state::{Joining, State, is_live};
use crate::access::{Access, Reading};
use crate::bot::turn::{Ending, end};
use crate::conversation::placement;
use crate::error::Result;
use crate::routing::lacking;

fn earlier<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// How it stands when one has become part of the other, but for its latest message: what goes on in either goes on, with
/// who has it; of two who have it, with who has the one that stays.
fn joined(into: &Model, from: &Model) -> Model {
    let live: Vec<&Model> = [into, from].into_iter().filter(|row| is_live(row)).collect();
    let leading = live.first().copied().unwrap_or(into);
    let keeper = live.iter().copied().find(|row| row.assignee_id.is_some());
    let is_open = live.iter().any(|row| row.status == ConversationStatus::Open);
    let all = |of: fn(&Model) -> Option<Timestamp>| live.iter().filter_map(|row| of(row)).min();
    let mut row = into.clone();
    row.status = match (live.is_empty(), is_open) {
        (true, _) => ConversationStatus::Resolved,
        (false, true) => ConversationStatus::Open,
        (false, false) => ConversationStatus::Snoozed,
    };
    row.snoozed_until = if is_open { None } else { all(|row| row.snoozed_until) };
    row.episode_id = leading.episode_id.or(from.episode_id);
    row.assignee_id =
        keeper.map_or_else(|| into.assignee_id.filter(|_| live.is_empty()), |row| row.assignee_id);
    // People go on with what two conversations have become.
    row.bot_id = None;
    row.last_assignee_id = row.assignee_id.or(leading.last_assignee_id).or(from.last_assignee_id);
    row.team_id = leading.team_id.or_else(|| live.iter().find_map(|row| row.team_id)).or(into.team_id);
    row.escalated_at = keeper.map_or_else(|| all(|row| row.escalated_at), |row| row.escalated_at);
    row.waiting_since = all(|row| row.waiting_since);
    row.unread_count = live.iter().fold(0, |sum: i32, row| sum.saturating_add(row.unread_count));
    row.created_at = into.created_at.min(from.created_at);
    row
}

/// Whether who had one of two conversations keeps what they have become: who goes on with it by the rules of routing; of
/// what is resolved, only who could read both.
fn keeps(access: &HashMap<MemberId, Access>, member: MemberId, row: &Model, both: [&Model; 2]) -> bool {
    let Some(access) = access.get(&member) else { return false };
    match is_live(row) {
        true => lacking(access.in_conversation(row.channel_id, row.team_id)).is_empty(),
        false => both.iter().all(|row| access.reading(placement(row)) == Some(Reading::Whole)),
    }
}

impl Work<'_> {
    /// Lets one conversation become part of another. Answers it where it goes on and nobody has it any more who had it.
    pub async fn join(&self, into: &Model, from: &Model) -> Result<Option<Model>> {
        for what in OF_CONVERSATION {
            self.shift(what, from.id.0, into.id.0).await?;
        }
        self.amend(into).await?;
        self.join_labels(into, from).await?;
        let mut row = joined(into, from);
        self.see_latest(&mut row).await?;
        let had = row.assignee_id;
        if let Some(member) = had
            && !keeps(&self.access().await?, member, &row, [into, from])
        {
            row.assignee_id = None;
        }
        if is_live(into) && is_live(from) {
            self.join_episodes(into, from).await?;
        }
        let states = Joining { stood: State::of(into), went: State::of(from), became: State::of(&row) };
        self.note(MergePart::Joined, (from.id.0, into.id.0), Some(states.to_text()?)).await?;
        row.clone().into_active_model().reset_all().update(&self.transaction).await?;
        self.empty(from, into).await?;
        let of_bots = into.bot_id.or(from.bot_id).is_some();
        for was in [from, into].into_iter().filter(|row| row.bot_id.is_some()) {
            let ending = Ending::of(TurnEnd::Merged, self.viewer.member_id(), self.now);
            end(&self.transaction, &self.installation.database, was, ending).await?;
        }
        self.announce(from.id, Some(placement(from).into())).await?;
        self.announce(into.id, Some(placement(into).into())).await?;
        self.tell_assigned(from, None).await?;
        self.tell_assigned(into, row.assignee_id).await?;
        let before = json!({ "assignee": from.assignee_id, "assigneeOfOther": into.assignee_id });
        let after = json!({ "into": into.id, "assignee": row.assignee_id });
        self.record("conversation.merged", from.id, (Some(before), Some(after))).await?;
        let is_released = is_live(&row) && (had.is_some() || of_bots) && row.assignee_id.is_none();
        Ok(is_released.then_some(row))
    }

    /// What has become part of another has nothing of its own, but remembers its contact and number.
    async fn empty(&self, from: &Model, into: &Model) -> Result<()> {
        let mut row = from.clone();
        row.status = ConversationStatus::Resolved;
        row.assignee_id = None;
        row.bot_id = None;
        row.episode_id = None;
        row.last_message_id = None;
        row.waiting_since = None;
        row.unread_count = 0;
        row.snoozed_until = None;
        row.escalated_at = None;
        row.merged_into_id = Some(into.id);
        row.into_active_model().reset_all().update(&self.transaction).await?;
        Ok(())
    }

    async fn join_labels(&self, into: &Model, from: &Model) -> Result<()> {
        let sql = "INSERT INTO contact_merge_parts (workspace_id, merge_id, kind, part_id, from_id) \
                   SELECT l.workspace_id, $2, 'added_label', l.label_id, $3 FROM conversation_labels l \
                   WHERE l.workspace_id = $1 AND l.conversation_id = $4 AND NOT EXISTS (\
                     SELECT 1 FROM conversation_labels d WHERE d.workspace_id = $1 AND d.conversation_id = $3 \
                     AND d.label_id = l.label_id)";
        self.execute(sql, [self.merge_id.0.into(), into.id.0.into(), from.id.0.into()]).await?;
        let sql = "INSERT INTO conversation_labels (workspace_id, conversation_id, label_id) \
                   SELECT workspace_id, $2, label_id FROM conversation_labels \
                   WHERE workspace_id = $1 AND conversation_id = $3 \
                   ON CONFLICT (workspace_id, conversation_id, label_id) DO NOTHING";
        self.execute(sql, [into.id.0.into(), from.id.0.into()]).await?;
        Ok(())
    }

    /// Of two stretches that go on, one goes on for both: with the earlier of their times, and without who declined either.
    async fn join_episodes(&self, into: &Model, from: &Model) -> Result<()> {
        let (Some(kept), Some(ended)) = (into.episode_id, from.episode_id) else { return Ok(()) };
        let find =
            async |id| episode::Entity::find_by_id((self.workspace_id, id)).one(&self.transaction).await;
        let (Some(mut kept), Some(ended)) = (find(kept).await?, find(ended).await?) else { return Ok(()) };
        let before = Times::of(&kept);
        let times = serde_json::to_string(&before).map_err(crate::Error::internal)?;
        self.note(MergePart::JoinedEpisode, (kept.id.0, into.id.0), Some(times)).await?;
        before.with(&Times::of(&ended)).set(&mut kept);
        let kept_id = kept.id;
        kept.into_active_model().reset_all().update(&self.transaction).await?;
        if ended.resolved_at.is_none() {
            self.note(MergePart::EndedEpisode, (ended.id.0, from.id.0), None).await?;
            let sql = "UPDATE episodes SET resolved_at = $2 WHERE workspace_id = $1 AND id = $3";
            self.execute(sql, [self.now.0.into(), ended.id.0.into()]).await?;
        }
        let sql = "INSERT INTO contact_merge_parts (workspace_id, merge_id, kind, part_id, from_id) \
                   SELECT e.workspace_id, $2, 'added_decline', e.member_id, $3 FROM episode_declines e \
                   WHERE e.workspace_id = $1 AND e.episode_id = $4 AND NOT EXISTS (\
                     SELECT 1 FROM episode_declines d WHERE d.workspace_id = $1 AND d.episode_id = $3 \
                     AND d.member_id = e.member_id)";
        self.execute(sql, [self.merge_id.0.into(), kept_id.0.into(), ended.id.0.into()]).await?;
        let sql = "INSERT INTO episode_declines (workspace_id, episode_id, member_id, declined_at) \
                   SELECT workspace_id, $2, member_id, declined_at FROM episode_declines \
                   WHERE workspace_id = $1 AND episode_id = $3 \
                   ON CONFLICT (workspace_id, episode_id, member_id) DO NOTHING";
        self.execute(sql, [kept_id.0.into(), ended.id.0.into()]).await?;
        Ok(())
    }
}

/// When a stretch began and by when it is to be done.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Times {
    called_at: Option<Timestamp>,
    first_response_due_at: Option<Timestamp>,
    resolution_due_at: Option<Timestamp>,
    first_response_risk_at: Option<Timestamp>,
    resolution_risk_at: Option<Timestamp>,
}

impl Times {
    fn of(row: &episode::Model) -> Self {
        Self {
            called_at: row.called_at,
            first_response_due_at: row.first_response_due_at,
            resolution_due_at: row.resolution_due_at,
            first_response_risk_at: row.first_response_risk_at,
            resolution_risk_at: row.resolution_risk_at,
        }
    }

    fn with(&self, other: &Self) -> Self {
        Self {
            called_at: earlier(self.called_at, other.called_at),
            first_response_due_at: earlier(self.first_response_due_at, other.first_response_due_at),
            resolution_due_at: earlier(self.resolution_due_at, other.resolution_due_at),
            first_response_risk_at: earlier(self.first_response_risk_at, other.first_response_risk_at),
            resolution_risk_at: earlier(self.resolution_risk_at, other.resolution_risk_at),
        }
    }

    pub fn set(&self, row: &mut episode::Model) {
        row.called_at = self.called_at;
        row.first_response_due_at = self.first_response_due_at;
        row.resolution_due_at = self.resolution_due_at;
        row.first_response_risk_at = self.first_response_risk_at;
        row.resolution_risk_at = self.resolution_risk_at;
    }
}
