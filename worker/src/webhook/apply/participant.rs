//! Who is in a group, and who asks to be, whatever the order in which it is told.

use portaria_domain::{Error, Result};
use portaria_entity::group_participant::{self, Column, ParticipantStatus};
use portaria_entity::id::ContactId;
use portaria_entity::time::Timestamp;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
};
use serde_json::Value;

use super::Application;
use super::customer::party;
use crate::whatsapp::payload::{Party, fields};

/// Lists of people, and how those in them stand to the group from then on.
const LISTS: [(&str, ParticipantStatus); 2] =
    [("added_participants", ParticipantStatus::Joined), ("removed_participants", ParticipantStatus::Left)];

impl Application<'_> {
    /// Notes who came, went, asked to be let in, or asks no more.
    pub(super) async fn participants(&self, group: ContactId, told: &Value, at: Timestamp) -> Result<()> {
        for (list, status) in LISTS {
            for one in fields::list(told, list) {
                self.participant(group, who(one), (status, at)).await?;
            }
        }
        let status = match fields::text(told, "type").as_deref() {
            Some("group_join_request_created") => ParticipantStatus::Asked,
            Some("group_join_request_revoked") => ParticipantStatus::Withdrew,
            _ => return Ok(()),
        };
        self.participant(group, who(told), (status, at)).await
    }

    async fn participant(
        &self,
        group: ContactId,
        party: Party,
        (status, at): (ParticipantStatus, Timestamp),
    ) -> Result<()> {
        let Some(name) = party.user_id.as_ref().or(party.phone.as_ref()) else { return Ok(()) };
        let workspace = self.origin.workspace_id;
        let mut same = Condition::any();
        if let Some(phone) = &party.phone {
            same = same.add(Column::Phone.eq(phone));
        }
        if let Some(user_id) = &party.user_id {
            same = same.add(Column::UserId.eq(user_id));
        }
        let known = group_participant::Entity::find()
            .filter(Column::WorkspaceId.eq(workspace))
            .filter(Column::GroupContactId.eq(group))
            .filter(same)
            .lock_exclusive()
            .one(self.transaction)
            .await?;
        let fresh = group_participant::Model {
            workspace_id: workspace,
            group_contact_id: group,
            name: name.clone(),
            phone: None,
            user_id: None,
            status,
            status_at: at,
            joined_at: None,
            left_at: None,
        };
        let is_known = known.is_some();
        let mut row = known.unwrap_or(fresh);
        row.phone = row.phone.or(party.phone);
        row.user_id = row.user_id.or(party.user_id);
        // Of one second, who asked has come since, and who came has gone.
        (row.status_at, row.status) = (row.status_at, row.status).max((at, status));
        match status {
            ParticipantStatus::Joined => row.joined_at = row.joined_at.max(Some(at)),
            ParticipantStatus::Left => row.left_at = row.left_at.max(Some(at)),
            ParticipantStatus::Asked | ParticipantStatus::Withdrew => {}
        }
        if is_known {
            row.into_active_model().reset_all().update(self.transaction).await?;
            return Ok(());
        }
        let once = [Column::WorkspaceId, Column::GroupContactId, Column::Name];
        let rows = group_participant::Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::columns(once).do_nothing().to_owned())
            .exec_without_returning(self.transaction)
            .await?;
        // Somebody was told of them meanwhile: begin again, and find them.
        if rows == 0 { Err(Error::Busy) } else { Ok(()) }
    }
}

fn who(of: &Value) -> Party {
    party(of, "wa_id", "user_id", "parent_user_id")
}
