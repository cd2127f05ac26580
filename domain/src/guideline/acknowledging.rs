//! Who has read a guideline, by their own word, and who has not.

use std::collections::HashMap;

use portaria_entity::guideline_acknowledgement::{self as entity, Column};
use portaria_entity::id::{GuidelineId, MemberId};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::{GuidelineRow, find};
use crate::activity::{Deed, record};
use crate::database::{Database, padded};
use crate::error::{Refusal, Result};
use crate::grant::access_of_members;
use crate::guidance::held;
use crate::installation::Installation;
use crate::permission::Permission;
use crate::turn;
use crate::viewer::Viewer;

/// How people stand with a guideline as it is now.
#[derive(Clone, Debug, Default)]
pub struct Acknowledgements {
    /// Who has read it, each with the latest version that they have; the first to have read first.
    pub read: Vec<entity::Model>,
    /// Who may read it and has not.
    pub awaited: Vec<MemberId>,
}

/// Says that one has read a guideline. `version` is what one has read: when it reads otherwise by now, that does not count.
pub async fn acknowledge(
    installation: &Installation,
    viewer: &Viewer,
    (id, version): (GuidelineId, i32),
) -> Result<GuidelineRow> {
    let member = viewer.session()?.member_id;
    let transaction = installation.database.begin().await?;
    turn::take(installation, &transaction, viewer.workspace_id, [super::TURN]).await?;
    let guideline = find(&transaction, viewer, id).await?;
    if guideline.row.archived_at.is_some() {
        return Err(Refusal::Archived.into());
    }
    if guideline.row.version != version {
        return Err(Refusal::ChangedMeanwhile.into());
    }
    let row = entity::ActiveModel {
        workspace_id: Set(viewer.workspace_id),
        guideline_id: Set(id),
        member_id: Set(member),
        version: Set(version),
        acknowledged_at: Set(installation.clock.now()),
    };
    let once = [Column::WorkspaceId, Column::GuidelineId, Column::MemberId, Column::Version];
    let written = entity::Entity::insert(row)
        .on_conflict(OnConflict::columns(once).do_nothing().to_owned())
        .exec_without_returning(&transaction)
        .await?;
    if written > 0 {
        let deed = Deed {
            workspace_id: viewer.workspace_id,
            actor: viewer.into(),
            action: "guideline.acknowledged",
            subject: id.to_string(),
            before: None,
            after: Some(serde_json::json!({ "version": version })),
            address: viewer.stated_address(),
        };
        record(&transaction, &installation.clock, deed).await?;
    }
    transaction.commit().await?;
    Ok(guideline)
}

/// When a viewer has read each of these guidelines as it is now. What is not among them they have not read.
pub async fn acknowledged(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    guidelines: &[GuidelineRow],
) -> Result<HashMap<GuidelineId, Timestamp>> {
    let Some(member) = viewer.member_id() else { return Ok(HashMap::new()) };
    let counts_from: HashMap<GuidelineId, i32> =
        guidelines.iter().map(|guideline| (guideline.row.id, guideline.row.counts_from)).collect();
    let rows = entity::Entity::find()
        .filter(Column::WorkspaceId.eq(viewer.workspace_id))
        .filter(Column::MemberId.eq(member))
        .filter(Column::GuidelineId.is_in(padded(counts_from.keys().copied().collect())))
        .order_by_asc(Column::Version)
        .all(connection)
        .await?;
    let counts =
        |row: &entity::Model| counts_from.get(&row.guideline_id).is_some_and(|from| row.version >= *from);
    // The latest version that they have read stays.
    Ok(rows.into_iter().filter(counts).map(|row| (row.guideline_id, row.acknowledged_at)).collect())
}

/// Who has read it and who has not, of those who may. For who writes it.
pub async fn acknowledgements(
    connection: &impl ConnectionTrait,
    (database, now): (&Database, Timestamp),
    guideline: &GuidelineRow,
) -> Result<Acknowledgements> {
    let mut latest: HashMap<MemberId, entity::Model> = HashMap::new();
    for row in counting(connection, guideline).await? {
        latest.entry(row.member_id).or_insert(row);
    }
    let everybody = access_of_members(connection, database, guideline.row.workspace_id, now).await?;
    let reads = |access| held(access, guideline.scope()).contains(Permission::QuickReplyRead);
    let mut awaited: Vec<MemberId> = everybody
        .iter()
        .filter(|(member, access)| reads(access) && !latest.contains_key(member))
        .map(|(member, _)| *member)
        .collect();
    awaited.sort_unstable();
    let mut read: Vec<_> = latest.into_values().collect();
    read.sort_by_key(|row| (row.acknowledged_at, row.member_id));
    Ok(Acknowledgements { read, awaited })
}

/// What was said of versions that count, the latest version of each first.
async fn counting(connection: &impl ConnectionTrait, guideline: &GuidelineRow) -> Result<Vec<entity::Model>> {
    let find = entity::Entity::find()
        .filter(Column::WorkspaceId.eq(guideline.row.workspace_id))
        .filter(Column::GuidelineId.eq(guideline.row.id))
        .filter(Column::Version.gte(guideline.row.counts_from))
        .order_by_desc(Column::Version)
        .order_by_asc(Column::MemberId);
    Ok(find.all(connection).await?)
}
