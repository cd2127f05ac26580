//! What is sent to endpoints: queued with its cause, sent afterwards in turn, tried again for three days. An endpoint that
//! takes nothing for so long is disabled, and administrators are told.

use std::collections::HashMap;
use std::time::Duration;

use portaria_entity::alert::{AlertKind, AlertSeverity};
use portaria_entity::id::{NotificationDeliveryId, NotificationEndpointId, WorkspaceId};
use portaria_entity::notification_delivery::{self, NotificationProblem, NotificationStatus};
use portaria_entity::notification_endpoint;
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveEnum, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use crate::alert::{self, Details, Raised, raise};
use crate::clock::Clock;
use crate::error::Result;
use crate::granting::Change;
use crate::installation::Installation;

/// A process that died while it was sending keeps a delivery so long. Longer than sending may take.
const LEASE: Duration = Duration::from_secs(60);
/// Pauses after failures, one after the other; the last for all that follow.
const PAUSES: [u64; 9] = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800];
/// What is put off, or leased, for longer than anything ever is was written by a clock that was wrong.
const ABSURD: Duration = Duration::from_secs(12 * 60 * 60);
const ABSURD_LEASE: Duration = Duration::from_secs(10 * 60);
/// For so long it is tried.
const GIVE_UP: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// So often something was tried, or for all of that time, before an endpoint is disabled that takes nothing.
const LEAST_ATTEMPTS: i32 = 3;
/// The longest that an endpoint may ask us to wait.
const LONGEST_WISH: Duration = Duration::from_secs(6 * 60 * 60);

/// One attempt that this process makes.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub delivery: notification_delivery::Model,
    pub endpoint: notification_endpoint::Model,
    lease: Timestamp,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Taken { answered: u16 },
    Failed { problem: NotificationProblem, answered: Option<u16>, wait: Option<Duration> },
}

/// Queues something for an endpoint, in the transaction of its cause.
pub async fn queue(
    transaction: &DatabaseTransaction,
    clock: &Clock,
    endpoint: (WorkspaceId, NotificationEndpointId),
    body: String,
) -> Result<()> {
    insert(transaction, clock, endpoint, (body, false)).await
}

pub(super) async fn insert(
    transaction: &DatabaseTransaction,
    clock: &Clock,
    (workspace_id, endpoint_id): (WorkspaceId, NotificationEndpointId),
    (body, is_test): (String, bool),
) -> Result<()> {
    let row = notification_delivery::ActiveModel {
        workspace_id: Set(workspace_id),
        id: Set(clock.new_id::<NotificationDeliveryId>()),
        endpoint_id: Set(endpoint_id),
        is_test: Set(is_test),
        body: Set(body),
        status: Set(NotificationStatus::Queued),
        attempts: Set(0),
        next_attempt_at: Set(clock.now()),
        leased_until: Set(None),
        answered: Set(None),
        problem: Set(None),
        created_at: Set(clock.now()),
        ended_at: Set(None),
    };
    notification_delivery::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}

/// Whether a test is on its way.
pub(super) async fn test_waits(
    connection: &impl ConnectionTrait,
    (workspace, id): (WorkspaceId, NotificationEndpointId),
) -> Result<bool> {
    let find = notification_delivery::Entity::find()
        .filter(notification_delivery::Column::WorkspaceId.eq(workspace))
        .filter(notification_delivery::Column::EndpointId.eq(id))
        .filter(notification_delivery::Column::IsTest.eq(true))
        .filter(notification_delivery::Column::Status.eq(NotificationStatus::Queued));
    Ok(find.one(connection).await?.is_some())
}

/// Of each endpoint the first in line, if its time has come and nobody is at it. Tests have a line of their own.
const DUE: &str = "
SELECT d.workspace_id, d.id FROM notification_deliveries d
WHERE d.status = 'queued' AND (d.next_attempt_at <= $1 OR d.next_attempt_at > $2)
  AND (d.leased_until IS NULL OR d.leased_until < $1 OR d.leased_until > $3)
  AND NOT EXISTS (SELECT 1 FROM notification_deliveries q
                  WHERE q.workspace_id = d.workspace_id AND q.endpoint_id = d.endpoint_id AND q.is_test = d.is_test
                    AND q.status = 'queued' AND q.id < d.id)
ORDER BY d.next_attempt_at LIMIT 100";

/// What may be sent now.
pub async fn due(installation: &Installation) -> Result<Vec<(WorkspaceId, NotificationDeliveryId)>> {
    let now = installation.clock.now();
    let values = [now, now + ABSURD, now + ABSURD_LEASE].map(|at| at.0.into());
    let statement = installation.database.statement(DUE, values);
    let rows = installation.database.reader().query_all_raw(statement).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// Takes a delivery for this process, unless another was faster or it is not to be sent any more.
pub async fn begin(
    installation: &Installation,
    key: (WorkspaceId, NotificationDeliveryId),
) -> Result<Option<Attempt>> {
    let now = installation.clock.now();
    let lease = now + LEASE;
    let reader = installation.database.reader();
    let Some(delivery) = notification_delivery::Entity::find_by_id(key).one(reader).await? else {
        return Ok(None);
    };
    let sql = "UPDATE notification_deliveries SET leased_until = $4, attempts = attempts + 1 \
               WHERE workspace_id = $1 AND id = $2 AND status = 'queued' AND attempts = $5 \
               AND (leased_until IS NULL OR leased_until < $3 OR leased_until > $6)";
    let values = [
        key.0.0.into(),
        key.1.0.into(),
        now.0.into(),
        lease.0.into(),
        delivery.attempts.into(),
        (now + ABSURD_LEASE).0.into(),
    ];
    let statement = installation.database.statement(sql, values);
    if installation.database.writer().execute_raw(statement).await?.rows_affected() == 0 {
        return Ok(None);
    }
    let endpoint =
        notification_endpoint::Entity::find_by_id((key.0, delivery.endpoint_id)).one(reader).await?;
    Ok(endpoint.map(|endpoint| Attempt { delivery, endpoint, lease }))
}

/// Writes down what came of an attempt. Only while its lease holds: who was away for too long has nothing to say any more.
pub async fn settle(installation: &Installation, attempt: &Attempt, outcome: Outcome) -> Result<()> {
    let now = installation.clock.now();
    let transaction = installation.database.begin().await?;
    let delivery = &attempt.delivery;
    let key = (delivery.workspace_id, delivery.endpoint_id);
    let mut row = notification_delivery::ActiveModel {
        leased_until: Set(None),
        ..notification_delivery::ActiveModel::default()
    };
    let mut again_at = None;
    match outcome {
        Outcome::Taken { answered } => {
            (row.status, row.ended_at) = (Set(NotificationStatus::Delivered), Set(Some(now)));
            (row.answered, row.problem) = (Set(Some(answered.into())), Set(None));
        }
        Outcome::Failed { problem, answered, wait } => {
            (row.answered, row.problem) = (Set(answered.map(i32::from)), Set(Some(problem)));
            let over = delivery.is_test
                || matches!(problem, NotificationProblem::Gone | NotificationProblem::Withdrawn)
                || now.since(delivery.created_at) >= GIVE_UP;
            if over {
                (row.status, row.ended_at) = (Set(NotificationStatus::Failed), Set(Some(now)));
            } else {
                let at = now + pause(delivery.attempts).max(wait.unwrap_or_default().min(LONGEST_WISH));
                row.next_attempt_at = Set(at);
                again_at = Some(at);
            }
        }
    }
    let ours = notification_delivery::Entity::update_many()
        .set(row)
        .filter(notification_delivery::Column::WorkspaceId.eq(delivery.workspace_id))
        .filter(notification_delivery::Column::Id.eq(delivery.id))
        .filter(notification_delivery::Column::Status.eq(NotificationStatus::Queued))
        .filter(notification_delivery::Column::LeasedUntil.eq(attempt.lease))
        .exec(&transaction)
        .await?;
    if ours.rows_affected == 0 {
        return Ok(());
    }
    match outcome {
        Outcome::Taken { .. } => came_through(&transaction, installation, key).await?,
        Outcome::Failed { .. } if delivery.is_test => {}
        Outcome::Failed { problem: NotificationProblem::Withdrawn, .. } => {}
        Outcome::Failed { problem, .. } => {
            fails(&transaction, installation, delivery, (problem, again_at)).await?;
        }
    }
    Ok(transaction.commit().await?)
}

fn pause(failures_before: i32) -> Duration {
    let place = usize::try_from(failures_before).unwrap_or(0).min(PAUSES.len() - 1);
    Duration::from_secs(PAUSES[place])
}

async fn came_through(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    (workspace, id): (WorkspaceId, NotificationEndpointId),
) -> Result<()> {
    let sql = "UPDATE notification_endpoints SET failing_since = NULL \
               WHERE workspace_id = $1 AND id = $2 AND failing_since IS NOT NULL";
    let values = [workspace.0.into(), id.0.into()];
    transaction.execute_raw(installation.database.statement(sql, values)).await?;
    Ok(())
}

/// What waits behind it waits as long; and an endpoint that takes nothing for three days, or is no more, is disabled.
async fn fails(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    delivery: &notification_delivery::Model,
    (problem, again_at): (NotificationProblem, Option<Timestamp>),
) -> Result<()> {
    let (workspace, id) = (delivery.workspace_id, delivery.endpoint_id);
    let now = installation.clock.now();
    let database = &installation.database;
    if let Some(at) = again_at {
        let sql = "UPDATE notification_deliveries SET next_attempt_at = $3 WHERE workspace_id = $1 AND endpoint_id = $2 \
                   AND status = 'queued' AND is_test = FALSE AND next_attempt_at < $3";
        let values = [workspace.0.into(), id.0.into(), at.0.into()];
        transaction.execute_raw(database.statement(sql, values)).await?;
    }
    let since = "UPDATE notification_endpoints SET failing_since = COALESCE(failing_since, $3) \
                 WHERE workspace_id = $1 AND id = $2";
    let values = [workspace.0.into(), id.0.into(), now.0.into()];
    transaction.execute_raw(database.statement(since, values)).await?;
    let row = notification_endpoint::Entity::find_by_id((workspace, id)).one(transaction).await?;
    let Some(row) = row.filter(|row| row.disabled_at.is_none() && row.deleted_at.is_none()) else {
        return Ok(());
    };
    let lasts = row.failing_since.is_some_and(|at| now.since(at) >= GIVE_UP);
    // A single failure after days in which nothing was to be sent says little.
    let was_tried =
        delivery.attempts.saturating_add(1) >= LEAST_ATTEMPTS || now.since(delivery.created_at) >= GIVE_UP;
    if !(lasts && was_tried) && problem != NotificationProblem::Gone {
        return Ok(());
    }
    let disable = "UPDATE notification_endpoints SET disabled_at = $3, disabled_because = $4 \
                   WHERE workspace_id = $1 AND id = $2";
    let values = [workspace.0.into(), id.0.into(), now.0.into(), problem.to_value().into()];
    transaction.execute_raw(database.statement(disable, values)).await?;
    withdraw(transaction, installation, (workspace, id)).await?;
    let raised = Raised {
        workspace_id: workspace,
        kind: AlertKind::EndpointDisabled,
        cause: id.to_string(),
        severity: AlertSeverity::Warning,
        channel_id: None,
        details: Details::from([
            ("name".to_owned(), row.name.clone()),
            ("host".to_owned(), row.host.clone()),
        ]),
    };
    raise(transaction, (database, &installation.clock), raised).await
}

/// That an endpoint was disabled is no matter any more: it is enabled, or is no more. The next time is told again.
pub(super) async fn settle_disabled(change: &Change<'_>, id: NotificationEndpointId) -> Result<()> {
    let database = (&change.installation.database, &change.installation.clock);
    let what = (change.workspace_id, AlertKind::EndpointDisabled, &*id.to_string());
    alert::settle(&change.transaction, database, what).await?;
    Ok(())
}

/// Has nothing more sent of what waits for an endpoint.
pub(super) async fn withdraw(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    (workspace, id): (WorkspaceId, NotificationEndpointId),
) -> Result<()> {
    let sql = "UPDATE notification_deliveries SET status = 'failed', problem = 'withdrawn', ended_at = $3, \
               leased_until = NULL WHERE workspace_id = $1 AND endpoint_id = $2 AND status = 'queued'";
    let values = [workspace.0.into(), id.0.into(), installation.clock.now().0.into()];
    transaction.execute_raw(installation.database.statement(sql, values)).await?;
    Ok(())
}

/// What each of some endpoints was sent last, or is to be.
pub(super) async fn last_of(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    endpoints: &[NotificationEndpointId],
) -> Result<HashMap<NotificationEndpointId, notification_delivery::Model>> {
    use sea_orm::QueryOrder;
    let mut last = HashMap::new();
    // A workspace has a few.
    for id in endpoints {
        let row = notification_delivery::Entity::find()
            .filter(notification_delivery::Column::WorkspaceId.eq(workspace))
            .filter(notification_delivery::Column::EndpointId.eq(*id))
            .order_by_desc(notification_delivery::Column::Id)
            .one(connection)
            .await?;
        last.extend(row.map(|row| (*id, row)));
    }
    Ok(last)
}
