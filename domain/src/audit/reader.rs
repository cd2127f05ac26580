//! Who reads the reports of the audit, what of them they may read, and how they want them.

mod letter;

use std::collections::{HashMap, HashSet};

use portaria_entity::id::{MemberId, WorkspaceId};
use portaria_entity::role::BuiltInRole;
use portaria_entity::time::Timestamp;
use portaria_entity::{audit_report, report_preference};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, Iterable, QueryFilter};

use crate::activity::{Deed, record};
use crate::database::Database;
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::mail::{Addressee, queue};
use crate::member::{self, MemberRow};
use crate::permission::{Permission, PermissionSet};
use crate::viewer::Viewer;

/// Members read by one statement.
const BATCH: usize = 500;

/// Somebody who may read the audit of the whole workspace.
#[derive(Clone, Debug)]
pub struct Reader {
    pub row: MemberRow,
    pub preference: Preference,
    pub sight: Sight,
}

/// What of a report somebody may read besides that there are findings: the same as in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sight {
    /// Whom a finding is about and what was seen of them: `member:read_private`.
    pub people: bool,
    /// Who changed whose access: `audit_log:read`.
    pub log: bool,
}

impl Sight {
    /// What stands in a report.
    pub fn of(report: &audit_report::Model) -> Self {
        Self { people: report.tells_people, log: report.tells_log }
    }

    fn permissions(self) -> impl Iterator<Item = Permission> {
        let people = self.people.then_some(Permission::MemberReadPrivate);
        people.into_iter().chain(self.log.then_some(Permission::AuditLogRead))
    }
}

/// How somebody wants the reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preference {
    /// Where the workspace has a report of the week: that one alone.
    pub weekly_only: bool,
    /// IANA name; the workspace's without one.
    pub time_zone: Option<String>,
}

impl Preference {
    /// As the activity log tells it.
    fn told(&self) -> serde_json::Value {
        serde_json::json!({ "weeklyOnly": self.weekly_only, "timeZone": self.time_zone })
    }
}

impl From<report_preference::Model> for Preference {
    fn from(row: report_preference::Model) -> Self {
        Self { weekly_only: row.weekly_only, time_zone: row.time_zone }
    }
}

/// Everybody who may read it now, the longest there first.
pub async fn readers(
    connection: &impl ConnectionTrait,
    database: &Database,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Vec<Reader>> {
    let all = (workspace, None);
    let ids = ids(connection, database, all, now).await?;
    let people = holders(connection, database, (Permission::MemberReadPrivate, all), now).await?;
    let log = holders(connection, database, (Permission::AuditLogRead, all), now).await?;
    let [people, log] = [people, log].map(|ids| ids.into_iter().collect::<HashSet<_>>());
    let wanted = report_preference::Entity::find()
        .filter(report_preference::Column::WorkspaceId.eq(workspace))
        .all(connection)
        .await?;
    let mut wanted: HashMap<MemberId, Preference> =
        wanted.into_iter().map(|row| (row.member_id, row.into())).collect();
    let mut readers = Vec::new();
    for batch in ids.chunks(BATCH) {
        let rows = member::by_ids(connection, workspace, batch).await?;
        readers.extend(rows.into_values().map(|row| {
            let id = row.member.id;
            let preference = wanted.remove(&id).unwrap_or_default();
            let sight = Sight { people: people.contains(&id), log: log.contains(&id) };
            Reader { row, preference, sight }
        }));
    }
    readers.sort_by_key(|reader| reader.row.member.id);
    Ok(readers)
}

/// Whether somebody may read a report now in which so much stands.
pub async fn may_read(
    connection: &impl ConnectionTrait,
    database: &Database,
    (workspace, member): (WorkspaceId, MemberId),
    (sight, now): (Sight, Timestamp),
) -> Result<bool> {
    for permission in [Permission::AccessAuditRead].into_iter().chain(sight.permissions()) {
        let of = (permission, (workspace, Some(member)));
        if holders(connection, database, of, now).await?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Those who may read the audit of the whole workspace.
pub(super) async fn ids(
    connection: &impl ConnectionTrait,
    database: &Database,
    of: (WorkspaceId, Option<MemberId>),
    now: Timestamp,
) -> Result<Vec<MemberId>> {
    holders(connection, database, (Permission::AccessAuditRead, of), now).await
}

/// Active members with a grant for the whole workspace, in force now, of a role that holds the permission.
async fn holders(
    connection: &impl ConnectionTrait,
    database: &Database,
    (permission, (workspace, member)): (Permission, (WorkspaceId, Option<MemberId>)),
    now: Timestamp,
) -> Result<Vec<MemberId>> {
    let built_in = BuiltInRole::iter().filter(|role| PermissionSet::of_role(*role).contains(permission));
    let built_in: Vec<String> = built_in.map(|role| format!("'{}'", <&str>::from(role))).collect();
    let sql = format!(
        "SELECT DISTINCT m.id FROM members m \
         JOIN grants g ON g.workspace_id = m.workspace_id AND g.member_id = m.id AND g.closed_at IS NULL \
           AND g.channel_id IS NULL AND g.team_id IS NULL \
           AND g.valid_from <= $2 AND (g.valid_until IS NULL OR g.valid_until > $2) \
         JOIN roles r ON r.workspace_id = g.workspace_id AND r.id = g.role_id \
         WHERE m.workspace_id = $1 AND m.status = 'active' AND {} \
           AND (r.built_in IN ({}) OR (r.built_in IS NULL AND EXISTS (SELECT 1 FROM role_permissions p \
                WHERE p.workspace_id = r.workspace_id AND p.role_id = r.id AND p.permission = '{}')))",
        if member.is_some() { "m.id = $3" } else { "1 = 1" },
        if built_in.is_empty() { "NULL".to_owned() } else { built_in.join(", ") },
        permission.key(),
    );
    let mut values: Vec<sea_orm::Value> = vec![workspace.0.into(), now.0.into()];
    values.extend(member.map(|member| member.0.into()));
    let rows = connection.query_all_raw(database.statement(&sql, values)).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// How this member wants them.
pub async fn preference(
    connection: &impl ConnectionTrait,
    (workspace, member): (WorkspaceId, MemberId),
) -> Result<Preference> {
    let row = report_preference::Entity::find_by_id((workspace, member)).one(connection).await?;
    Ok(row.map(Preference::from).unwrap_or_default())
}

/// Sets how the one who asks wants them. It is on record, and they are written to: whoever else has their session does not take
/// the reports away from them in silence.
pub async fn set_preference(
    installation: &Installation,
    viewer: &Viewer,
    preference: Preference,
) -> Result<Preference> {
    viewer.require_everywhere(Permission::AccessAuditRead, installation.clock.now())?;
    let member = viewer.member_id().ok_or(Error::PersonRequired)?;
    let zone = preference.time_zone.as_deref().map(str::trim).filter(|zone| !zone.is_empty());
    if zone.is_some_and(|zone| jiff::tz::TimeZone::get(zone).is_err()) {
        return Err(Refusal::UnknownTimeZone.into());
    }
    let preference = Preference { weekly_only: preference.weekly_only, time_zone: zone.map(str::to_owned) };
    let sql = "INSERT INTO report_preferences (workspace_id, member_id, weekly_only, time_zone) \
               VALUES ($1, $2, $3, $4) \
               ON CONFLICT (workspace_id, member_id) DO UPDATE SET weekly_only = $3, time_zone = $4";
    let key = (viewer.workspace_id, member);
    let transaction = installation.database.begin().await?;
    let before = self::preference(&transaction, key).await?;
    if before == preference {
        return Ok(preference);
    }
    let values =
        [key.0.0.into(), member.0.into(), preference.weekly_only.into(), preference.time_zone.clone().into()];
    transaction.execute_raw(installation.database.statement(sql, values)).await?;
    let deed = Deed {
        workspace_id: viewer.workspace_id,
        actor: viewer.into(),
        action: "report_preference.updated",
        subject: member.to_string(),
        before: Some(before.told()),
        after: Some(preference.told()),
        address: viewer.stated_address(),
    };
    record(&transaction, &installation.clock, deed).await?;
    tell(&transaction, installation, (viewer, member), &preference).await?;
    transaction.commit().await?;
    Ok(preference)
}

async fn tell(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    (viewer, member): (&Viewer, MemberId),
    preference: &Preference,
) -> Result<()> {
    let workspace = crate::workspace::find(transaction, viewer.workspace_id).await?;
    let mut rows = member::by_ids(transaction, viewer.workspace_id, &[member]).await?;
    let reader = rows.remove(&member).ok_or(Error::NotFound)?.user;
    let now = installation.clock.now();
    let address = viewer.stated_address();
    let set = letter::Set {
        workspace: &workspace,
        reader: &reader,
        preference,
        at: now,
        address: address.as_deref(),
    };
    let to = Addressee {
        workspace_id: workspace.id,
        name: &reader.name,
        address: &reader.email,
        dedup_key: format!("report_preference:{member}:{}", now.0),
    };
    queue(transaction, &installation.clock, to, &letter::of_preference(&set)).await
}
