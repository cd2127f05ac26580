//! A conversation is put off: it is open again at its time, or when the customer writes.

use std::time::Duration;

use portaria_entity::conversation::{self, Column, ConversationStatus};
use portaria_entity::event::EventKind;
use portaria_entity::id::ConversationId;
use portaria_entity::time::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect};

use super::assignment::Change;
use super::{Act, ConversationRow, placement};
use crate::database::literal;
use crate::error::{Error, Refusal, Result};
use crate::event::{Happening, append};
use crate::installation::Installation;
use crate::target;
use crate::viewer::Viewer;

/// Nothing is put off for longer.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// So many are woken in one transaction.
const BATCH: u64 = 100;

/// Puts a conversation off until later. Who has it keeps it.
pub async fn snooze(
    installation: &Installation,
    viewer: &Viewer,
    id: ConversationId,
    until: Timestamp,
) -> Result<ConversationRow> {
    let act = Change::begin(installation, viewer, id).await?;
    act.permit(Act::Snooze)?;
    if until <= act.now || until > act.now + LONGEST {
        return Err(Refusal::InvalidPeriod.into());
    }
    act.go_on_with_targets().await?;
    target::pause(&act.transaction, &installation.database, &act.conversation.row, (act.now, until)).await?;
    act.update("status = 'snoozed', snoozed_until = $3", [until.0.into()]).await?;
    let row = act.finish("conversation.snoozed", Some(serde_json::json!({ "until": until }))).await?;
    ConversationRow::of(viewer, row).ok_or(Error::NotFound)
}

/// Opens what was put off until now. Answers how many.
pub async fn wake(installation: &Installation) -> Result<usize> {
    let (database, now) = (&installation.database, installation.clock.now());
    let due = || {
        conversation::Entity::find()
            .filter(Expr::col(Column::Status).eq(literal(ConversationStatus::Snoozed)))
            .filter(Column::SnoozedUntil.lte(now))
            .order_by_asc(Column::SnoozedUntil)
            .limit(BATCH)
    };
    if due().one(database.reader()).await?.is_none() {
        return Ok(0);
    }
    let transaction = database.begin().await?;
    let mut rows = due().lock_exclusive().all(&transaction).await?;
    // Locked in this order by everybody.
    rows.sort_by_key(|row| row.id);
    for row in &rows {
        target::go_on(&transaction, database, row, now).await?;
        let sql = "UPDATE conversations SET status = 'open', snoozed_until = NULL \
                   WHERE workspace_id = $1 AND id = $2";
        let values = [row.workspace_id.0.into(), row.id.0.into()];
        transaction.execute_raw(database.statement(sql, values)).await?;
        let happening = Happening {
            workspace_id: row.workspace_id,
            kind: EventKind::ConversationChanged,
            conversation_id: Some(row.id),
            message_id: None,
            before: Some(placement(row).into()),
        };
        append(&transaction, &installation.clock, happening).await?;
    }
    transaction.commit().await?;
    installation.events.wake();
    Ok(rows.len())
}
