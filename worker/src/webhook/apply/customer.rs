//! Customers whom a notice names without a message: found by the same rules as everybody.

use portaria_domain::Result;
use portaria_entity::id::ContactId;
use portaria_entity::time::Timestamp;
use serde_json::Value;

use super::Application;
use super::notice::{Notice, Understood};
use crate::whatsapp::payload::{
    Direction, Forwarding, Message, MessageKind, Party, Profile, Source, SystemKind, SystemNotice, fields,
};

/// Who is meant by members of these names: a phone, a user id, a parent id.
pub(super) fn party(of: &Value, phone: &str, user_id: &str, parent: &str) -> Party {
    let mut party = fields::text(of, phone).map(Party::by_id).unwrap_or_default();
    party.user_id = fields::text(of, user_id).or(party.user_id);
    party.parent_user_id = fields::text(of, parent);
    party
}

/// A message that says nothing but who somebody is.
pub(super) fn introduction(customer: Party, system: Option<SystemNotice>, at: Timestamp) -> Message {
    Message {
        whatsapp_id: String::new(),
        source: Source::Live,
        direction: Direction::Inbound,
        customer,
        profile: Profile::default(),
        group_id: None,
        sent_at: Some(at.as_secs()),
        kind: MessageKind::System,
        text: None,
        media: None,
        reply_to: None,
        forwarding: Forwarding::Original,
        target: None,
        system,
        history_status: None,
        faults: Vec::new(),
        raw: String::new(),
    }
}

impl Application<'_> {
    /// The customer of these identities, made known when they are not yet.
    pub(super) async fn customer(&mut self, party: Party, at: Timestamp) -> Result<Option<ContactId>> {
        if party.is_unknown() {
            return Ok(None);
        }
        let contact = self.contact(&introduction(party, None, at)).await?;
        self.write_rows().await?;
        Ok(contact)
    }

    /// Withdrawn by Meta in 2026 and still to be understood: what a system message says today.
    pub(super) async fn user_ids(&mut self, notice: &Notice<'_>) -> Result<Understood> {
        for update in fields::list(&notice.value, "user_id_update") {
            let changed = |name: &str, which: &str| update.get(name).and_then(|ids| fields::text(ids, which));
            let at = fields::seconds(update, "timestamp").map_or(notice.at, |at| self.time(Some(at)));
            let system = SystemNotice {
                kind: SystemKind::ChangedUserId,
                now: Party {
                    phone: None,
                    user_id: changed("user_id", "current"),
                    parent_user_id: changed("parent_user_id", "current"),
                },
                previous_user_id: changed("user_id", "previous"),
                previous_parent_user_id: changed("parent_user_id", "previous"),
            };
            let customer = party(update, "wa_id", "", "");
            self.contact(&introduction(customer, Some(system), at)).await?;
        }
        Ok(Understood::Known)
    }
}
