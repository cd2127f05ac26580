//! Labels: what conversations are marked with. One that is a skill asks for somebody who has it.

use std::collections::HashMap;

use portaria_entity::id::{ConversationId, LabelId, MemberId, WorkspaceId};
use portaria_entity::label::{self, Column};
use portaria_entity::member::MemberStatus;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;

use crate::conversation::{Act, ConversationRow, changing};
use crate::database::Database;
use crate::error::{Error, Refusal, Result};
use crate::granting::{Change, stated};
use crate::installation::Installation;
use crate::viewer::Viewer;

/// So many labels there may be, and so many on one thing.
const MOST: usize = 200;
const LONGEST_NAME: usize = 60;

/// All labels of a workspace, by name. Every active member may know them.
pub async fn all(connection: &impl ConnectionTrait, workspace: WorkspaceId) -> Result<Vec<label::Model>> {
    let find = label::Entity::find().filter(Column::WorkspaceId.eq(workspace)).order_by_asc(Column::Name);
    Ok(find.all(connection).await?)
}

/// Makes a label, for the whole workspace.
pub async fn create(change: &Change<'_>, name: &str, is_skill: bool) -> Result<label::Model> {
    let known = all(&change.transaction, change.workspace_id).await?;
    let name = free_name(name, None, &known)?;
    if known.len() >= MOST {
        return Err(Refusal::TooManyLabels.into());
    }
    let row = label::Model {
        workspace_id: change.workspace_id,
        id: change.installation.clock.new_id(),
        name: name.to_owned(),
        is_skill,
        created_at: change.now,
    };
    let new = label::ActiveModel {
        workspace_id: Set(row.workspace_id),
        id: Set(row.id),
        name: Set(row.name.clone()),
        is_skill: Set(row.is_skill),
        created_at: Set(row.created_at),
    };
    label::Entity::insert(new).exec_without_returning(&change.transaction).await?;
    let told = json!({ "name": row.name, "isSkill": is_skill });
    change.record("label.created", row.id, (None, Some(told))).await?;
    Ok(row)
}

/// Renames a label, wherever it is.
pub async fn rename(change: &Change<'_>, id: LabelId, name: &str) -> Result<label::Model> {
    let known = all(&change.transaction, change.workspace_id).await?;
    let before = known.iter().find(|label| label.id == id).ok_or(Error::NotFound)?;
    let name = free_name(name, Some(id), &known)?;
    let row = label::Model { name: name.to_owned(), ..before.clone() };
    if row == *before {
        return Ok(row);
    }
    let sql = "UPDATE labels SET name = $3 WHERE workspace_id = $1 AND id = $2";
    change.execute(sql, [id.0.into(), name.into()]).await?;
    let told = (Some(json!({ "name": before.name })), Some(json!({ "name": name })));
    change.record("label.renamed", id, told).await?;
    Ok(row)
}

/// A name that no other label has, in capitals or not.
fn free_name<'a>(name: &'a str, own: Option<LabelId>, known: &[label::Model]) -> Result<&'a str> {
    let name = stated(name, Refusal::NameMissing)?;
    if name.chars().count() > LONGEST_NAME {
        return Err(Refusal::TextTooLong.into());
    }
    let same = |label: &label::Model| label.name.to_lowercase() == name.to_lowercase();
    if known.iter().any(|label| Some(label.id) != own && same(label)) {
        return Err(Refusal::NameTaken.into());
    }
    Ok(name)
}

/// Deletes a label, from everything that bears it.
pub async fn delete(change: &Change<'_>, id: LabelId) -> Result<LabelId> {
    let find = label::Entity::find_by_id((change.workspace_id, id));
    let row = find.one(&change.transaction).await?.ok_or(Error::NotFound)?;
    for sql in [
        "DELETE FROM conversation_labels WHERE workspace_id = $1 AND label_id = $2",
        "DELETE FROM member_skills WHERE workspace_id = $1 AND label_id = $2",
        "DELETE FROM labels WHERE workspace_id = $1 AND id = $2",
    ] {
        change.execute(sql, [id.0.into()]).await?;
    }
    let told = json!({ "name": row.name, "isSkill": row.is_skill });
    change.record("label.deleted", id, (Some(told), None)).await?;
    Ok(id)
}

/// Says which skills a member has.
pub async fn set_skills(change: &Change<'_>, member: MemberId, skills: &[LabelId]) -> Result<()> {
    if change.ledger.member(member)?.status == MemberStatus::Removed {
        return Err(Refusal::NotActive.into());
    }
    let known = all(&change.transaction, change.workspace_id).await?;
    let skills = distinct(skills, &known)?;
    if skills.iter().any(|id| !known.iter().any(|label| label.id == *id && label.is_skill)) {
        return Err(Refusal::NotASkill.into());
    }
    let before = of_members(&change.transaction, &change.installation.database, change.workspace_id).await?;
    change
        .execute("DELETE FROM member_skills WHERE workspace_id = $1 AND member_id = $2", [member.0.into()])
        .await?;
    for skill in &skills {
        let sql = "INSERT INTO member_skills (workspace_id, member_id, label_id) VALUES ($1, $2, $3)";
        change.execute(sql, [member.0.into(), skill.0.into()]).await?;
    }
    let told = (Some(json!({ "skills": before.get(&member) })), Some(json!({ "skills": skills })));
    change.record("member.skills_set", member, told).await
}

/// Marks a conversation with these labels and no others.
pub async fn mark(
    installation: &Installation,
    viewer: &Viewer,
    id: ConversationId,
    labels: &[LabelId],
) -> Result<ConversationRow> {
    let act = changing(installation, viewer, id).await?;
    act.permit(Act::Label)?;
    let id = act.conversation.row.id;
    let known = all(&act.transaction, viewer.workspace_id).await?;
    let labels = distinct(labels, &known)?;
    let database = &installation.database;
    let key = || [viewer.workspace_id.0.into(), id.0.into()];
    let sql = "DELETE FROM conversation_labels WHERE workspace_id = $1 AND conversation_id = $2";
    act.transaction.execute_raw(database.statement(sql, key())).await?;
    for label in &labels {
        let sql =
            "INSERT INTO conversation_labels (workspace_id, conversation_id, label_id) VALUES ($1, $2, $3)";
        let values = key().into_iter().chain([label.0.into()]);
        act.transaction.execute_raw(database.statement(sql, values)).await?;
    }
    let row = act.finish("conversation.labelled", Some(json!({ "labels": labels }))).await?;
    ConversationRow::of(viewer, row).ok_or(Error::NotFound)
}

fn distinct(ids: &[LabelId], known: &[label::Model]) -> Result<Vec<LabelId>> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    if ids.iter().any(|id| !known.iter().any(|label| label.id == *id)) {
        return Err(Error::NotFound);
    }
    Ok(ids)
}

/// The labels of some conversations.
pub async fn of_conversations(
    connection: &impl ConnectionTrait,
    database: &Database,
    workspace: WorkspaceId,
    conversations: &[ConversationId],
) -> Result<HashMap<ConversationId, Vec<LabelId>>> {
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    if conversations.is_empty() {
        return Ok(found);
    }
    let places: Vec<_> = (0..conversations.len()).map(|index| format!("${}", index + 2)).collect();
    let sql = format!(
        "SELECT conversation_id, label_id FROM conversation_labels \
         WHERE workspace_id = $1 AND conversation_id IN ({})",
        places.join(", ")
    );
    let values = std::iter::once(workspace.0.into()).chain(conversations.iter().map(|id| id.0.into()));
    for row in connection.query_all_raw(database.statement(&sql, values)).await? {
        found.entry(row.try_get_by_index(0)?).or_default().push(row.try_get_by_index(1)?);
    }
    Ok(found)
}

/// The skills of everybody who has any.
pub async fn of_members(
    connection: &impl ConnectionTrait,
    database: &Database,
    workspace: WorkspaceId,
) -> Result<HashMap<MemberId, Vec<LabelId>>> {
    let sql = "SELECT member_id, label_id FROM member_skills WHERE workspace_id = $1";
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    for row in connection.query_all_raw(database.statement(sql, [workspace.0.into()])).await? {
        found.entry(row.try_get_by_index(0)?).or_default().push(row.try_get_by_index(1)?);
    }
    Ok(found)
}
