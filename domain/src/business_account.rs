//! WhatsApp Business accounts: how they stand with Meta.

use portaria_entity::business_account;
use portaria_entity::id::{BusinessAccountId, WorkspaceId};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::clock::Clock;
use crate::error::Result;

/// Makes sure that there is a row for an account, for facts to be put into.
pub async fn know(
    connection: &impl ConnectionTrait,
    clock: &Clock,
    workspace: WorkspaceId,
    waba: &str,
) -> Result<()> {
    let row = business_account::ActiveModel {
        workspace_id: Set(workspace),
        id: Set(clock.new_id::<BusinessAccountId>()),
        waba_id: Set(waba.to_owned()),
        created_at: Set(clock.now()),
        ..Default::default()
    };
    let once = [business_account::Column::WorkspaceId, business_account::Column::WabaId];
    business_account::Entity::insert(row)
        .on_conflict(OnConflict::columns(once).do_nothing().to_owned())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// All that Meta has said something of, by their ids.
pub async fn all(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
) -> Result<Vec<business_account::Model>> {
    let find = business_account::Entity::find()
        .filter(business_account::Column::WorkspaceId.eq(workspace))
        .order_by_asc(business_account::Column::WabaId);
    Ok(find.all(connection).await?)
}
