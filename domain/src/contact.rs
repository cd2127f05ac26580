//! Customers, reached only through conversations that the viewer may see.

use std::collections::HashMap;

use portaria_entity::contact_identity::IdentityKind;
use portaria_entity::conversation::{self, ConversationStatus};
use portaria_entity::id::{BotId, ChannelId, ContactId, MemberId, TeamId, WorkspaceId};
use portaria_entity::{contact, contact_identity};
use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::access::Placement;
use crate::conversation::visible_to;
use crate::error::Result;
use crate::permission::{Permission, PermissionSet};
use crate::viewer::Viewer;

/// A customer with what this viewer may do towards them.
#[derive(Clone, Debug)]
pub struct ContactRow {
    pub row: contact::Model,
    pub held: PermissionSet,
}

/// Customers by id: those whom the viewer may know of.
///
/// What is held towards a customer is what is held towards any one of the conversations with them that the viewer
/// may see, however the customer was reached. Whoever was merged with another is found as the one who stayed.
pub async fn by_ids(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    ids: &[ContactId],
) -> Result<HashMap<ContactId, ContactRow>> {
    let access = &viewer.access;
    let knows_all = access.everywhere().contains(Permission::ContactReadAll);
    // Then what is held towards one customer is what is held towards all.
    let alike = knows_all && access.is_uniform();
    let all = PermissionSet::of(&[Permission::ContactReadAll]);
    // Then it is not looked whether there is a conversation that they read; who reads all has one with nearly all customers.
    if alike && !access.everywhere().contains(Permission::ConversationReadAll) {
        viewer.note_use(all);
    }
    let rows = who_stayed(connection, viewer, ids).await?;
    let held = match alike {
        true => HashMap::new(),
        false => {
            let ids: Vec<ContactId> = rows.iter().map(|(_, row)| row.id).collect();
            held_towards(connection, viewer, &ids).await?
        }
    };
    let known = |(id, row): (ContactId, contact::Model)| {
        let held = match held.get(&row.id) {
            Some(held) if knows_all => held.union(access.everywhere()),
            Some(held) => *held,
            None if knows_all => {
                if !alike {
                    viewer.note_use(all);
                }
                access.everywhere()
            }
            None => return None,
        };
        Some((id, ContactRow { row, held }))
    };
    Ok(rows.into_iter().filter_map(known).collect())
}

/// Each of these contacts as it is now, by the id that was asked for.
async fn who_stayed(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    ids: &[ContactId],
) -> Result<Vec<(ContactId, contact::Model)>> {
    let find = async |ids: Vec<ContactId>| {
        contact::Entity::find()
            .filter(contact::Column::WorkspaceId.eq(viewer.workspace_id))
            .filter(contact::Column::Id.is_in(ids))
            .all(connection)
            .await
    };
    let rows = find(ids.to_vec()).await?;
    let merged: Vec<ContactId> = rows.iter().filter_map(|row| row.merged_into_id).collect();
    let stayed = if merged.is_empty() { Vec::new() } else { find(merged).await? };
    let now = |row: contact::Model| match row.merged_into_id {
        None => Some((row.id, row)),
        Some(into) => stayed.iter().find(|one| one.id == into).map(|one| (row.id, one.clone())),
    };
    Ok(rows.into_iter().filter_map(now).collect())
}

/// Waits until nobody else merges this contact, nor undoes it, and keeps them from it until the end of the transaction.
pub(crate) async fn hold(
    transaction: &impl ConnectionTrait,
    workspace: WorkspaceId,
    id: ContactId,
) -> Result<()> {
    let find = contact::Entity::find_by_id((workspace, id)).lock(LockType::Share);
    find.one(transaction).await?;
    Ok(())
}

type PlacementRow =
    (ContactId, ChannelId, Option<TeamId>, Option<MemberId>, Option<BotId>, ConversationStatus);

async fn held_towards(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    ids: &[ContactId],
) -> Result<HashMap<ContactId, PermissionSet>> {
    let placements: Vec<PlacementRow> = conversation::Entity::find()
        .select_only()
        .column(conversation::Column::ContactId)
        .column(conversation::Column::ChannelId)
        .column(conversation::Column::TeamId)
        .column(conversation::Column::AssigneeId)
        .column(conversation::Column::BotId)
        .column(conversation::Column::Status)
        .filter(visible_to(viewer))
        .filter(conversation::Column::ContactId.is_in(ids.iter().copied()))
        .into_tuple()
        .all(connection)
        .await?;
    let mut held: HashMap<ContactId, PermissionSet> = HashMap::new();
    for (contact, channel_id, team_id, assignee_id, bot_id, status) in placements {
        let open = status != ConversationStatus::Resolved;
        let placement = Placement { channel_id, team_id, assignee_id, bot_id, open };
        if let Some(reading) = viewer.access.reading(placement) {
            let all = held.entry(contact).or_default();
            *all = all.union(viewer.access.towards(placement, reading));
        }
    }
    Ok(held)
}

/// The phone numbers of customers, in E.164 without the plus, as WhatsApp gives them.
pub async fn phones(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    ids: &[ContactId],
) -> Result<HashMap<ContactId, String>> {
    let rows = contact_identity::Entity::find()
        .filter(contact_identity::Column::WorkspaceId.eq(viewer.workspace_id))
        .filter(contact_identity::Column::ContactId.is_in(ids.iter().copied()))
        .filter(contact_identity::Column::Kind.eq(IdentityKind::Phone))
        .all(connection)
        .await?;
    let mut latest: HashMap<ContactId, contact_identity::Model> = HashMap::new();
    for row in rows {
        let newer = latest
            .get(&row.contact_id)
            .is_none_or(|known| (known.last_seen_at, known.id) < (row.last_seen_at, row.id));
        if newer {
            latest.insert(row.contact_id, row);
        }
    }
    Ok(latest.into_iter().map(|(contact, row)| (contact, row.value)).collect())
}

/// Country code and last two digits of a phone number: `+55 ••••••••12`. The rest cannot be told, not even how long it is.
pub fn mask_phone(digits: &str) -> String {
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let code = country_code(&digits);
    let last = digits.get(digits.len().saturating_sub(2).max(code.len())..).unwrap_or_default();
    format!("+{code} ••••••••{last}")
}

/// What a name becomes for who may not see the phone: some customers are called by their number. A run of five digits or
/// more, however it is spaced, is masked to one fixed length. So is every digit of a name that has as many as a phone
/// number: with letters or lines between them it is still one.
pub fn mask_digits(name: &str) -> String {
    let digits = name.chars().filter(|letter| letter.is_numeric()).count();
    let shortest = if digits >= SHORTEST_PHONE { 1 } else { MASKED_RUN };
    let mut masked = String::with_capacity(name.len());
    let mut run = String::new();
    for letter in name.chars().map(Some).chain([None]) {
        let goes_on = |one: char| one.is_numeric() || (!run.is_empty() && !one.is_alphabetic());
        match letter {
            Some(one) if goes_on(one) => run.push(one),
            other => {
                close_run(&mut masked, &std::mem::take(&mut run), shortest);
                masked.extend(other);
            }
        }
    }
    masked
}

/// Adds a run of digits, with what stands between and behind them, to a name.
fn close_run(masked: &mut String, run: &str, shortest: usize) {
    if run.chars().filter(|one| one.is_numeric()).count() < shortest {
        masked.push_str(run);
        return;
    }
    // A plus or a bracket before the number says nothing that the mask does not.
    masked.truncate(masked.trim_end_matches(['+', '(']).len());
    masked.push_str("••••••••");
    let after = run.trim_end_matches(|one: char| !one.is_numeric()).len();
    if run[after..].starts_with(char::is_whitespace) {
        masked.push(' ');
    }
}

/// So many digits in a row might be a phone number, or the part of one that the mask hides.
const MASKED_RUN: usize = 5;
/// So many digits in all might be one in disguise.
const SHORTEST_PHONE: usize = 8;

/// The ITU country calling code that a number begins with.
fn country_code(digits: &str) -> &str {
    let two_digit = [
        "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
        "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81",
        "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
    ];
    let length = match digits.as_bytes() {
        [b'1' | b'7', ..] => 1,
        [_, _, ..] if two_digit.contains(&&digits[..2]) => 2,
        _ => 3,
    };
    digits.get(..length).unwrap_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_phone_tells_the_country_and_two_digits() {
        assert_eq!(mask_phone("5511987654312"), "+55 ••••••••12");
        assert_eq!(mask_phone("16505551234"), "+1 ••••••••34");
        assert_eq!(mask_phone("351912345678"), "+351 ••••••••78");
        assert_eq!(mask_phone("551198765431"), mask_phone("5521912341231"));
        assert_eq!(mask_phone(""), "+ ••••••••");
        assert_eq!(mask_phone("551"), "+55 ••••••••1");
    }

    #[test]
    fn a_name_that_is_a_phone_number_is_masked_and_others_stay() {
        for number in ["+55 11 98765-4321", "5511987654321", "(11) 98765.4321", "+٥٥١١٩٨٧٦٥"] {
            assert_eq!(mask_digits(number), "••••••••", "{number}");
        }
        assert_eq!(mask_digits("Ana +55 11 98765-4321 (mãe)"), "Ana •••••••• mãe)");
        for number in ["11a98b76c54d32e1", "1198\n7654\n321", "Tel 1198 e 7654", "①①⑨⑧ x ⑦⑥⑤④"]
        {
            assert!(!mask_digits(number).contains(char::is_numeric), "{number}");
        }
        assert_eq!(mask_digits("Loja 24 horas"), "Loja 24 horas");
        assert_eq!(mask_digits("João 3:16, Padaria 1990"), "João 3:16, Padaria 1990");
        assert_eq!(mask_digits("Ana"), "Ana");
        assert_eq!(mask_digits(""), "");
    }
}
