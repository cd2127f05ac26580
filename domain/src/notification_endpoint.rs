//! Endpoints of notifications: where else than by mail administrators are told at once. Each is a principal that holds a few
//! permissions, given by who makes it out of what they hold themselves, for good; what is sent there passes the same guards
//! as a person's question. It is the workspace's, not its maker's: it goes on when they leave, and the audit says so.

mod delivery;
mod message;
mod secret;

use std::collections::HashMap;

use portaria_entity::alert::AlertKind;
use portaria_entity::finding::Severity;
use portaria_entity::id::{NotificationEndpointId, WorkspaceId};
use portaria_entity::notification_endpoint::{self, EndpointKind};
use portaria_entity::notification_endpoint_secret::SecretPurpose;
use portaria_entity::{alert, notification_delivery};
use sea_orm::{
    ActiveEnum, ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, Iterable, QueryFilter,
    QueryOrder,
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::access::Scope;
use crate::alert::permission;
use crate::alert_policy::{degree, severity_of};
use crate::error::{Error, Refusal, Result};
use crate::granting::{Change, Conferral, stated};
use crate::language::Language;
use crate::permission::{Permission, PermissionSet};

pub use delivery::{Attempt, Outcome, begin, due, queue, settle};
pub use message::{News, link, news};
pub use secret::{Secrets, secrets};

const NAME_CHARS: usize = 100;
const ADDRESS_CHARS: usize = 2_000;
/// So many a workspace may have.
const MOST: usize = 20;

/// An endpoint with what it holds.
#[derive(Clone, Debug)]
pub struct EndpointRow {
    pub row: notification_endpoint::Model,
    pub permissions: PermissionSet,
    /// What was sent there last, or is to be.
    pub last: Option<notification_delivery::Model>,
}

impl EndpointRow {
    fn of(row: notification_endpoint::Model) -> Self {
        let permissions = row.permissions.split(' ').filter_map(Permission::from_key).collect();
        Self { row, permissions, last: None }
    }

    pub fn language(&self) -> Language {
        Language::from_tag(&self.row.language)
    }

    /// Whether findings so severe are told there.
    pub fn may_have_finding(&self, severity: Severity) -> bool {
        self.permissions.contains(Permission::AccessAuditRead) && self.is_severe_enough(severity)
    }

    /// Whether an alert is told there: by the permission that a person needs to see it.
    pub fn may_have_alert(&self, alert: &alert::Model) -> bool {
        self.permissions.contains(permission(alert.kind))
            && self.is_severe_enough(severity_of(alert.severity))
    }

    /// Whether it is told who somebody is, and from where they came.
    pub fn may_have_names(&self) -> bool {
        self.permissions.contains(Permission::MemberReadPrivate)
    }

    fn is_severe_enough(&self, severity: Severity) -> bool {
        degree(severity) >= degree(self.row.least_severity)
    }

    /// As the activity log tells it. Its address may be a secret: only the host is told.
    fn told(&self) -> Value {
        json!({
            "name": self.row.name,
            "kind": self.row.kind.to_value(),
            "host": self.row.host,
            "language": self.row.language,
            "leastSeverity": self.row.least_severity.to_value(),
            "permissions": self.row.permissions.split(' ').collect::<Vec<_>>(),
            "enabled": self.row.disabled_at.is_none(),
        })
    }
}

/// Which permissions an endpoint may hold: to be told of findings, of each kind of alert, and of whom they are about.
pub fn holdable() -> PermissionSet {
    let always = PermissionSet::of(&[Permission::AccessAuditRead, Permission::MemberReadPrivate]);
    AlertKind::iter().map(permission).collect::<PermissionSet>().union(always)
}

/// What can be set of an endpoint; what is `None` stays as it was.
#[derive(Clone, Copy, Default)]
pub struct Settings<'a> {
    pub name: Option<&'a str>,
    pub address: Option<&'a str>,
    pub language: Option<&'a str>,
    pub least_severity: Option<Severity>,
    pub permissions: Option<PermissionSet>,
    pub is_enabled: Option<bool>,
}

/// An endpoint with the secret that it signs with, which is shown this once. Slack's have none.
pub struct Shown {
    pub endpoint: EndpointRow,
    pub secret: Option<Zeroizing<String>>,
}

/// Makes an endpoint.
pub async fn create(change: &mut Change<'_>, kind: EndpointKind, settings: Settings<'_>) -> Result<Shown> {
    if all(&change.transaction, change.workspace_id).await?.len() >= MOST {
        return Err(Refusal::TooMany.into());
    }
    let workspace = crate::workspace::find(&change.transaction, change.workspace_id).await?;
    let row = notification_endpoint::Model {
        workspace_id: change.workspace_id,
        id: change.installation.clock.new_id(),
        name: stated(settings.name.unwrap_or_default(), Refusal::NameMissing)?.to_owned(),
        kind,
        host: String::new(),
        language: Language::from_tag(settings.language.unwrap_or(&workspace.locale)).tag().to_owned(),
        least_severity: settings.least_severity.unwrap_or(Severity::Low),
        permissions: String::new(),
        created_by: change.author(),
        created_at: change.now,
        updated_at: change.now,
        failing_since: None,
        disabled_at: None,
        disabled_because: None,
        deleted_at: None,
    };
    let address = settings.address.unwrap_or_default();
    let permissions = settings.permissions.unwrap_or_default();
    let settings = Settings { address: Some(address), permissions: Some(permissions), ..settings };
    let row = set(change, row, settings)?;
    notification_endpoint::Entity::insert(notification_endpoint::ActiveModel::from(row.clone()))
        .exec_without_returning(&change.transaction)
        .await?;
    secret::put(change, row.id, (SecretPurpose::Address, address.trim())).await?;
    let secret = match kind {
        EndpointKind::Slack => None,
        EndpointKind::Webhook => Some(secret::make(change, row.id).await?),
    };
    let endpoint = EndpointRow::of(row);
    change.record("notification_endpoint.created", endpoint.row.id, (None, Some(endpoint.told()))).await?;
    Ok(Shown { endpoint, secret })
}

/// Changes an endpoint. What waits to be sent there was made for how it was, and is withdrawn when it may have less or is
/// elsewhere.
pub async fn update(
    change: &mut Change<'_>,
    id: NotificationEndpointId,
    settings: Settings<'_>,
) -> Result<EndpointRow> {
    let before = changeable(change, id).await?;
    let mut row = set(change, before.row.clone(), settings)?;
    match settings.is_enabled {
        Some(true) => {
            (row.disabled_at, row.disabled_because, row.failing_since) = (None, None, None);
            delivery::settle_disabled(change, id).await?;
        }
        Some(false) if row.disabled_at.is_none() => row.disabled_at = Some(change.now),
        Some(false) | None => {}
    }
    let permissions = EndpointRow::of(row.clone()).permissions;
    let may_have_less = !permissions.contains_all(before.permissions);
    let is_over = may_have_less || settings.address.is_some() || row.disabled_at.is_some();
    if is_over {
        // What has failed until now says nothing of how it is from here on.
        row.failing_since = None;
    }
    row.updated_at = change.now;
    let all = notification_endpoint::ActiveModel::from(row.clone()).reset_all();
    notification_endpoint::Entity::update(all).exec(&change.transaction).await?;
    if let Some(address) = settings.address {
        secret::forget(change, id, SecretPurpose::Address).await?;
        secret::put(change, id, (SecretPurpose::Address, address.trim())).await?;
    }
    let after = EndpointRow::of(row);
    if is_over {
        delivery::withdraw(&change.transaction, change.installation, (change.workspace_id, id)).await?;
    }
    change.record("notification_endpoint.updated", id, (Some(before.told()), Some(after.told()))).await?;
    find(&change.transaction, (change.workspace_id, id)).await
}

/// Takes an endpoint away, with its secrets.
pub async fn delete(change: &mut Change<'_>, id: NotificationEndpointId) -> Result<NotificationEndpointId> {
    let before = changeable(change, id).await?;
    delivery::withdraw(&change.transaction, change.installation, (change.workspace_id, id)).await?;
    for purpose in SecretPurpose::iter() {
        secret::forget(change, id, purpose).await?;
    }
    delivery::settle_disabled(change, id).await?;
    let sql = "UPDATE notification_endpoints SET deleted_at = $3 WHERE workspace_id = $1 AND id = $2";
    change.execute(sql, [id.0.into(), change.now.0.into()]).await?;
    change.record("notification_endpoint.deleted", id, (Some(before.told()), None)).await?;
    Ok(id)
}

/// Signs with another secret from now on, and for so many hours with the one before as well.
pub async fn rotate(
    change: &mut Change<'_>,
    id: NotificationEndpointId,
    overlap_hours: u32,
) -> Result<Shown> {
    let endpoint = changeable(change, id).await?;
    if endpoint.row.kind == EndpointKind::Slack {
        return Err(Refusal::NothingToRotate.into());
    }
    secret::replace(change, id, overlap_hours).await?;
    let secret = Some(secret::make(change, id).await?);
    change
        .record(
            "notification_endpoint.secret_rotated",
            id,
            (None, Some(json!({ "overlapHours": overlap_hours }))),
        )
        .await?;
    Ok(Shown { endpoint: find(&change.transaction, (change.workspace_id, id)).await?, secret })
}

/// An endpoint that may be changed: by who holds all that it holds.
async fn changeable(change: &Change<'_>, id: NotificationEndpointId) -> Result<EndpointRow> {
    let endpoint = find(&change.transaction, (change.workspace_id, id)).await?;
    match confer(change, endpoint.permissions) {
        Err(Error::Refused(Refusal::NotHeld | Refusal::OutlastsGranter)) => Err(Refusal::HoldsMore.into()),
        other => other.map(|()| endpoint),
    }
}

/// Refuses who would have an endpoint told what they may not know themselves, or not for good.
fn confer(change: &Change<'_>, permissions: PermissionSet) -> Result<()> {
    change.confer(Conferral { scope: Scope::Workspace, permissions, until: None })
}

/// Puts settings into a row.
fn set(
    change: &Change<'_>,
    mut row: notification_endpoint::Model,
    settings: Settings<'_>,
) -> Result<notification_endpoint::Model> {
    if let Some(name) = settings.name {
        row.name = stated(name, Refusal::NameMissing)?.to_owned();
        if row.name.chars().count() > NAME_CHARS {
            return Err(Refusal::TextTooLong.into());
        }
    }
    if let Some(address) = settings.address {
        row.host = permitted(change, address.trim())?;
    }
    if let Some(language) = settings.language {
        row.language = Language::from_tag(language).tag().to_owned();
    }
    if let Some(permissions) = settings.permissions {
        if permissions.is_empty() {
            return Err(Refusal::NothingConferred.into());
        }
        if !holdable().contains_all(permissions) {
            return Err(Error::BadInput("an endpoint holds nothing of that kind".to_owned()));
        }
        confer(change, permissions)?;
        row.permissions = permissions.iter().map(Permission::key).collect::<Vec<_>>().join(" ");
    }
    row.least_severity = settings.least_severity.unwrap_or(row.least_severity);
    Ok(row)
}

/// The host of an address that something may be sent to.
fn permitted(change: &Change<'_>, address: &str) -> Result<String> {
    let url = change.installation.outbound.permit(address).ok_or(Refusal::ForbiddenUrl)?;
    if address.chars().count() > ADDRESS_CHARS || url.fragment().is_some() {
        return Err(Refusal::ForbiddenUrl.into());
    }
    let host = url.host_str().unwrap_or_default();
    Ok(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// An endpoint that is not deleted.
pub async fn find(
    connection: &impl ConnectionTrait,
    (workspace, id): (WorkspaceId, NotificationEndpointId),
) -> Result<EndpointRow> {
    let find = notification_endpoint::Entity::find_by_id((workspace, id))
        .filter(notification_endpoint::Column::DeletedAt.is_null());
    let row = find.one(connection).await?.ok_or(Error::NotFound)?;
    let last = delivery::last_of(connection, workspace, &[id]).await?;
    Ok(EndpointRow { last: last.into_values().next(), ..EndpointRow::of(row) })
}

/// The endpoints of a workspace, oldest first.
pub async fn all(connection: &impl ConnectionTrait, workspace: WorkspaceId) -> Result<Vec<EndpointRow>> {
    let rows = notification_endpoint::Entity::find()
        .filter(notification_endpoint::Column::WorkspaceId.eq(workspace))
        .filter(notification_endpoint::Column::DeletedAt.is_null())
        .order_by_asc(notification_endpoint::Column::Id)
        .all(connection)
        .await?;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let mut last: HashMap<_, _> = delivery::last_of(connection, workspace, &ids).await?;
    let with_last = |row: notification_endpoint::Model| EndpointRow {
        last: last.remove(&row.id),
        ..EndpointRow::of(row)
    };
    Ok(rows.into_iter().map(with_last).collect())
}

/// Has something sent to an endpoint to see whether it arrives. One at a time.
pub async fn test(change: &mut Change<'_>, id: NotificationEndpointId) -> Result<EndpointRow> {
    let endpoint = changeable(change, id).await?;
    if endpoint.row.disabled_at.is_some() {
        return Err(Refusal::AlreadyEnded.into());
    }
    let key = (change.workspace_id, id);
    if delivery::test_waits(&change.transaction, key).await? {
        return Err(Refusal::AlreadyPending.into());
    }
    let workspace = crate::workspace::find(&change.transaction, change.workspace_id).await?;
    let body = message::test(&endpoint, &workspace, change.now);
    delivery::insert(&change.transaction, &change.installation.clock, key, (body, true)).await?;
    change.record("notification_endpoint.tested", id, (None, None)).await?;
    find(&change.transaction, key).await
}
