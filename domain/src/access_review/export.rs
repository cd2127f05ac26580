//! The document of a closed review as a file: JSON for machines, CSV for spreadsheets, HTML to print and to read.

use std::collections::HashMap;

use portaria_entity::access_review::{self, Model as Review};
use portaria_entity::access_review_item::Model as Item;
use portaria_entity::access_review_person as person;
use portaria_entity::id::{AccessReviewId, ActivityId, MemberId, WorkspaceId};
use sea_orm::{ActiveEnum, ConnectionTrait, EntityTrait};
use serde_json::json;

use super::closing::CLOSED;
use super::document::{Digesting, hash, hex, object, people, value, write_content};
use super::finder::{ItemFilter, items, visible};
use super::printed;
use super::snapshot::{Moment, Snapshot, SnapshotScope};
use super::terms::WrittenTerms;
use super::{Evidence, progress};
use crate::activity::export::cell;
use crate::activity::{Actor, Deed, chain, record};
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::language::Language;
use crate::permission::Permission;
use crate::viewer::Viewer;

/// The most items that one answer of the API holds.
const MOST: i64 = 20_000;
const PAGE: u64 = 500;
/// The transaction that closes a review takes no longer, nor is a clock set back by more while it runs.
const LONGEST_CLOSING: std::time::Duration = std::time::Duration::from_secs(60 * 60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Json,
    Csv,
    /// HTML of one page that loads nothing.
    Printed(Language),
}

impl Form {
    fn key(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Printed(_) => "html",
        }
    }
}

/// Where the activity log has sealed the digest of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    pub activity_id: ActivityId,
    pub sequence: i64,
    pub mac: Vec<u8>,
}

pub struct Export {
    pub content: String,
    pub items: i64,
    /// SHA-256 of the document's content, in hexadecimal digits.
    pub digest: String,
    pub seal: Seal,
    /// Whether what is on record still makes that digest, and the sealed activity tells it.
    pub intact: bool,
}

/// A closed review that is being written out.
pub(super) struct Closed {
    pub review: Review,
    pub people: HashMap<MemberId, person::Model>,
    pub digest: String,
    pub seal: Seal,
}

/// What came with a document that was written out.
pub struct Taken {
    pub items: i64,
    pub digest: String,
    pub seal: Seal,
    pub intact: bool,
}

/// The document of a closed review. That it was taken along is recorded. Needs `access_audit:read`, and `member:read_private`
/// for the addresses of people and when they were here.
pub async fn export(
    installation: &Installation,
    viewer: &Viewer,
    id: AccessReviewId,
    form: Form,
) -> Result<Export> {
    let now = installation.clock.now();
    viewer.require_everywhere(Permission::AccessAuditRead, now)?;
    viewer.require_everywhere(Permission::MemberReadPrivate, now)?;
    let reader = installation.database.reader();
    let review = visible(reader, viewer, id).await?;
    if progress(reader, &installation.database, &review, None).await?.total > MOST {
        return Err(Refusal::TooMany.into());
    }
    let (mut content, by) = (String::new(), (viewer.into(), viewer.stated_address()));
    let Taken { items, digest, seal, intact } =
        write(installation, (review, by), form, &mut |part| content.push_str(part)).await?;
    Ok(Export { content, items, digest, seal, intact })
}

/// The same on this machine: of any size, handed on part by part.
pub async fn write_out(
    installation: &Installation,
    (workspace, id): (WorkspaceId, AccessReviewId),
    form: Form,
    out: &mut impl FnMut(&str),
) -> Result<Taken> {
    let find = access_review::Entity::find_by_id((workspace, id));
    let review = find.one(installation.database.reader()).await?.ok_or(Error::NotFound)?;
    write(installation, (review, (Actor::Installation, None)), form, out).await
}

async fn write(
    installation: &Installation,
    (review, by): (Review, (Actor, Option<String>)),
    form: Form,
    out: &mut impl FnMut(&str),
) -> Result<Taken> {
    let reader = installation.database.reader();
    let Some(digest) = review.digest.as_deref().filter(|_| review.closed_at.is_some()).map(hex) else {
        return Err(Refusal::ReviewOpen.into());
    };
    let items = progress(reader, &installation.database, &review, None).await?.total;
    let seal = seal_of(installation, &review).await?;
    let named = people(reader, &review).await?;
    let intact = is_intact(installation, &review, (&digest, &seal), &named).await?;
    let people = named.into_iter().map(|row| (row.member_id, row)).collect();
    let closed = Closed { review, people, digest, seal };
    match form {
        Form::Json => as_json(reader, &closed, out).await?,
        Form::Csv => as_csv(reader, &closed, out).await?,
        Form::Printed(language) => printed::page(installation, (&closed, language), out).await?,
    }
    put_down(installation, by, (&closed.review, form)).await?;
    Ok(Taken { items, digest: closed.digest, seal: closed.seal, intact })
}

async fn put_down(
    installation: &Installation,
    (actor, address): (Actor, Option<String>),
    (review, form): (&Review, Form),
) -> Result<()> {
    let transaction = installation.database.begin().await?;
    let deed = Deed {
        workspace_id: review.workspace_id,
        actor,
        action: "access_review.exported",
        subject: review.id.to_string(),
        before: None,
        after: Some(json!({ "form": form.key() })),
        address,
    };
    record(&transaction, &installation.clock, deed).await?;
    Ok(transaction.commit().await?)
}

/// The link of the chain that covers the activity which tells the digest; it is made now if it has not been.
async fn seal_of(installation: &Installation, review: &Review) -> Result<Seal> {
    let database = &installation.database;
    let unknown = || Error::internal("the end of an access review is not in the activity log");
    // By its time, for the log is long: it was put down in the transaction that closed the review.
    let told = "SELECT id FROM activities WHERE workspace_id = $1 AND \"at\" >= $4 AND \"at\" <= $5 \
                AND subject = $2 AND action = $3";
    let closed = review.closed_at.ok_or_else(unknown)?;
    let values = [
        review.workspace_id.0.into(),
        review.id.to_string().into(),
        CLOSED.into(),
        (closed - LONGEST_CLOSING).0.into(),
        (closed + LONGEST_CLOSING).0.into(),
    ];
    let row = database.reader().query_one_raw(database.statement(told, values)).await?;
    let activity_id: ActivityId = row.ok_or_else(unknown)?.try_get_by_index(0)?;
    let sealed = "SELECT sequence, mac FROM activity_seals WHERE workspace_id = $1 AND activity_id = $2";
    for attempt in 0..2 {
        let values = [review.workspace_id.0.into(), activity_id.0.into()];
        if let Some(row) = database.reader().query_one_raw(database.statement(sealed, values)).await? {
            let (sequence, mac) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            return Ok(Seal { activity_id, sequence, mac });
        }
        if attempt == 0 {
            chain::seal(installation).await?;
        }
    }
    Err(unknown())
}

/// Makes the digest anew from what is on record, and compares it with what was written down and sealed.
async fn is_intact(
    installation: &Installation,
    review: &Review,
    (digest, seal): (&str, &Seal),
    named: &[person::Model],
) -> Result<bool> {
    let database = &installation.database;
    let mut digesting = Digesting::default();
    write_content(database.reader(), review, &mut |part| digesting.add(part)).await?;
    let sql = "SELECT \"after\" FROM activity_details WHERE workspace_id = $1 AND activity_id = $2";
    let values = [review.workspace_id.0.into(), seal.activity_id.0.into()];
    let row = database.reader().query_one_raw(database.statement(sql, values)).await?;
    let told: Option<String> = row.map(|row| row.try_get_by_index(0)).transpose()?.flatten();
    let told: serde_json::Value = told
        .map_or(Ok(serde_json::Value::Null), |told| serde_json::from_str(&told))
        .map_err(Error::internal)?;
    let names = named.iter().all(|row| match &row.salt {
        Some(salt) => hash(salt, &row.name, &row.email) == row.hash,
        None => true,
    });
    Ok(names && hex(&digesting.finish()) == digest && told["digest"] == digest)
}

async fn as_json(
    connection: &impl ConnectionTrait,
    closed: &Closed,
    out: &mut impl FnMut(&str),
) -> Result<()> {
    out("{\"content\":");
    write_content(connection, &closed.review, out).await?;
    out(",\"digest\":");
    out(&value(&closed.digest)?);
    out(",\"seal\":");
    out(&object(&[
        ("activity", value(&closed.seal.activity_id)?),
        ("sequence", value(&closed.seal.sequence)?),
        ("mac", value(&hex(&closed.seal.mac))?),
    ]));
    out(",\"names\":[");
    let mut people: Vec<&person::Model> = closed.people.values().collect();
    people.sort_unstable_by_key(|person| person.member_id);
    for (number, person) in people.into_iter().enumerate() {
        out(if number == 0 { "" } else { "," });
        out(&match &person.salt {
            Some(salt) => object(&[
                ("id", value(&person.member_id)?),
                ("salt", value(&hex(salt))?),
                ("name", value(&person.name)?),
                ("email", value(&person.email)?),
            ]),
            None => object(&[("id", value(&person.member_id)?), ("erased", "true".to_owned())]),
        });
    }
    out("]}\n");
    Ok(())
}

/// An item with everything about it in words that need no database.
pub(super) struct Line {
    pub item: Item,
    pub held: Snapshot,
    pub evidence: Option<Evidence>,
}

impl Closed {
    /// What somebody was called, or their id where that was erased.
    pub fn name(&self, member: MemberId) -> String {
        match self.people.get(&member).filter(|person| person.salt.is_some()) {
            Some(person) => person.name.clone(),
            None => member.to_string(),
        }
    }

    pub fn holder(&self, line: &Line) -> String {
        match line.item.member_id {
            Some(member) => self.name(member),
            None => line.held.key_name.clone().unwrap_or_default(),
        }
    }

    /// The lines behind an item, none at the end.
    pub async fn lines(&self, connection: &impl ConnectionTrait, after: Option<&Line>) -> Result<Vec<Line>> {
        let place = (after.map(|line| line.item.id), PAGE);
        let page = items(connection, &self.review, ItemFilter::default(), place).await?;
        page.into_iter()
            .map(|item| Ok(Line { held: Snapshot::of(&item)?, evidence: Evidence::frozen(&item)?, item }))
            .collect()
    }
}

const COLUMNS: &[&str] = &[
    "item",
    "kind",
    "holder",
    "holderId",
    "role",
    "scope",
    "scopeName",
    "permissions",
    "since",
    "until",
    "grantedBy",
    "grantReason",
    "lastSignIn",
    "lastActive",
    "usedPermissions",
    "colleagues",
    "openFindings",
    "evidenceAt",
    "reviewer",
    "decision",
    "reason",
    "changeRole",
    "changeScope",
    "changeScopeName",
    "changeUntil",
    "decidedBy",
    "decidedAt",
    "outcome",
    "outcomeAt",
    "refusal",
    "replacedBy",
    "givenByProvider",
    "digest",
    "sealSequence",
    "sealMac",
];

async fn as_csv(
    connection: &impl ConnectionTrait,
    closed: &Closed,
    out: &mut impl FnMut(&str),
) -> Result<()> {
    out(&(COLUMNS.join(",") + "\r\n"));
    let mut lines = closed.lines(connection, None).await?;
    while let Some(last) = lines.last() {
        for line in &lines {
            let cells: Vec<String> = cells(closed, line)?.iter().map(|value| cell(value)).collect();
            out(&cells.join(","));
            out("\r\n");
        }
        lines = closed.lines(connection, Some(last)).await?;
    }
    Ok(())
}

fn cells(closed: &Closed, line: &Line) -> Result<Vec<String>> {
    let Line { item, held, evidence } = line;
    let name = |member: Option<MemberId>| member.map(|member| closed.name(member)).unwrap_or_default();
    let time = |at: Option<Moment>| at.map(|at| at.to_string()).unwrap_or_default();
    let known = evidence.as_ref();
    let (scope, scope_name) = match &held.scope {
        SnapshotScope::Workspace => ("workspace", ""),
        SnapshotScope::Channel { name, .. } => ("channel", name.as_str()),
        SnapshotScope::Team { name, .. } => ("team", name.as_str()),
    };
    let used = known.map(|known| {
        let used = known.used.iter().map(|(key, at)| format!("{key}={at}"));
        used.collect::<Vec<_>>().join(" ")
    });
    let change = item.amendment.as_deref().map(WrittenTerms::from_json).transpose()?;
    let change_scope = change.as_ref().map(|change| match (change.channel_id, change.team_id) {
        (Some(_), _) => "channel",
        (None, Some(_)) => "team",
        (None, None) => "workspace",
    });
    let holder_id = item.member_id.map(|id| id.to_string()).or(item.api_key_id.map(|id| id.to_string()));
    Ok(vec![
        item.id.to_string(),
        item.kind.to_value(),
        closed.holder(line),
        holder_id.unwrap_or_default(),
        held.role_name.clone().unwrap_or_default(),
        scope.to_owned(),
        scope_name.to_owned(),
        held.permissions.join(" "),
        held.since.to_string(),
        time(held.until),
        name(held.granted_by),
        held.reason.clone().unwrap_or_default(),
        time(known.and_then(|known| known.last_signed_in_at)),
        time(known.and_then(|known| known.last_active_at)),
        used.unwrap_or_default(),
        known.map(|known| known.colleagues.to_string()).unwrap_or_default(),
        known.map(|known| known.open_findings.to_string()).unwrap_or_default(),
        time(known.map(|known| known.taken_at)),
        name(item.reviewer_id),
        item.decision.map(|decision| decision.to_value()).unwrap_or_default(),
        item.decision_reason.clone().unwrap_or_default(),
        change.as_ref().map(WrittenTerms::role).unwrap_or_default(),
        change_scope.unwrap_or_default().to_owned(),
        change.as_ref().map(WrittenTerms::place).unwrap_or_default(),
        time(change.and_then(|change| change.valid_until)),
        name(item.decided_by),
        time(item.decided_at.map(Moment)),
        item.outcome.map(|outcome| outcome.to_value()).unwrap_or_default(),
        time(item.outcome_at.map(Moment)),
        item.refusal.clone().unwrap_or_default(),
        item.successor_id.map(|grant| grant.to_string()).unwrap_or_default(),
        known.map(|known| known.given_by_provider.to_string()).unwrap_or_default(),
        closed.digest.clone(),
        closed.seal.sequence.to_string(),
        hex(&closed.seal.mac),
    ])
}
