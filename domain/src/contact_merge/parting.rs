//! Conversations part again: what was said in each before they were joined goes back, and what came since goes with who is
//! named in it.

use portaria_entity::contact_merge_part::{self, MergePart};
use portaria_entity::conversation::{ConversationStatus, Model};
use portaria_entity::id::{ContactId, EpisodeId, MessageId, TeamId};
use portaria_entity::message::{self, Column};
use portaria_entity::{conversation, episode};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};

use super::joining::Times;
use super::ledger::{OF_CONVERSATION, Work};
use super::state::{Joining, State, is_live};
use super::whose::{Side, Whose};
use crate::conversation::placement;
use crate::error::{Error, Result};
use crate::routing::lacking;

/// So many messages are looked at together.
const BATCH: u64 = 500;

/// A conversation that became part of another, with what was written down of both.
pub(super) struct Joined {
    pub stays: Model,
    pub goes: Model,
    pub states: Joining,
}

impl Work<'_> {
    /// A conversation that had gone over whole goes back. Answers what nobody has now and somebody waits in.
    pub async fn part_whole(
        &self,
        mut row: Model,
        [stays, goes]: [ContactId; 2],
        whose: &mut Whose,
    ) -> Result<Option<Model>> {
        let before = placement(&row).into();
        row.contact_id = goes;
        row.clone().into_active_model().reset_all().update(&self.transaction).await?;
        self.announce(row.id, Some(before)).await?;
        let others = self.since(&row, whose, Side::Stays).await?;
        if others.is_empty() {
            return Ok(None);
        }
        // Who stays has written over this number for the first time meanwhile.
        let mut new = Model {
            id: self.installation.clock.new_id(),
            contact_id: stays,
            status: ConversationStatus::Resolved,
            assignee_id: None,
            episode_id: None,
            last_assignee_id: row.assignee_id,
            snoozed_until: None,
            escalated_at: None,
            created_at: self.now,
            ..row.clone()
        };
        conversation::Entity::insert(new.clone().into_active_model())
            .exec_without_returning(&self.transaction)
            .await?;
        let unanswered = self.unanswered(&row).await?;
        self.move_messages(&others, &new).await?;
        for one in [&mut row, &mut new] {
            self.see_latest(one).await?;
            self.see_unanswered(one, unanswered).await?;
        }
        let opened = self.open_where_somebody_waits(&mut new).await?;
        for one in [&row, &new] {
            one.clone().into_active_model().reset_all().update(&self.transaction).await?;
        }
        self.announce(new.id, None).await?;
        Ok(opened.then_some(new))
    }

    /// Two conversations that were joined part. Answers those that nobody has now and somebody waits in.
    pub async fn part(&self, joined: Joined, teams: &[TeamId], whose: &mut Whose) -> Result<Vec<Model>> {
        let Joined { mut stays, mut goes, states } = joined;
        let before = placement(&stays).into();
        let found = (stays.clone(), goes.clone());
        let unanswered = self.unanswered(&stays).await?;
        for what in OF_CONVERSATION {
            self.shift_back(what, goes.id.0, stays.id.0).await?;
        }
        let theirs = self.since(&stays, whose, Side::Goes).await?;
        self.move_messages(&theirs, &goes).await?;
        goes.merged_into_id = None;
        let is_untouched = theirs.is_empty() && State::of(&stays) == states.became;
        self.share(&mut stays, &mut goes, (&states, teams)).await?;
        self.take_off_what_was_added(&stays).await?;
        let mut opened = Vec::new();
        let access = self.access().await?;
        for row in [&mut stays, &mut goes] {
            if !is_untouched {
                self.see_latest(row).await?;
                self.see_unanswered(row, unanswered).await?;
            }
            let may_have = row.assignee_id.and_then(|member| access.get(&member)).is_some_and(|access| {
                lacking(access.in_conversation(row.channel_id, row.team_id)).is_empty()
            });
            if is_live(row) && !may_have {
                row.assignee_id = None;
            }
            let is_opened = self.open_where_somebody_waits(row).await?;
            row.clone().into_active_model().reset_all().update(&self.transaction).await?;
            opened.extend(is_opened.then(|| row.clone()));
        }
        self.announce(stays.id, Some(before)).await?;
        self.announce(goes.id, None).await?;
        self.tell_assigned(&found.0, stays.assignee_id).await?;
        self.tell_assigned(&found.1, goes.assignee_id).await?;
        Ok(opened)
    }

    /// Decides which of two goes on with what went on in both.
    async fn share(
        &self,
        stays: &mut Model,
        goes: &mut Model,
        (Joining { stood, went, became }, teams): (&Joining, &[TeamId]),
    ) -> Result<()> {
        let episodes = self.parts(MergePart::Episode).await?;
        let is_theirs =
            |id: EpisodeId| episodes.iter().any(|part| part.part_id == id.0 && part.from_id == goes.id.0);
        if *became == State::of(stays) {
            stood.restore_whole(stays, teams)?;
            went.restore_whole(goes, teams)?;
            return self.go_on_again(goes).await;
        }
        if stays.episode_id.is_some_and(is_theirs) {
            // Theirs it was that went on: they take it with them, as it stands.
            let now = stays.clone();
            stood.restore(stays, teams)?;
            went.restore(goes, teams)?;
            goes.status = now.status;
            goes.assignee_id = now.assignee_id;
            goes.last_assignee_id = now.last_assignee_id;
            goes.episode_id = now.episode_id;
            goes.snoozed_until = now.snoozed_until;
            goes.escalated_at = now.escalated_at;
            goes.team_id = now.team_id;
            return Ok(());
        }
        let goes_on = went.is_live()? && is_live(stays) && stays.episode_id == stood.episode_id;
        went.restore(goes, teams)?;
        if goes_on {
            self.go_on_again(goes).await?;
        } else {
            goes.status = ConversationStatus::Resolved;
            goes.snoozed_until = None;
            goes.escalated_at = None;
        }
        if became.is_that_of(stays) {
            // Nobody has done anything with it since.
            stood.restore(stays, teams)?;
        }
        Ok(())
    }

    /// A stretch goes on that was ended only because another went on for both.
    async fn go_on_again(&self, goes: &Model) -> Result<()> {
        let sql = "UPDATE episodes SET resolved_at = NULL WHERE workspace_id = $1 AND id IN \
                   (SELECT part_id FROM contact_merge_parts WHERE workspace_id = $1 AND merge_id = $2 \
                    AND kind = 'ended_episode' AND from_id = $3)";
        self.execute(sql, [self.merge_id.0.into(), goes.id.0.into()]).await?;
        Ok(())
    }

    /// Labels, refusals of members and times that came of the joining alone.
    async fn take_off_what_was_added(&self, stays: &Model) -> Result<()> {
        let sql = "DELETE FROM conversation_labels WHERE workspace_id = $1 AND conversation_id = $3 AND label_id IN \
                   (SELECT part_id FROM contact_merge_parts WHERE workspace_id = $1 AND merge_id = $2 \
                    AND kind = 'added_label' AND from_id = $3)";
        self.execute(sql, [self.merge_id.0.into(), stays.id.0.into()]).await?;
        for part in self.parts(MergePart::JoinedEpisode).await? {
            if part.from_id != stays.id.0 {
                continue;
            }
            let id = EpisodeId(part.part_id);
            let sql = "DELETE FROM episode_declines WHERE workspace_id = $1 AND episode_id = $3 AND member_id IN \
                       (SELECT part_id FROM contact_merge_parts WHERE workspace_id = $1 AND merge_id = $2 \
                        AND kind = 'added_decline' AND from_id = $3)";
            self.execute(sql, [self.merge_id.0.into(), id.0.into()]).await?;
            let find = episode::Entity::find_by_id((self.workspace_id, id)).one(&self.transaction);
            if let Some(mut row) = find.await? {
                let times: Times = serde_json::from_str(part.before.as_deref().unwrap_or_default())
                    .map_err(Error::internal)?;
                times.set(&mut row);
                row.into_active_model().reset_all().update(&self.transaction).await?;
            }
        }
        Ok(())
    }

    /// What came into a conversation since the merge and belongs to this side.
    async fn since(&self, row: &Model, whose: &mut Whose, side: Side) -> Result<Vec<MessageId>> {
        let (mut found, mut after) = (Vec::new(), MessageId(self.merge_id.0));
        loop {
            let page: Vec<(MessageId, message::Direction, String)> = message::Entity::find()
                .select_only()
                .columns([Column::Id, Column::Direction, Column::Payload])
                .filter(Column::WorkspaceId.eq(self.workspace_id))
                .filter(Column::ConversationId.eq(row.id))
                .filter(Column::Id.gt(after))
                .order_by_asc(Column::Id)
                .limit(BATCH)
                .into_tuple()
                .all(&self.transaction)
                .await?;
            let Some((last, ..)) = page.last() else { return Ok(found) };
            after = *last;
            let of = |(id, direction, payload): &(MessageId, message::Direction, String)| {
                (whose.is(*direction, payload) == Some(side)).then_some(*id)
            };
            found.extend(page.iter().filter_map(of));
        }
    }

    async fn move_messages(&self, ids: &[MessageId], to: &Model) -> Result<()> {
        for some in ids.chunks(500) {
            message::Entity::update_many()
                .col_expr(Column::ConversationId, sea_orm::sea_query::Expr::value(to.id.0))
                .filter(Column::WorkspaceId.eq(self.workspace_id))
                .filter(Column::Id.is_in(some.iter().copied()))
                .exec(&self.transaction)
                .await?;
        }
        Ok(())
    }

    /// Nobody who waits is forgotten: what is resolved goes on where it holds what was not answered. Whether it does now.
    async fn open_where_somebody_waits(&self, row: &mut Model) -> Result<bool> {
        if is_live(row) {
            return Ok(false);
        }
        let Some(since) = row.waiting_since else {
            row.unread_count = 0;
            return Ok(false);
        };
        let id: EpisodeId = self.installation.clock.new_id();
        let new = episode::ActiveModel {
            workspace_id: Set(self.workspace_id),
            id: Set(id),
            conversation_id: Set(row.id),
            opened_at: Set(self.now),
            called_at: Set(Some(since)),
            ..Default::default()
        };
        episode::Entity::insert(new).exec_without_returning(&self.transaction).await?;
        row.last_assignee_id = row.assignee_id.take().or(row.last_assignee_id);
        row.status = ConversationStatus::Open;
        row.episode_id = Some(id);
        Ok(true)
    }
}

/// Which was joined with which, by what was written down.
pub(super) fn joined(rows: &[Model], parts: &[contact_merge_part::Model]) -> Result<Vec<Joined>> {
    let row = |id: uuid::Uuid| rows.iter().find(|row| row.id.0 == id).cloned();
    let whole = |part: &contact_merge_part::Model| {
        let (Some(stays), Some(goes)) = (row(part.from_id), row(part.part_id)) else {
            return Err(Error::internal("a merge without its conversations"));
        };
        Ok(Joined { stays, goes, states: Joining::read(part.before.as_deref())? })
    };
    parts.iter().map(whole).collect()
}
