//! Who changed whose access: what the activity log has of it, the weightiest first, and counted when there is much.

mod action;
mod behind;
mod what;

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use portaria_entity::id::{ActivityId, ApiKeyId, DirectoryCredentialId, InvitationId, MemberId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, QueryResult};
use serde_json::Value;

use super::telling::{Teller, instant};
use crate::database::Database;
use crate::error::Result;
use crate::harmless;

pub use action::{Action, Weight};
use what::{Details, What};

/// So many of one kind are read, the latest first; the others are counted.
const MOST_OF_A_KIND: i64 = 6;
/// No transaction lasts longer.
const SETTLED: Duration = Duration::from_secs(60);
/// So many grants of what administers everything are read.
const MOST_ADMINISTRATORS: i64 = 20;

/// Something that was done to somebody's access, or to everybody's.
#[derive(Clone, Debug)]
pub struct AccessChange {
    pub id: ActivityId,
    pub at: Timestamp,
    pub by: By,
    pub action: &'static Action,
    pub weight: Weight,
    /// None: what was changed holds for many, or is no person's.
    pub whom: Option<MemberId>,
    what: What,
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Member(MemberId),
    ApiKey(ApiKeyId),
    Directory(DirectoryCredentialId),
    /// Somebody who works on the machine itself, with `portaria admin`.
    Machine,
    Installation,
}

/// What was changed in a stretch of time.
#[derive(Clone, Debug, Default)]
pub struct AccessChanges {
    /// Weightiest first, of one weight new administrators and then by kind, and the latest of a kind first.
    pub listed: Vec<AccessChange>,
    /// How many there were of each kind, in the order of kinds.
    pub counts: Vec<(&'static Action, u64)>,
}

/// A change in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldChange {
    pub what: String,
    pub by: String,
    pub whom: Option<String>,
    pub when: String,
}

impl AccessChanges {
    /// Of a workspace, after one instant and up to another; of each a little earlier, for what was done in a transaction that
    /// is not committed yet has a time of before. One stretch begins where another ends, so that nothing is missed.
    pub async fn between(
        connection: &impl ConnectionTrait,
        database: &Database,
        workspace: WorkspaceId,
        (after, until): (Timestamp, Timestamp),
    ) -> Result<Self> {
        let (after, until) = (after - SETTLED, until - SETTLED);
        let log = Log { connection, database, workspace, after, until };
        let counts = log.counts().await?;
        let mut listed = log.new_administrators().await?;
        let known: HashSet<ActivityId> = listed.iter().map(|change| change.id).collect();
        for (action, _) in &counts {
            let of_kind = log.latest(action).await?;
            listed.extend(of_kind.into_iter().filter(|change| !known.contains(&change.id)));
        }
        // Stable: within a kind the latest stays first. New administrators are never what there is no room for.
        listed.sort_by_key(|change| (change.weight, !known.contains(&change.id), change.action.place()));
        Ok(Self { listed, counts })
    }

    pub fn total(&self) -> u64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The invitations that were sent or taken back.
    pub fn invitations(&self) -> Vec<InvitationId> {
        self.listed.iter().filter_map(|change| change.what.invitation).collect()
    }

    /// Everybody who is named.
    pub fn members(&self) -> Vec<MemberId> {
        let of_one = |change: &AccessChange| {
            let by = if let By::Member(member) = change.by { Some(member) } else { None };
            by.into_iter().chain(change.whom)
        };
        self.listed.iter().flat_map(of_one).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

const DIRECTORY: [&str; 3] = ["Diretório da empresa", "the company's directory", "Directorio de la empresa"];
/// A schedule, a policy, or a file that was applied.
const BY_ITSELF: [&str; 3] = [
    "Portaria (automático ou na máquina)",
    "Portaria (by itself or on the machine)",
    "Portaria (automático o en la máquina)",
];
const ON_THE_MACHINE: [&str; 3] = [
    "alguém na máquina (portaria admin)",
    "somebody on the machine (portaria admin)",
    "alguien en la máquina (portaria admin)",
];
/// What an activity says that was done with `portaria admin`.
pub const MACHINE: &str = "onTheMachine";

/// A stretch of a workspace's log.
struct Log<'a, C> {
    connection: &'a C,
    database: &'a Database,
    workspace: WorkspaceId,
    after: Timestamp,
    until: Timestamp,
}

const COLUMNS: &str = "a.id, a.\"at\", a.actor_member_id, a.actor_api_key_id, a.actor_directory_id, a.action, a.subject, \
     COALESCE(d.\"before\", a.\"before\"), COALESCE(d.\"after\", a.\"after\")";
const DETAILS: &str =
    "LEFT JOIN activity_details d ON d.workspace_id = a.workspace_id AND d.activity_id = a.id";

impl<C: ConnectionTrait> Log<'_, C> {
    /// How many there are of each kind. The list of kinds is that of the index over these few activities.
    async fn counts(&self) -> Result<Vec<(&'static Action, u64)>> {
        let mut counts = Vec::new();
        for row in self.rows(&counting(), []).await? {
            let count: i64 = row.try_get_by_index(1)?;
            let action = Action::of(&row.try_get_by_index::<String>(0)?);
            counts.extend(action.map(|action| (action, count.unsigned_abs())));
        }
        counts.sort_by_key(|(action, _)| action.place());
        Ok(counts)
    }

    async fn latest(&self, action: &'static Action) -> Result<Vec<AccessChange>> {
        let rows = self.rows(&listing(action), []).await?;
        Ok(rows
            .iter()
            .map(|row| read(row, None))
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect())
    }

    /// Grants of the administrator's role do not drown among a hundred others.
    async fn new_administrators(&self) -> Result<Vec<AccessChange>> {
        let grants = format!(
            "SELECT g.id FROM roles r JOIN grants g ON g.workspace_id = r.workspace_id AND g.role_id = r.id \
             WHERE r.workspace_id = $1 AND r.built_in = 'administrator' \
               AND g.created_at > $2 AND g.created_at <= $3 ORDER BY g.created_at DESC LIMIT {MOST_ADMINISTRATORS}"
        );
        let mut found = Vec::new();
        for row in self.rows(&grants, []).await? {
            let grant: portaria_entity::id::GrantId = row.try_get_by_index(0)?;
            let sql = format!(
                "SELECT {COLUMNS} FROM activities a {DETAILS} \
                 WHERE a.workspace_id = $1 AND a.subject = $4 AND a.action IN ('grant.made', 'grant.changed') \
                   AND a.\"at\" > $2 AND a.\"at\" <= $3"
            );
            for row in self.rows(&sql, [grant.to_string().into()]).await? {
                found.extend(read(&row, Some(Weight::Heavy))?);
            }
        }
        Ok(found)
    }

    async fn rows<const N: usize>(&self, sql: &str, more: [sea_orm::Value; N]) -> Result<Vec<QueryResult>> {
        let values = [self.workspace.0.into(), self.after.0.into(), self.until.0.into()];
        let statement = self.database.statement(sql, values.into_iter().chain(more));
        Ok(self.connection.query_all_raw(statement).await?)
    }
}

fn counting() -> String {
    format!(
        "SELECT a.action, COUNT(*) FROM activities a \
         WHERE a.workspace_id = $1 AND a.action IN ({}) AND a.\"at\" > $2 AND a.\"at\" <= $3 GROUP BY a.action",
        action::listed()
    )
}

fn listing(action: &Action) -> String {
    format!(
        "SELECT {COLUMNS} FROM activities a {DETAILS} \
         WHERE a.workspace_id = $1 AND a.action IN ({}) AND a.action = '{}' AND a.\"at\" > $2 AND a.\"at\" <= $3 \
         ORDER BY a.\"at\" DESC, a.id DESC LIMIT {MOST_OF_A_KIND}",
        action::listed(),
        action.key
    )
}

/// The two statements that read the log, for who looks at how they are served.
pub fn statements() -> [String; 2] {
    [counting(), listing(&action::ALL[0])]
}

/// None: it is of a kind that this program does not know.
fn read(row: &QueryResult, weight: Option<Weight>) -> Result<Option<AccessChange>> {
    let Some(action) = Action::of(&row.try_get_by_index::<String>(5)?) else { return Ok(None) };
    let subject: String = row.try_get_by_index(6)?;
    let told = |index| -> Result<Option<Value>> {
        let text: Option<String> = row.try_get_by_index(index)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    };
    let (after, before) = (told(8)?, told(7)?);
    let promised = behind::promised(action, after.as_ref());
    let details = Details { after: after.as_ref(), before: before.as_ref(), promised: promised.as_ref() };
    let behind = behind::whose_word(action, after.as_ref());
    let is_replaced = behind::replacement(action, after.as_ref()).is_some();
    let by = match (row.try_get_by_index(2)?, row.try_get_by_index(3)?, row.try_get_by_index(4)?) {
        (Some(member), _, _) => By::Member(member),
        (_, Some(key), _) => By::ApiKey(key),
        (_, _, Some(directory)) => By::Directory(directory),
        (None, None, None)
            if action.is_done_on_the_machine() || details.all().any(|value| value[MACHINE] == true) =>
        {
            By::Machine
        }
        (None, None, None) => behind.map_or(By::Installation, By::Member),
    };
    let itself = || if action.is_about_a_member() { subject.parse().ok() } else { None };
    let whom = details.id("member").or_else(itself);
    let what = What::of(action, &subject, &details);
    let (id, at) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    // Who holds a role that is deleted for another may well do more than before.
    let usual = if is_replaced { Weight::More } else { action.weight };
    Ok(Some(AccessChange { id, at, by, action, weight: weight.unwrap_or(usual), whom, what }))
}

impl Teller<'_> {
    /// A change of somebody's access, in words.
    pub fn tell_change(&self, change: &AccessChange) -> ToldChange {
        let label = self.language.pick(&change.action.said);
        let about = change.what.told(self, self.people);
        let what = if about.is_empty() { label.to_owned() } else { format!("{label}: {about}") };
        let named = |id: &MemberId| {
            let person = self.people.members.get(id)?;
            let name = harmless::name(&person.name);
            Some(if name.is_empty() { harmless::email(&person.email) } else { name })
        };
        let somebody = || self.language.pick(&["alguém", "somebody", "alguien"]).to_owned();
        let by = match change.by {
            By::Member(member) => named(&member).unwrap_or_else(somebody),
            By::ApiKey(key) => {
                let name = self.people.api_keys.get(&key).map(|name| harmless::name(name));
                let kind = self.language.pick(&["chave de API", "API key", "clave de API"]);
                name.map_or_else(|| kind.to_owned(), |name| format!("{kind} {name}"))
            }
            By::Directory(_) => self.language.pick(&DIRECTORY).to_owned(),
            By::Machine => self.language.pick(&ON_THE_MACHINE).to_owned(),
            By::Installation => self.language.pick(&BY_ITSELF).to_owned(),
        };
        let when = self.language.speech().day_and_time(&self.wall.time(instant(change.at)));
        let themselves = By::Member(change.whom.unwrap_or(MemberId(uuid::Uuid::nil()))) == change.by;
        let whom = change.whom.filter(|_| !themselves).as_ref().map(|id| named(id).unwrap_or_else(somebody));
        let whom = whom.or_else(|| self.invited(change));
        ToldChange { what, by, whom, when }
    }
}
