//! What an access review came to, as JSON of which every byte follows from what is on record. The content names people by
//! their ids and by a hash over what they were called; names stand beside it, and can be erased without harm to the digest.

use std::collections::BTreeSet;

use portaria_entity::access_review::Model as Review;
use portaria_entity::access_review_item::Model as Item;
use portaria_entity::access_review_person as person;
use portaria_entity::id::MemberId;
use portaria_entity::member::MemberStatus;
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveEnum, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::finder::{ItemFilter, items};
use super::snapshot::{Moment, Snapshot};
use crate::error::{Error, Result};
use crate::{activity, member};

const PAGE: u64 = 500;
const SALT_BYTES: usize = 16;

/// A digest in the making.
#[derive(Default)]
pub(super) struct Digesting(Sha256);

impl Digesting {
    pub fn add(&mut self, part: &str) {
        self.0.update(part.as_bytes());
    }

    pub fn finish(self) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A JSON object of members that are JSON already, in this order.
pub(super) fn object(members: &[(&str, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

pub(super) fn value(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(Error::internal)
}

fn time(at: Option<Timestamp>) -> Result<String> {
    value(&at.map(Moment))
}

/// JSON as it was written down; `null` where there is none.
fn kept(text: Option<&String>) -> String {
    text.cloned().unwrap_or_else(|| "null".to_owned())
}

/// Hands the content of a closed review on, part by part.
pub(super) async fn write_content(
    connection: &impl ConnectionTrait,
    review: &Review,
    out: &mut impl FnMut(&str),
) -> Result<()> {
    out("{\"version\":1,\"review\":");
    out(&head(review)?);
    out(",\"people\":[");
    let mut separator = "";
    for person in people(connection, review).await? {
        out(separator);
        out(&object(&[("id", value(&person.member_id)?), ("hash", value(&hex(&person.hash))?)]));
        separator = ",";
    }
    out("],\"reviewers\":");
    out(&value(&reviewers(connection, review).await?)?);
    out(",\"items\":[");
    let (mut after, mut separator) = (None, "");
    loop {
        let page = items(connection, review, ItemFilter::default(), (after, PAGE)).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for item in &page {
            out(separator);
            out(&told(item)?);
            separator = ",";
        }
    }
    out("]}");
    Ok(())
}

fn head(review: &Review) -> Result<String> {
    let mut head = vec![
        ("id", value(&review.id)?),
        ("workspace", value(&review.workspace_id)?),
        ("name", value(&review.name)?),
        ("scope", value(&review.scope.to_value())?),
        ("role", value(&review.role_id)?),
        ("channel", value(&review.channel_id)?),
        ("scopeName", value(&review.scope_name)?),
        ("withoutAnswer", value(&review.policy.to_value())?),
        ("schedule", value(&review.schedule_id)?),
        ("scheduledFor", value(&review.scheduled_for)?),
        ("startedBy", value(&review.started_by)?),
        ("startedAt", time(Some(review.started_at))?),
        ("endsAt", time(Some(review.ends_at))?),
        ("closedBy", value(&review.closed_by)?),
        ("closedAt", time(review.closed_at)?),
    ];
    // Only where there is something to say: those that were closed before stay as they were.
    if let Some(reason) = &review.cancellation_reason {
        head.push(("cancelled", object(&[("reason", value(reason)?)])));
    }
    Ok(object(&head))
}

fn told(item: &Item) -> Result<String> {
    let mut told = vec![
        ("id", value(&item.id)?),
        ("kind", value(&item.kind.to_value())?),
        ("member", value(&item.member_id)?),
        ("apiKey", value(&item.api_key_id)?),
        ("reviewer", value(&item.reviewer_id)?),
        ("held", item.snapshot.clone()),
        ("decision", value(&item.decision.map(|decision| decision.to_value()))?),
        ("reason", value(&item.decision_reason)?),
        ("change", kept(item.amendment.as_ref())),
        ("decidedBy", value(&item.decided_by)?),
        ("decidedAt", time(item.decided_at)?),
        ("evidence", kept(item.evidence.as_ref())),
        ("outcome", value(&item.outcome.map(|outcome| outcome.to_value()))?),
        ("outcomeAt", time(item.outcome_at)?),
        ("refusal", value(&item.refusal)?),
    ];
    if let Some(grant) = item.successor_id {
        told.push(("replacedBy", value(&grant)?));
    }
    Ok(object(&told))
}

async fn reviewers(connection: &impl ConnectionTrait, review: &Review) -> Result<Vec<MemberId>> {
    let backend = connection.get_database_backend();
    let sql = "SELECT member_id FROM access_review_reviewers WHERE workspace_id = $1 AND review_id = $2 ORDER BY member_id";
    let values = [review.workspace_id.0.into(), review.id.0.into()];
    let statement = sea_orm::Statement::from_sql_and_values(backend, sql, values);
    let rows = connection.query_all_raw(statement).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// What the people of a closed review were called, by their ids.
pub(super) async fn people(connection: &impl ConnectionTrait, review: &Review) -> Result<Vec<person::Model>> {
    let find = person::Entity::find()
        .filter(person::Column::WorkspaceId.eq(review.workspace_id))
        .filter(person::Column::ReviewId.eq(review.id))
        .order_by_asc(person::Column::MemberId);
    Ok(find.all(connection).await?)
}

/// Writes down what everybody is called whom the document speaks of, before its digest is made.
pub(super) async fn name_people(connection: &impl ConnectionTrait, review: &Review) -> Result<()> {
    let mut ids: BTreeSet<MemberId> = reviewers(connection, review).await?.into_iter().collect();
    ids.extend(review.started_by);
    ids.extend(review.closed_by);
    let mut after = None;
    loop {
        let page = items(connection, review, ItemFilter::default(), (after, PAGE)).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for item in &page {
            ids.extend(item.member_id);
            ids.extend(item.decided_by);
            ids.extend(item.reviewer_id);
            ids.extend(Snapshot::of(item)?.granted_by);
        }
    }
    let ids: Vec<MemberId> = ids.into_iter().collect();
    for batch in ids.chunks(200) {
        let known = member::by_ids(connection, review.workspace_id, batch).await?;
        let removed = known.values().filter(|row| row.member.status == MemberStatus::Removed);
        let removed: Vec<MemberId> = removed.map(|row| row.member.id).collect();
        let erased = activity::erased_among(connection, review.workspace_id, &removed).await?;
        let mut rows = Vec::new();
        for (member_id, row) in known {
            let person = named(review, member_id, (row.user.name, row.user.email))?;
            rows.push(if erased.contains(&member_id) { forgotten(review, member_id)? } else { person });
        }
        person::Entity::insert_many(rows).exec_without_returning(connection).await?;
    }
    Ok(())
}

fn named(
    review: &Review,
    member_id: MemberId,
    (name, email): (String, String),
) -> Result<person::ActiveModel> {
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(Error::internal)?;
    let row = person::Model {
        workspace_id: review.workspace_id,
        review_id: review.id,
        member_id,
        hash: hash(&salt, &name, &email),
        salt: Some(salt.to_vec()),
        name,
        email,
    };
    Ok(row.into())
}

/// Who was erased here, and may be called as before elsewhere: as if they had been named and erased since.
fn forgotten(review: &Review, member_id: MemberId) -> Result<person::ActiveModel> {
    let nameless = named(review, member_id, (String::new(), String::new()))?;
    Ok(person::ActiveModel { salt: Set(None), ..nameless })
}

/// SHA-256 over the JSON of hexadecimal salt, name and address: `["00ff...","Ana","ana@example.com"]`.
pub(super) fn hash(salt: &[u8], name: &str, email: &str) -> Vec<u8> {
    let covered = serde_json::json!([hex(salt), name, email]).to_string();
    Sha256::digest(covered.as_bytes()).to_vec()
}
