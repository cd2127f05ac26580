//! What a merge could change, as one picture of it.

use std::time::Duration;

use portaria_domain::granting::Change;
use portaria_domain::label;
use portaria_domain::permission::Permission;
use portaria_entity::conversation::ConversationStatus;
use portaria_entity::id::{ConversationId, TeamId};
use portaria_entity::{
    contact, contact_identity, conversation, episode, label as label_entity, message, routing_decision,
};
use portaria_testing::{Person, Stage};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel};
use uuid::Uuid;

use super::row;

/// A number that nobody has yet.
pub fn number(stage: &Stage) -> i64 {
    stage.clock.advance(Duration::from_secs(1));
    stage.clock.now().as_secs()
}

pub async fn put(stage: &Stage, id: ConversationId, status: ConversationStatus, team: Option<TeamId>) {
    let writer = stage.installation.database.writer();
    let row = row(stage, id).await;
    if status == ConversationStatus::Resolved
        && let Some(episode) = row.episode_id
    {
        let ended = episode::ActiveModel {
            workspace_id: Set(stage.workspace_id),
            id: Set(episode),
            resolved_at: Set(Some(stage.clock.now())),
            ..Default::default()
        };
        ended.update(writer).await.unwrap();
    }
    let mut row = row.into_active_model();
    row.status = Set(status);
    row.team_id = Set(team);
    match status {
        ConversationStatus::Resolved => {
            row.waiting_since = Set(None);
            row.unread_count = Set(0);
        }
        ConversationStatus::Snoozed => {
            row.snoozed_until = Set(Some(stage.clock.now() + Duration::from_secs(7_200)));
        }
        ConversationStatus::Open => {
            row.waiting_since = Set(Some(stage.clock.now() - Duration::from_secs(90)));
        }
    }
    row.update(writer).await.unwrap();
}

pub async fn mark(stage: &Stage, who: &Person, id: ConversationId, name: &str) {
    let reader = stage.installation.database.reader();
    let known = label::all(reader, stage.workspace_id).await.unwrap();
    let label = match known.into_iter().find(|label| label.name == name) {
        Some(label) => label.id,
        None => {
            let change =
                Change::by(&stage.installation, &who.viewer, &[Permission::WorkspaceUpdate]).await.unwrap();
            let label = label::create(&change, name, false).await.unwrap().id;
            change.finish().await.unwrap();
            label
        }
    };
    label::mark(&stage.installation, &who.viewer, id, &[label]).await.unwrap();
}

/// Everything that a merge may touch but its own ledger, in a fixed order.
pub async fn picture(stage: &Stage) -> Vec<String> {
    let reader = stage.installation.database.reader();
    let mut all = Vec::new();
    let zero = portaria_entity::time::Timestamp(0);
    for row in contact::Entity::find().all(reader).await.unwrap() {
        all.push(format!("{:?}", contact::Model { updated_at: zero, ..row }));
    }
    macro_rules! add {
        ($($noun:ident),*) => { $(
            all.extend($noun::Entity::find().all(reader).await.unwrap().iter().map(|row| format!("{row:?}")));
        )* };
    }
    add!(contact_identity, conversation, episode, label_entity, message, routing_decision);
    let sql = "SELECT conversation_id, label_id FROM conversation_labels c WHERE EXISTS (SELECT 1 FROM conversations v \
               WHERE v.workspace_id = c.workspace_id AND v.id = c.conversation_id AND v.merged_into_id IS NULL)";
    let statement = stage.installation.database.statement(sql, []);
    for row in reader.query_all_raw(statement).await.unwrap() {
        let pair: (Uuid, Uuid) = (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap());
        all.push(format!("{pair:?}"));
    }
    all.sort();
    all
}
