//! People as a directory sees them: those it knows, with what it said of them, and the members who were there before it.

mod joining;
mod provisioning;

use std::collections::HashMap;

use portaria_entity::id::{DirectoryGroupId, DirectoryUserId, MemberId, WorkspaceId};
use portaria_entity::member::MemberStatus;
use portaria_entity::time::Timestamp;
use portaria_entity::{directory_group, directory_group_member};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QueryResult, Value,
};

use super::profile::Profile;
use crate::authentication::normalize_email;
use crate::database::Database;
use crate::error::{Error, Result};

pub(crate) use joining::{is_awaited, joined};
pub(crate) use provisioning::forget;
pub(super) use provisioning::known;
pub use provisioning::{Wanted, create, remove, replace};

/// Somebody as the directory sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub id: DirectoryUserId,
    pub profile: Profile,
    /// None: they have not accepted yet.
    pub member: Option<(MemberId, MemberStatus)>,
    /// What the directory itself has said of them, if anything.
    pub record: Option<Record>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What is kept of a person beside the profile, once the directory has said something of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    pub active: bool,
    pub made_account: bool,
    pub suspended_at: Option<Timestamp>,
}

impl Person {
    /// Whether they are let in, or will be when they accept.
    pub fn is_active(&self) -> bool {
        match self.member {
            Some((_, status)) => status == MemberStatus::Active,
            None => self.record.is_some_and(|record| record.active),
        }
    }
}

/// Which people; what is `None` does not narrow.
#[derive(Clone, Debug, Default)]
pub struct Search {
    pub id: Option<DirectoryUserId>,
    pub user_name: Option<String>,
    pub external_id: Option<String>,
    /// Any of their addresses.
    pub address: Option<String>,
}

/// A page: after so many, so many.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub offset: u64,
    pub limit: u64,
}

impl Window {
    pub const ONE: Self = Self { offset: 0, limit: 1 };
}

/// A statement over the people of a workspace with what narrows it.
struct Selection {
    known: String,
    others: String,
    values: Vec<Value>,
}

const KNOWN: &str = "
FROM directory_users d LEFT JOIN members m ON m.workspace_id = d.workspace_id AND m.id = d.member_id
WHERE d.workspace_id = $1";
const OTHERS: &str = "
FROM members m JOIN users u ON u.id = m.user_id
WHERE m.workspace_id = $1 AND m.status <> 'removed'
  AND NOT EXISTS (SELECT 1 FROM directory_users d WHERE d.workspace_id = m.workspace_id AND d.member_id = m.id)";

impl Selection {
    fn new(workspace: WorkspaceId, search: &Search) -> Self {
        let mut selection =
            Self { known: KNOWN.to_owned(), others: OTHERS.to_owned(), values: vec![workspace.0.into()] };
        if let Some(id) = search.id {
            selection.narrow("d.id = ", "m.id = ", id.0.into());
        }
        if let Some(name) = &search.user_name {
            selection.narrow("d.user_name = ", "u.email_normalized = ", name.to_lowercase().into());
        }
        if let Some(id) = &search.external_id {
            let place = selection.value(id.clone().into());
            selection.known += &format!(" AND d.external_id = ${place}");
            selection.others += " AND 1 = 0";
        }
        if let Some(address) = &search.address {
            let address = normalize_email(address);
            let place = selection.value(address.clone().into());
            selection.others += &format!(" AND u.email_normalized = ${place}");
            let escaped = address.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            let place = selection.value(format!("%\n{escaped}\n%").into());
            selection.known += &format!(" AND d.addresses LIKE ${place} ESCAPE '\\'");
        }
        selection
    }

    fn value(&mut self, value: Value) -> usize {
        self.values.push(value);
        self.values.len()
    }

    fn narrow(&mut self, known: &str, others: &str, value: Value) {
        let place = self.value(value);
        self.known += &format!(" AND {known}${place}");
        self.others += &format!(" AND {others}${place}");
    }
}

/// People in the order in which they came.
pub async fn page(
    connection: &impl ConnectionTrait,
    (database, workspace): (&Database, WorkspaceId),
    search: &Search,
    window: Window,
) -> Result<Vec<Person>> {
    let mut selection = Selection::new(workspace, search);
    let limit = selection.value(i64::try_from(window.limit).unwrap_or(i64::MAX).into());
    let offset = selection.value(i64::try_from(window.offset).unwrap_or(i64::MAX).into());
    let Selection { known, others, values } = selection;
    let sql = format!(
        "SELECT d.id, d.profile, d.member_id, m.status, d.created_at, d.updated_at, d.active, d.made_account, \
                d.suspended_at, CAST(NULL AS TEXT), CAST(NULL AS TEXT), CAST(NULL AS TEXT) {known} \
         UNION ALL \
         SELECT m.id, NULL, m.id, m.status, m.created_at, m.created_at, NULL, NULL, NULL, u.name, u.email, u.locale {others} \
         ORDER BY 1 LIMIT ${limit} OFFSET ${offset}"
    );
    connection.query_all_raw(database.statement(&sql, values)).await?.iter().map(person).collect()
}

/// How many people there are.
pub async fn count(
    connection: &impl ConnectionTrait,
    (database, workspace): (&Database, WorkspaceId),
    search: &Search,
) -> Result<u64> {
    let Selection { known, others, values } = Selection::new(workspace, search);
    let sql = format!("SELECT (SELECT COUNT(*) {known}) + (SELECT COUNT(*) {others})");
    let row = connection.query_one_raw(database.statement(&sql, values)).await?;
    let row = row.ok_or_else(|| Error::internal("a count without a row"))?;
    Ok(u64::try_from(row.try_get_by_index::<i64>(0)?).unwrap_or(0))
}

/// One person.
pub async fn find(
    connection: &impl ConnectionTrait,
    source: (&Database, WorkspaceId),
    id: DirectoryUserId,
) -> Result<Person> {
    let search = Search { id: Some(id), ..Search::default() };
    page(connection, source, &search, Window::ONE).await?.pop().ok_or(Error::NotFound)
}

fn person(row: &QueryResult) -> Result<Person> {
    let status: Option<String> = row.try_get_by_index(3)?;
    let status = status.map(|status| MemberStatus::try_from_value(&status)).transpose()?;
    let member: Option<MemberId> = row.try_get_by_index(2)?;
    let (profile, record) = match row.try_get_by_index::<Option<String>>(1)? {
        Some(profile) => {
            let record = Record {
                active: row.try_get_by_index(6)?,
                made_account: row.try_get_by_index(7)?,
                suspended_at: row.try_get_by_index(8)?,
            };
            (serde_json::from_str(&profile).map_err(Error::internal)?, Some(record))
        }
        None => {
            let (name, email): (String, String) = (row.try_get_by_index(9)?, row.try_get_by_index(10)?);
            (Profile::of_member(&name, &email, &row.try_get_by_index::<String>(11)?), None)
        }
    };
    Ok(Person {
        id: row.try_get_by_index(0)?,
        profile,
        member: member.zip(status),
        record,
        created_at: row.try_get_by_index(4)?,
        updated_at: row.try_get_by_index(5)?,
    })
}

/// The groups that some people are in, by name.
pub async fn groups_of(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    people: &[DirectoryUserId],
) -> Result<HashMap<DirectoryUserId, Vec<(DirectoryGroupId, String)>>> {
    let places = directory_group_member::Entity::find()
        .filter(directory_group_member::Column::WorkspaceId.eq(workspace))
        .filter(directory_group_member::Column::UserId.is_in(people.iter().copied()))
        .all(connection)
        .await?;
    let groups = directory_group::Entity::find()
        .filter(directory_group::Column::WorkspaceId.eq(workspace))
        .filter(directory_group::Column::Id.is_in(places.iter().map(|place| place.group_id)))
        .order_by_asc(directory_group::Column::NameKey)
        .all(connection)
        .await?;
    let mut of: HashMap<DirectoryUserId, Vec<(DirectoryGroupId, String)>> = HashMap::new();
    for group in groups {
        for place in places.iter().filter(|place| place.group_id == group.id) {
            of.entry(place.user_id).or_default().push((group.id, group.name.clone()));
        }
    }
    Ok(of)
}
