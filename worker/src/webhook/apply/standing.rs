//! Where a conversation stands, told by its messages and not by the order in which they came: since when somebody waits,
//! and when they were first answered.

use portaria_domain::Result;
use portaria_entity::message::{self, Column, DeliveryStatus, Direction, MessageSource};
use portaria_entity::outgoing_message::SendState;
use portaria_entity::time::Timestamp;
use portaria_entity::{conversation, episode};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
};

use super::Application;
use super::bearing::QUIET;
use crate::whatsapp::payload::MessageKind;

/// By whom it was said.
#[derive(Clone, Copy)]
enum Said {
    /// By a customer who wants an answer.
    Call,
    /// By the company.
    Answer,
}

impl Application<'_> {
    /// Looks again at conversations in which somebody answered, or something was told out of order.
    pub(super) async fn see_where_they_stand(&mut self) -> Result<()> {
        let again = self.touched.values().filter(|touched| touched.has_to_be_seen());
        let again: Vec<_> = again.map(|touched| (touched.row.clone(), touched.called_early)).collect();
        for (row, called_early) in again {
            self.see_where_it_stands(&row, called_early).await?;
        }
        Ok(())
    }

    async fn see_where_it_stands(
        &mut self,
        row: &conversation::Model,
        called_early: Option<Timestamp>,
    ) -> Result<()> {
        let Some(episode) = row.episode_id else { return Ok(()) };
        if let Some(at) = called_early {
            let sql = "UPDATE episodes SET called_at = $3 WHERE workspace_id = $1 AND id = $2 \
                       AND (called_at IS NULL OR called_at > $3)";
            let values = [row.workspace_id.0.into(), episode.0.into(), at.0.into()];
            self.transaction.execute_raw(self.installation.database.statement(sql, values)).await?;
        }
        let find = episode::Entity::find_by_id((row.workspace_id, episode));
        let Some(episode) = find.one(self.transaction).await? else { return Ok(()) };
        let since = episode.called_at.unwrap_or(episode.opened_at);
        let waiting = self.waiting_since(row, since).await?;
        if let Some(touched) = self.touched.get_mut(&row.id) {
            touched.row.waiting_since = waiting;
        }
        self.write_first_response(row, &episode, since).await
    }

    /// The first that was said after the last answer.
    async fn waiting_since(&self, row: &conversation::Model, since: Timestamp) -> Result<Option<Timestamp>> {
        let answered = said(row, Said::Answer)
            .filter(Column::SentAt.gte(since))
            .order_by_desc(Column::SentAt)
            .select_only()
            .column(Column::SentAt)
            .into_tuple::<Timestamp>()
            .one(self.transaction)
            .await?;
        let calls = match answered {
            Some(answered) => said(row, Said::Call).filter(Column::SentAt.gt(answered)),
            None => said(row, Said::Call).filter(Column::SentAt.gte(since)),
        };
        let first = calls.order_by_asc(Column::SentAt).select_only().column(Column::SentAt);
        Ok(first.into_tuple::<Timestamp>().one(self.transaction).await?)
    }

    async fn write_first_response(
        &self,
        row: &conversation::Model,
        episode: &episode::Model,
        since: Timestamp,
    ) -> Result<()> {
        let first = said(row, Said::Answer)
            .filter(Column::SentAt.gte(since))
            .order_by_asc(Column::SentAt)
            .select_only()
            .column(Column::SentAt)
            .into_tuple::<Timestamp>()
            .one(self.transaction)
            .await?;
        if first == episode.first_response_at {
            return Ok(());
        }
        let sql = "UPDATE episodes SET first_response_at = $3 \
                   WHERE workspace_id = $1 AND id = $2 AND resolved_at IS NULL";
        let values = [row.workspace_id.0.into(), episode.id.0.into(), first.map(|at| at.0).into()];
        self.transaction.execute_raw(self.installation.database.statement(sql, values)).await?;
        Ok(())
    }

    /// Whether the company has written since: a message that comes late may be answered already.
    pub(super) async fn is_answered(&mut self, call: &message::Model) -> Result<bool> {
        self.write_rows().await?;
        let later = message::Entity::find()
            .filter(Column::WorkspaceId.eq(call.workspace_id))
            .filter(Column::ConversationId.eq(call.conversation_id))
            .filter(Column::SentAt.gte(call.sent_at));
        let later = of_kind(later, Said::Answer).select_only().column(Column::SentAt);
        Ok(later.into_tuple::<Timestamp>().one(self.transaction).await?.is_some())
    }
}

fn said(row: &conversation::Model, by: Said) -> Select<message::Entity> {
    let find = message::Entity::find()
        .filter(Column::WorkspaceId.eq(row.workspace_id))
        .filter(Column::ConversationId.eq(row.id));
    of_kind(find, by)
}

fn of_kind(find: Select<message::Entity>, by: Said) -> Select<message::Entity> {
    let find = find.filter(Column::Kind.is_not_in(QUIET.iter().map(MessageKind::name)));
    match by {
        Said::Call => find
            .filter(Column::Direction.eq(Direction::Inbound))
            .filter(Column::Source.eq(MessageSource::Live)),
        // What Meta has not taken yet, or did not bring there, answers nobody.
        Said::Answer => {
            find.filter(Column::Direction.eq(Direction::Outbound))
                .filter(Condition::any().add(Column::Sending.is_null()).add(
                    Column::Sending.eq(SendState::Accepted).and(Column::Status.ne(DeliveryStatus::Failed)),
                ))
                .filter(Column::Source.is_in([MessageSource::Live, MessageSource::Echo]))
        }
    }
}

/// Whether a message of this kind says nothing that answers anybody.
pub(super) fn is_quiet(kind: &str) -> bool {
    QUIET.iter().any(|quiet| quiet.name() == kind)
}
