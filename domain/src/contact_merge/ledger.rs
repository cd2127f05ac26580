//! What a merge moved or changed is written down as it happens, and moved back by what was written.

use std::collections::HashMap;

use portaria_entity::contact_merge_part::{self, Column, MergePart, Model};
use portaria_entity::event::{AssignmentCause, EventKind};
use portaria_entity::id::{ContactMergeId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::{conversation, id};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, Value};
use uuid::Uuid;

use crate::access::Access;
use crate::activity::{Deed, record};
use crate::conversation::assignee;
use crate::error::Result;
use crate::event::{Before, Happening, append};
use crate::grant::access_of_members;
use crate::installation::Installation;
use crate::routing::{Routing, Waiting};
use crate::viewer::Viewer;

/// What refers to what is merged: whose column is moved, by which key.
#[derive(Clone, Copy)]
pub(super) struct Reference {
    pub part: MergePart,
    table: &'static str,
    key: &'static str,
    column: &'static str,
}

const fn reference(
    part: MergePart,
    table: &'static str,
    key: &'static str,
    column: &'static str,
) -> Reference {
    Reference { part, table, key, column }
}

/// What hangs on a contact beside their conversations.
pub(super) const OF_CONTACT: [Reference; 4] = [
    reference(MergePart::Identity, "contact_identities", "id", "contact_id"),
    reference(MergePart::Consent, "consents", "id", "contact_id"),
    reference(MergePart::Sender, "message_senders", "message_id", "contact_id"),
    reference(MergePart::MergedContact, "contacts", "id", "merged_into_id"),
];

/// What hangs on a conversation.
pub(super) const OF_CONVERSATION: [Reference; 9] = [
    reference(MergePart::Message, "messages", "id", "conversation_id"),
    reference(MergePart::Episode, "episodes", "id", "conversation_id"),
    reference(MergePart::Decision, "routing_decisions", "id", "conversation_id"),
    reference(MergePart::Escalation, "escalations", "id", "conversation_id"),
    reference(MergePart::Transfer, "transfers", "id", "conversation_id"),
    reference(MergePart::BotTurn, "bot_turns", "id", "conversation_id"),
    reference(MergePart::Outgoing, "outgoing_messages", "message_id", "conversation_id"),
    reference(MergePart::FreeEntryPoint, "free_entry_points", "message_id", "conversation_id"),
    reference(MergePart::MergedConversation, "conversations", "id", "merged_into_id"),
];

/// A merge while it is done or undone: one transaction.
pub(super) struct Work<'a> {
    pub installation: &'a Installation,
    pub viewer: &'a Viewer,
    pub transaction: DatabaseTransaction,
    pub workspace_id: WorkspaceId,
    pub merge_id: ContactMergeId,
    pub now: Timestamp,
}

impl Work<'_> {
    /// Runs a statement of which `$1` is the workspace; answers how many rows it changed.
    pub async fn execute<const N: usize>(&self, sql: &str, values: [Value; N]) -> Result<u64> {
        let values = std::iter::once(self.workspace_id.0.into()).chain(values);
        let statement = self.installation.database.statement(sql, values);
        Ok(self.transaction.execute_raw(statement).await?.rows_affected())
    }

    /// Writes down one thing that is changed.
    pub async fn note(
        &self,
        kind: MergePart,
        (part_id, from_id): (Uuid, Uuid),
        before: Option<String>,
    ) -> Result<()> {
        let row = contact_merge_part::ActiveModel {
            workspace_id: Set(self.workspace_id),
            merge_id: Set(self.merge_id),
            kind: Set(kind),
            part_id: Set(part_id),
            from_id: Set(from_id),
            before: Set(before),
        };
        contact_merge_part::Entity::insert(row).exec_without_returning(&self.transaction).await?;
        Ok(())
    }

    /// Moves everything that refers to one thing over to another, and writes down what.
    pub async fn shift(&self, what: Reference, from: Uuid, to: Uuid) -> Result<()> {
        let Reference { part, table, key, column } = what;
        let kind: &'static str = part.into();
        let sql = format!(
            "INSERT INTO contact_merge_parts (workspace_id, merge_id, kind, part_id, from_id) \
             SELECT workspace_id, $2, '{kind}', {key}, {column} FROM {table} WHERE workspace_id = $1 AND {column} = $3"
        );
        self.execute(&sql, [self.merge_id.0.into(), from.into()]).await?;
        let sql = format!("UPDATE {table} SET {column} = $2 WHERE workspace_id = $1 AND {column} = $3");
        self.execute(&sql, [to.into(), from.into()]).await?;
        Ok(())
    }

    /// Moves back what was moved from one thing to another, as far as it is still there.
    pub async fn shift_back(&self, what: Reference, from: Uuid, to: Uuid) -> Result<()> {
        let Reference { part, table, key, column } = what;
        let kind: &'static str = part.into();
        let sql = format!(
            "UPDATE {table} SET {column} = $3 WHERE workspace_id = $1 AND {column} = $4 AND {key} IN \
             (SELECT part_id FROM contact_merge_parts WHERE workspace_id = $1 AND merge_id = $2 AND kind = '{kind}' \
              AND from_id = $3)"
        );
        self.execute(&sql, [self.merge_id.0.into(), from.into(), to.into()]).await?;
        Ok(())
    }

    /// What was written down of this kind.
    pub async fn parts(&self, kind: MergePart) -> Result<Vec<Model>> {
        let find = contact_merge_part::Entity::find()
            .filter(Column::WorkspaceId.eq(self.workspace_id))
            .filter(Column::MergeId.eq(self.merge_id))
            .filter(Column::Kind.eq(kind));
        Ok(find.all(&self.transaction).await?)
    }

    /// What everybody may do now.
    pub async fn access(&self) -> Result<HashMap<id::MemberId, Access>> {
        let database = &self.installation.database;
        access_of_members(&self.transaction, database, self.workspace_id, self.now).await
    }

    pub async fn announce(&self, id: id::ConversationId, before: Option<Before>) -> Result<()> {
        let happening = Happening {
            workspace_id: self.workspace_id,
            kind: EventKind::ConversationChanged,
            conversation_id: Some(id),
            message_id: None,
            before,
        };
        append(&self.transaction, &self.installation.clock, happening).await
    }

    /// Tells whose a conversation is now that was found so.
    pub async fn tell_assigned(&self, found: &conversation::Model, to: Option<id::MemberId>) -> Result<()> {
        let told = (to, AssignmentCause::Merged, self.viewer.into());
        assignee::tell(&self.transaction, self.installation, found, told).await
    }

    pub async fn record(
        &self,
        action: &str,
        subject: impl std::fmt::Display + Send,
        (before, after): (Option<serde_json::Value>, Option<serde_json::Value>),
    ) -> Result<()> {
        let deed = Deed {
            workspace_id: self.workspace_id,
            actor: self.viewer.into(),
            action,
            subject: subject.to_string(),
            before,
            after,
            address: self.viewer.stated_address(),
        };
        record(&self.transaction, &self.installation.clock, deed).await
    }

    /// Finds somebody for what nobody has. To be done last.
    pub async fn route(
        &self,
        rows: &[conversation::Model],
        cause: portaria_entity::routing_decision::RoutingCause,
    ) -> Result<()> {
        let waiting: Vec<Waiting> = rows.iter().filter_map(Waiting::of).collect();
        if waiting.is_empty() {
            return Ok(());
        }
        let mut routing = Routing::open(self.installation, &self.transaction, self.workspace_id).await?;
        routing.route(&waiting, cause).await?;
        Ok(())
    }

    /// Whose phone is shown from now on is put down anew: it may be another number.
    pub async fn forget_reveals(&self, contacts: [id::ContactId; 2]) -> Result<()> {
        let sql = "DELETE FROM phone_reveals WHERE workspace_id = $1 AND contact_id IN ($2, $3)";
        self.execute(sql, contacts.map(|contact| contact.0.into())).await?;
        Ok(())
    }
}
