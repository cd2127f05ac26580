//! Alerts: what somebody should know before the morning. One is open while its cause lasts, however often it is raised,
//! and administrators are told of it once, and again when it has become graver or something else.

mod words;

use std::collections::BTreeMap;
use std::time::Duration;

use portaria_entity::alert::{self, AlertKind, AlertSeverity};
use portaria_entity::id::{AlertId, ChannelId, ContactId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::access::Region;
use crate::activity::{Deed, record};
use crate::alert_policy::{degree, severity_of};
use crate::clock::Clock;
use crate::database::Database;
use crate::error::{Error, Refusal, Result};
use crate::harmless;
use crate::installation::Installation;
use crate::language::Language;
use crate::permission::Permission;
use crate::viewer::Viewer;

pub use words::{Words, in_words};

/// What returns so soon is the same alert still, and nobody is mailed again.
const SAME: Duration = Duration::from_secs(60 * 60);

/// What the words of an alert need: short texts by name. No content, no phone numbers.
pub type Details = BTreeMap<String, String>;

/// An alert in the words of a message to somebody: what others chose in its details is made harmless.
pub fn in_message(language: Language, row: &alert::Model) -> Words {
    let details: Details = serde_json::from_str(&row.details).unwrap_or_default();
    let details = details.into_iter().map(|(name, value)| (name, harmless::detail(&value))).collect();
    in_words(language.tag(), row.kind, &details)
}

/// Something that should be known.
#[derive(Clone, Debug)]
pub struct Raised {
    pub workspace_id: WorkspaceId,
    pub kind: AlertKind,
    /// What it is about, as distinct from others of its kind.
    pub cause: String,
    pub severity: AlertSeverity,
    pub channel_id: Option<ChannelId>,
    pub details: Details,
}

/// Which permission it takes to see an alert: that of who can do something about it.
pub fn permission(kind: AlertKind) -> Permission {
    match kind {
        AlertKind::WebhookRefused | AlertKind::WebhookTooLarge => Permission::ApiDebug,
        AlertKind::DeliveryDead | AlertKind::DeliveriesLagging | AlertKind::ForeignNumber => {
            Permission::WebhookEventRead
        }
        AlertKind::AccountRestricted
        | AlertKind::AccountChanged
        | AlertKind::NumberChanged
        | AlertKind::SecurityEvent
        | AlertKind::SyncRefused
        | AlertKind::SendingStopped => Permission::WorkspaceUpdate,
        AlertKind::PaymentEvent => Permission::BillingRead,
        AlertKind::TemplateChanged => Permission::TemplateRead,
        AlertKind::ContactsConflict => Permission::ContactReadAll,
        AlertKind::WaitingTooLong | AlertKind::TargetAtRisk => Permission::ConversationAssign,
        AlertKind::FileInfected | AlertKind::FilesWaiting | AlertKind::EndpointDisabled => {
            Permission::WorkspaceUpdate
        }
    }
}

/// What an alert is about that two contacts may be one person: both, in one order.
pub fn conflict_of(mut pair: [ContactId; 2]) -> String {
    pair.sort_unstable();
    pair.map(|contact| contact.to_string()).join(":")
}

/// The contacts that such an alert is about; none for one of another kind.
pub fn contacts_of(row: &alert::Model) -> Vec<ContactId> {
    match row.kind {
        AlertKind::ContactsConflict => row.cause.split(':').filter_map(|id| id.parse().ok()).collect(),
        _ => Vec::new(),
    }
}

/// Whether what its details say is how something stands, so that other details are other news. Those of the others count.
fn tells_a_state(kind: AlertKind) -> bool {
    match kind {
        AlertKind::AccountRestricted
        | AlertKind::AccountChanged
        | AlertKind::NumberChanged
        | AlertKind::SecurityEvent
        | AlertKind::PaymentEvent
        | AlertKind::TemplateChanged
        | AlertKind::SendingStopped => true,
        AlertKind::WebhookRefused
        | AlertKind::WebhookTooLarge
        | AlertKind::DeliveryDead
        | AlertKind::DeliveriesLagging
        | AlertKind::ForeignNumber
        | AlertKind::SyncRefused
        | AlertKind::ContactsConflict
        | AlertKind::WaitingTooLong
        | AlertKind::TargetAtRisk
        | AlertKind::FileInfected
        | AlertKind::FilesWaiting
        | AlertKind::EndpointDisabled => false,
    }
}

/// Whether each time is another event, which nothing ever ends by itself: a PIN was changed, a rule of Meta's was broken, a
/// harmful file came.
fn is_an_event(kind: AlertKind) -> bool {
    matches!(kind, AlertKind::SecurityEvent | AlertKind::AccountRestricted | AlertKind::FileInfected)
}

/// When one that is open is to be told again. `$5` is how severe it is now, `$6` its details, `$7` an hour ago.
fn told_again(kind: AlertKind) -> String {
    let in_degrees = |severity: &str| {
        let degrees = <AlertSeverity as sea_orm::Iterable>::iter()
            .map(|one| format!("WHEN '{}' THEN {}", one.to_value(), degree(severity_of(one))));
        format!("CASE {severity} {} END", degrees.collect::<Vec<_>>().join(" "))
    };
    let mut when = vec![format!("{} < {}", in_degrees("severity"), in_degrees("$5"))];
    when.extend(tells_a_state(kind).then(|| "details <> $6".to_owned()));
    when.extend(is_an_event(kind).then(|| "last_seen_at <= $7".to_owned()));
    format!("CASE WHEN {} THEN NULL ELSE mailed_at END", when.join(" OR "))
}

/// Raises an alert, in the transaction of its cause. One that is open already is seen once more.
pub async fn raise(
    connection: &impl ConnectionTrait,
    (database, clock): (&Database, &Clock),
    raised: Raised,
) -> Result<()> {
    let now = clock.now();
    let details = serde_json::to_string(&raised.details).map_err(Error::internal)?;
    let (kind, severity) = (raised.kind.to_value(), raised.severity.to_value());
    let again = format!(
        "UPDATE alerts SET resolved_at = NULL, last_seen_at = $4, occurrences = occurrences + 1, \
         severity = $5, details = $6, mailed_at = {} WHERE workspace_id = $1 AND id = \
         (SELECT id FROM alerts WHERE workspace_id = $1 AND kind = $2 AND cause = $3 \
          AND (resolved_at IS NULL OR resolved_at > $7) ORDER BY opened_at DESC LIMIT 1)",
        told_again(raised.kind)
    );
    let values = [
        raised.workspace_id.0.into(),
        kind.clone().into(),
        raised.cause.clone().into(),
        now.0.into(),
        severity.clone().into(),
        details.clone().into(),
        (now - SAME).0.into(),
    ];
    if connection.execute_raw(database.statement(&again, values)).await?.rows_affected() > 0 {
        return Ok(());
    }
    let anew = "INSERT INTO alerts (workspace_id, id, kind, cause, severity, channel_id, details, opened_at, \
                last_seen_at, occurrences) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 1) \
                ON CONFLICT (workspace_id, kind, cause) WHERE resolved_at IS NULL \
                DO UPDATE SET last_seen_at = $8, occurrences = alerts.occurrences + 1, severity = $5, details = $7";
    let id: AlertId = clock.new_id();
    let values = [
        raised.workspace_id.0.into(),
        id.0.into(),
        kind.into(),
        raised.cause.into(),
        severity.into(),
        raised.channel_id.map(|channel| channel.0).into(),
        details.into(),
        now.0.into(),
    ];
    connection.execute_raw(database.statement(anew, values)).await?;
    Ok(())
}

/// Ends an alert because its cause is gone. Whether one was open.
pub async fn settle(
    connection: &impl ConnectionTrait,
    (database, clock): (&Database, &Clock),
    (workspace, kind, cause): (WorkspaceId, AlertKind, &str),
) -> Result<bool> {
    let sql = "UPDATE alerts SET resolved_at = $4 \
               WHERE workspace_id = $1 AND kind = $2 AND cause = $3 AND resolved_at IS NULL";
    let values = [workspace.0.into(), kind.to_value().into(), cause.into(), clock.now().0.into()];
    Ok(connection.execute_raw(database.statement(sql, values)).await?.rows_affected() > 0)
}

/// The open alerts of these kinds, in every workspace, that nobody has raised again since then.
pub async fn quiet_since(
    connection: &impl ConnectionTrait,
    kinds: impl IntoIterator<Item = AlertKind>,
    since: Timestamp,
) -> Result<Vec<alert::Model>> {
    let find = alert::Entity::find()
        .filter(alert::Column::ResolvedAt.is_null())
        .filter(alert::Column::Kind.is_in(kinds))
        .filter(alert::Column::LastSeenAt.lte(since));
    Ok(find.all(connection).await?)
}

/// The alerts that a viewer may see, the newest first.
pub async fn page(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    open: Option<bool>,
    after: Option<AlertId>,
    limit: u64,
) -> Result<Vec<alert::Model>> {
    let mut find = visible(viewer);
    match open {
        Some(true) => find = find.filter(alert::Column::ResolvedAt.is_null()),
        Some(false) => find = find.filter(alert::Column::ResolvedAt.is_not_null()),
        None => {}
    }
    if let Some(after) = after {
        find = find.filter(alert::Column::Id.lt(after));
    }
    Ok(find.order_by_desc(alert::Column::Id).limit(limit).all(connection).await?)
}

/// The alerts of the workspace that this viewer may see, by what each kind needs, where it is about.
fn visible(viewer: &Viewer) -> sea_orm::Select<alert::Entity> {
    let mut kinds = Condition::any();
    for kind in <AlertKind as sea_orm::Iterable>::iter() {
        let of_kind = alert::Column::Kind.eq(kind);
        match viewer.access.region(permission(kind)) {
            Region::Everywhere => kinds = kinds.add(of_kind),
            Region::Parts { channels, .. } if channels.is_empty() => {}
            Region::Parts { channels, .. } => {
                kinds = kinds.add(of_kind.and(alert::Column::ChannelId.is_in(channels)));
            }
        }
    }
    let find = alert::Entity::find().filter(alert::Column::WorkspaceId.eq(viewer.workspace_id));
    if kinds.is_empty() { find.filter(alert::Column::Id.is_null()) } else { find.filter(kinds) }
}

/// Ends an alert because somebody has seen to it. One that is raised again within the hour is open again.
pub async fn resolve(installation: &Installation, viewer: &Viewer, id: AlertId) -> Result<alert::Model> {
    let transaction = installation.database.begin().await?;
    let row =
        visible(viewer).filter(alert::Column::Id.eq(id)).one(&transaction).await?.ok_or(Error::NotFound)?;
    let sql =
        "UPDATE alerts SET resolved_at = $3 WHERE workspace_id = $1 AND id = $2 AND resolved_at IS NULL";
    let now = installation.clock.now();
    let values = [row.workspace_id.0.into(), row.id.0.into(), now.0.into()];
    let done = transaction.execute_raw(installation.database.statement(sql, values)).await?;
    if done.rows_affected() == 0 {
        return Err(Refusal::AlreadyResolved.into());
    }
    let deed = Deed {
        workspace_id: row.workspace_id,
        actor: viewer.into(),
        action: "alert.resolved",
        subject: row.id.to_string(),
        before: None,
        after: Some(serde_json::json!({ "kind": row.kind.to_value(), "cause": row.cause })),
        address: None,
    };
    record(&transaction, &installation.clock, deed).await?;
    transaction.commit().await?;
    Ok(alert::Model { resolved_at: Some(now), ..row })
}
