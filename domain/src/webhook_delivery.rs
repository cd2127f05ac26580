//! What Meta delivered and what became of it: seen by who may see deliveries, worked through again by who may say so.

mod redaction;
mod trace;
mod upkeep;

use portaria_entity::id::{ChannelId, MetaAppId, WebhookDeliveryId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::webhook_delivery::{self, Column, WebhookDeliveryStatus};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect, Select,
};

use crate::access::Region;
use crate::activity::{Deed, record};
use crate::database::literal;
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::permission::{Permission, PermissionSet};
use crate::viewer::Viewer;

pub use redaction::redact;
pub use trace::{Fingerprint, Sighting, Trace, TracedEvent, fingerprint, note_sightings, trace};
pub use upkeep::{Told, alert_dead, look_after};

/// A delivery without its bytes.
#[derive(Clone, Debug, FromQueryResult)]
pub struct DeliveryRow {
    pub workspace_id: WorkspaceId,
    pub id: WebhookDeliveryId,
    pub meta_app_id: MetaAppId,
    pub received_at: Timestamp,
    pub status: WebhookDeliveryStatus,
    pub attempts: i32,
    pub next_attempt_at: Timestamp,
    pub processed_at: Option<Timestamp>,
    pub error: Option<String>,
    pub stored_count: i32,
    pub duplicate_count: i32,
    pub foreign_count: i32,
    pub channel_id: Option<ChannelId>,
}

/// Which deliveries of a workspace.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeliveryFilter {
    pub status: Option<WebhookDeliveryStatus>,
    pub channel_id: Option<ChannelId>,
}

/// Deliveries that the viewer may see, the newest first.
pub async fn page(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    filter: DeliveryFilter,
    after: Option<WebhookDeliveryId>,
    limit: u64,
) -> Result<Vec<DeliveryRow>> {
    let mut find = visible(viewer);
    if let Some(status) = filter.status {
        find = find.filter(Expr::col(Column::Status).eq(literal(status)));
    }
    if let Some(channel) = filter.channel_id {
        find = find.filter(Column::ChannelId.eq(channel));
    }
    if let Some(after) = after {
        find = find.filter(Column::Id.lt(after));
    }
    Ok(find.order_by_desc(Column::Id).limit(limit).into_model().all(connection).await?)
}

pub async fn find(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    id: WebhookDeliveryId,
) -> Result<Option<DeliveryRow>> {
    Ok(visible(viewer).filter(Column::Id.eq(id)).into_model().one(connection).await?)
}

/// All deliveries, or those that are wholly about numbers on which the viewer may see them.
fn visible(viewer: &Viewer) -> Select<webhook_delivery::Entity> {
    let columns = [
        Column::WorkspaceId,
        Column::Id,
        Column::MetaAppId,
        Column::ReceivedAt,
        Column::Status,
        Column::Attempts,
        Column::NextAttemptAt,
        Column::ProcessedAt,
        Column::Error,
        Column::StoredCount,
        Column::DuplicateCount,
        Column::ForeignCount,
        Column::ChannelId,
    ];
    let find = webhook_delivery::Entity::find()
        .select_only()
        .columns(columns)
        .filter(Column::WorkspaceId.eq(viewer.workspace_id));
    match viewer.access.region(Permission::WebhookEventRead) {
        Region::Everywhere => find,
        Region::Parts { channels, .. } => find.filter(Column::ChannelId.is_in(channels)),
    }
}

/// What the viewer holds where a delivery is about: on its number, or everywhere.
pub fn held(viewer: &Viewer, row: &DeliveryRow) -> PermissionSet {
    match row.channel_id {
        Some(channel) => viewer.access.in_channel(channel),
        None => viewer.access.everywhere(),
    }
}

/// What a delivery says. Whole for who may read messages and phone numbers where it is about, which is recorded; for
/// others its structure, without texts, names and numbers, and nothing of what is not JSON. Also answers whether it was redacted.
pub async fn body(
    installation: &Installation,
    viewer: &Viewer,
    row: &DeliveryRow,
) -> Result<(Option<String>, bool)> {
    let bytes: Option<Vec<u8>> = webhook_delivery::Entity::find()
        .select_only()
        .column(Column::Body)
        .filter(Column::WorkspaceId.eq(row.workspace_id))
        .filter(Column::Id.eq(row.id))
        .into_tuple()
        .one(installation.database.reader())
        .await?;
    let bytes = bytes.ok_or(Error::NotFound)?;
    let held = held(viewer, row);
    if !held.contains(Permission::MessageRead) || !held.contains(Permission::ContactReadPhone) {
        return Ok((redact(&bytes), true));
    }
    viewer.note_use(PermissionSet::of(&[Permission::MessageRead, Permission::ContactReadPhone]));
    let transaction = installation.database.begin().await?;
    note(installation, &transaction, (viewer, row), "webhook_delivery.read").await?;
    transaction.commit().await?;
    Ok((Some(String::from_utf8_lossy(&bytes).into_owned()), false))
}

/// Has a delivery worked through again from its beginning. What it brought before is known, and is not stored twice.
/// Twice is as good as once: one that waits to be worked through is refused, and stays as it is.
pub async fn replay(
    installation: &Installation,
    viewer: &Viewer,
    id: WebhookDeliveryId,
) -> Result<DeliveryRow> {
    let transaction = installation.database.begin().await?;
    let row = find(&transaction, viewer, id).await?.ok_or(Error::NotFound)?;
    if !held(viewer, &row).contains(Permission::WebhookEventReplay) {
        return Err(Error::Forbidden { any_of: PermissionSet::of(&[Permission::WebhookEventReplay]) });
    }
    viewer.note_use(PermissionSet::of(&[Permission::WebhookEventReplay]));
    let again = format!(
        "UPDATE webhook_deliveries SET {} WHERE workspace_id = $2 AND id = $3 AND status IN ('done', 'dead')",
        upkeep::AFRESH
    );
    let now = installation.clock.now();
    let values = [now.0.into(), row.workspace_id.0.into(), row.id.0.into()];
    let begun = transaction.execute_raw(installation.database.statement(&again, values)).await?;
    if begun.rows_affected() == 0 {
        return Err(Refusal::AlreadyPending.into());
    }
    let noted = "DELETE FROM foreign_items WHERE workspace_id = $1 AND delivery_id = $2";
    let values = [row.workspace_id.0.into(), row.id.0.into()];
    transaction.execute_raw(installation.database.statement(noted, values)).await?;
    note(installation, &transaction, (viewer, &row), "webhook_delivery.replayed").await?;
    let row = find(&transaction, viewer, id).await?.ok_or(Error::NotFound)?;
    transaction.commit().await?;
    Ok(row)
}

async fn note(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    (viewer, row): (&Viewer, &DeliveryRow),
    action: &'static str,
) -> Result<()> {
    let status: &'static str = row.status.into();
    let deed = Deed {
        workspace_id: row.workspace_id,
        actor: viewer.into(),
        action,
        subject: row.id.to_string(),
        before: Some(serde_json::json!({ "status": status, "error": row.error })),
        after: None,
        address: None,
    };
    record(transaction, &installation.clock, deed).await
}
