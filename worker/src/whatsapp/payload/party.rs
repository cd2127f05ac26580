//! The people of a change: by which of their identities a message names them, and what they call themselves.

use std::collections::HashMap;

use serde_json::Value;

use super::fields;

/// Someone on WhatsApp. Any identity may be absent; all may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Party {
    /// Digits, without `+`, as Meta writes it.
    pub phone: Option<String>,
    /// The business-scoped user id.
    pub user_id: Option<String>,
    pub parent_user_id: Option<String>,
}

impl Party {
    /// Reads `<name>`, `<name>_user_id` and `<name>_parent_user_id`.
    pub(crate) fn read(of: &Value, name: &str) -> Self {
        let mut party = Self {
            phone: None,
            user_id: fields::text(of, &format!("{name}_user_id")),
            parent_user_id: fields::text(of, &format!("{name}_parent_user_id")),
        };
        if let Some(id) = fields::text(of, name) {
            party.admit(id);
        }
        party
    }

    /// Who a bare id stands for: a phone number or a business-scoped user id.
    pub(crate) fn by_id(id: String) -> Self {
        let mut party = Self::default();
        party.admit(id);
        party
    }

    pub fn is_unknown(&self) -> bool {
        self.phone.is_none() && self.user_id.is_none() && self.parent_user_id.is_none()
    }

    fn admit(&mut self, id: String) {
        if is_user_id(&id) {
            self.user_id.get_or_insert(id);
        } else {
            self.phone = Some(bare_number(&id));
        }
    }

    /// Takes over what a contact card adds.
    fn complete(&mut self, card: &Card) {
        let Party { phone, user_id, parent_user_id } = &card.party;
        self.phone = self.phone.take().or_else(|| phone.clone());
        self.user_id = self.user_id.take().or_else(|| user_id.clone());
        self.parent_user_id = self.parent_user_id.take().or_else(|| parent_user_id.clone());
    }
}

/// What someone calls themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    pub name: Option<String>,
    pub username: Option<String>,
}

/// The `contacts` that accompany the messages or statuses of a change.
#[derive(Debug, Default)]
pub(super) struct Cards {
    cards: Vec<Card>,
    by_id: HashMap<String, usize>,
}

#[derive(Debug)]
struct Card {
    party: Party,
    profile: Profile,
}

impl Cards {
    pub(super) fn read(contacts: &Value) -> Self {
        let mut found = Self::default();
        for contact in contacts.as_array().map_or(&[][..], Vec::as_slice) {
            found.add(Card::read(contact));
        }
        found
    }

    fn add(&mut self, card: Card) {
        let place = self.cards.len();
        for id in [&card.party.phone, &card.party.user_id].into_iter().flatten() {
            self.by_id.entry(id.clone()).or_insert(place);
        }
        self.cards.push(card);
    }

    /// The profile of this party, and on the way the identities that only its card has.
    ///
    /// A card is theirs when it shares an identity. The only card of a change also is when nothing speaks
    /// against it: the message names nobody, or by a kind of identity that the card lacks.
    pub(super) fn introduce(&self, party: &mut Party) -> Profile {
        let Some(card) = self.shared_with(party).or_else(|| self.only_one_open_to(party)) else {
            return Profile::default();
        };
        party.complete(card);
        card.profile.clone()
    }

    fn shared_with(&self, party: &Party) -> Option<&Card> {
        let ids = [&party.user_id, &party.phone].into_iter().flatten();
        ids.filter_map(|id| self.by_id.get(id)).find_map(|&place| self.cards.get(place))
    }

    fn only_one_open_to(&self, party: &Party) -> Option<&Card> {
        let [card] = self.cards.as_slice() else {
            return None;
        };
        let differ =
            |one: &Option<String>, other: &Option<String>| one.is_some() && other.is_some() && one != other;
        let against = differ(&card.party.phone, &party.phone) || differ(&card.party.user_id, &party.user_id);
        (!against).then_some(card)
    }
}

impl Card {
    fn read(contact: &Value) -> Self {
        let profile = contact.get("profile").unwrap_or(&Value::Null);
        let party = Party {
            phone: fields::text(contact, "wa_id").map(|number| bare_number(&number)),
            user_id: fields::text(contact, "user_id"),
            parent_user_id: fields::text(contact, "parent_user_id"),
        };
        let profile =
            Profile { name: fields::text(profile, "name"), username: fields::text(profile, "username") };
        Self { party, profile }
    }
}

/// Whether an id has the shape of a business-scoped one: a country's two letters, a dot, and more.
fn is_user_id(id: &str) -> bool {
    let mut parts = id.splitn(2, '.');
    let country = parts.next().unwrap_or_default();
    country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()) && parts.next().is_some()
}

/// A phone number by its digits alone; what is not written as a phone number stays as it is.
fn bare_number(number: &str) -> String {
    let is_written_as_number =
        number.chars().all(|letter| letter.is_ascii_digit() || matches!(letter, '+' | ' ' | '-' | '(' | ')'));
    if is_written_as_number { digits(number) } else { number.to_owned() }
}

pub(super) fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn phone(number: &str) -> Party {
        Party { phone: Some(number.into()), ..Party::default() }
    }

    #[test]
    fn a_card_is_found_by_any_identity_and_adds_the_others() {
        let cards = Cards::read(&json!([
            {"wa_id": "1", "user_id": "BR.1", "profile": {"name": "Ana"}},
            {"wa_id": "2", "user_id": "BR.2", "profile": {"name": "Bia", "username": "bia"}},
        ]));
        let mut sender = Party { user_id: Some("BR.2".into()), ..Party::default() };
        let profile = cards.introduce(&mut sender);
        assert_eq!(profile, Profile { name: Some("Bia".into()), username: Some("bia".into()) });
        assert_eq!(sender.phone.as_deref(), Some("2"));
    }

    #[test]
    fn a_single_card_of_somebody_else_is_not_taken() {
        let cards = Cards::read(&json!([{"wa_id": "1", "profile": {"name": "Ana"}}]));
        assert_eq!(cards.introduce(&mut phone("2")), Profile::default());
        let mut named_otherwise = Party { user_id: Some("BR.1".into()), ..Party::default() };
        assert_eq!(cards.introduce(&mut named_otherwise).name.as_deref(), Some("Ana"));
    }

    #[test]
    fn a_user_id_in_the_place_of_a_phone_is_told_apart() {
        assert_eq!(Party::by_id("+5511999990000".into()), phone("5511999990000"));
        assert_eq!(Party::by_id("BR.99".into()).user_id.as_deref(), Some("BR.99"));
    }
}
