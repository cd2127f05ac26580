//! How far a message to a group has come: as far as to everybody who is known to have been in it. Where it is not known who
//! is, that it reached somebody is all that can be said.

use std::collections::HashMap;

use portaria_domain::Result;
use portaria_entity::conversation;
use portaria_entity::group_participant::{self, Column, ParticipantStatus};
use portaria_entity::message::{self, DeliveryStatus};
use portaria_entity::message_status;
use portaria_entity::time::Timestamp;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};

use super::Application;
use super::status::{NO_TIME, advance};
use crate::whatsapp::payload::StatusKind;

/// What a message can have come to, the furthest first.
const STEPS: [DeliveryStatus; 3] = [DeliveryStatus::Played, DeliveryStatus::Read, DeliveryStatus::Delivered];

impl Application<'_> {
    /// Moves a message to a group on by all that participants' statuses tell of it. Whether anything changed.
    pub(super) async fn advance_by_receipts(
        &self,
        message: &mut message::Model,
        told: &[message_status::Model],
    ) -> Result<bool> {
        let mut receipts: HashMap<&str, Vec<(DeliveryStatus, Timestamp)>> = HashMap::new();
        for row in told.iter().filter(|row| !row.participant.is_empty()) {
            let Some(status) = StatusKind::named(&row.status).delivery() else { continue };
            // That it did not reach one of a group does not mean that it failed.
            if status != DeliveryStatus::Failed {
                let at = if row.at == NO_TIME { message.sent_at } else { row.at };
                receipts.entry(&row.participant).or_default().push((status, at));
            }
        }
        if receipts.is_empty() {
            return Ok(false);
        }
        let known = self.addressed(message).await?;
        Ok(reached(&receipts, &known).is_some_and(|(reached, at)| advance(message, reached, at)))
    }

    /// Who was in the group when it was sent, as far as it is known, and still is.
    async fn addressed(&self, message: &message::Model) -> Result<Vec<group_participant::Model>> {
        let group = match self.touched.get(&message.conversation_id) {
            Some(touched) => Some(touched.row.contact_id),
            None => {
                let key = (message.workspace_id, message.conversation_id);
                let row = conversation::Entity::find_by_id(key).one(self.transaction).await?;
                row.map(|row| row.contact_id)
            }
        };
        let Some(group) = group else { return Ok(Vec::new()) };
        let then =
            Condition::any().add(Column::JoinedAt.is_null()).add(Column::JoinedAt.lte(message.sent_at));
        let find = group_participant::Entity::find()
            .filter(Column::WorkspaceId.eq(message.workspace_id))
            .filter(Column::GroupContactId.eq(group))
            .filter(Column::Status.eq(ParticipantStatus::Joined))
            .filter(then);
        Ok(find.all(self.transaction).await?)
    }
}

/// The furthest that it came to everybody who is known, and since when; to anybody, where nobody is.
fn reached(
    receipts: &HashMap<&str, Vec<(DeliveryStatus, Timestamp)>>,
    known: &[group_participant::Model],
) -> Option<(DeliveryStatus, Timestamp)> {
    let since = |told: &mut dyn Iterator<Item = &(DeliveryStatus, Timestamp)>, step: DeliveryStatus| {
        told.filter(|(status, _)| status.rank() >= step.rank()).map(|(_, at)| *at).min()
    };
    if known.is_empty() {
        let step = DeliveryStatus::Delivered;
        return since(&mut receipts.values().flatten(), step).map(|at| (step, at));
    }
    STEPS.into_iter().find_map(|step| {
        let of = |person: &group_participant::Model| {
            let names = [Some(&person.name), person.phone.as_ref(), person.user_id.as_ref()];
            let told = names.into_iter().flatten().filter_map(|name| receipts.get(name.as_str())).flatten();
            since(&mut told.into_iter(), step)
        };
        let all: Option<Vec<Timestamp>> = known.iter().map(of).collect();
        Some((step, all?.into_iter().max()?))
    })
}
