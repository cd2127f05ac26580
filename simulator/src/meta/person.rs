//! The customers: the cast, those that were added, and strangers a business writes to.

use std::collections::{BTreeSet, HashMap};

use super::message::Recipient;
use crate::customer::Customer;
use crate::scenario::cast::{self, Language, Persona};

/// A customer, what they speak, and how Meta and they themselves stand to the business.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) persona: Persona,
    /// The lines they have blocked.
    pub(crate) blocked: BTreeSet<usize>,
    /// They want no more marketing.
    pub(crate) no_marketing: bool,
    /// Nothing reaches them, always for this reason (131026, 130472, 131049, ...).
    pub(crate) unreachable: Option<u32>,
    /// Met by being written to.
    is_stranger: bool,
    /// Whether they answer and read by themselves, or only when told to.
    pub(crate) lively: bool,
    /// How many messages they wrote and got, which their ids follow from.
    pub(crate) written: u64,
    pub(crate) got: u64,
}

impl Person {
    fn new(persona: Persona, lively: bool) -> Self {
        Self {
            persona,
            blocked: BTreeSet::new(),
            no_marketing: false,
            unreachable: None,
            is_stranger: false,
            lively,
            written: 0,
            got: 0,
        }
    }

    pub(crate) fn customer(&self) -> &Customer {
        &self.persona.customer
    }
}

/// How many strangers are remembered; a later one takes the place of an earlier one.
const STRANGERS: usize = 100_000;

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct People {
    all: Vec<Person>,
    by_address: HashMap<String, usize>,
    /// Where the strangers begin.
    known: usize,
    next_stranger: usize,
}

impl People {
    /// The cast of that seed, and those.
    pub(crate) fn new(seed: u64, cast: u64, others: &[Customer]) -> Self {
        let mut people = Self::default();
        for index in 0..cast {
            people.add(Person::new(cast::persona(seed, index), true));
        }
        for customer in others {
            people.introduce(customer.clone());
        }
        people.known = people.all.len();
        people
    }

    /// Somebody new, who has no other address of somebody known.
    pub(crate) fn introduce(&mut self, customer: Customer) -> usize {
        let language = language_of(&customer);
        self.add(Person::new(Persona { customer, language }, true))
    }

    fn add(&mut self, person: Person) -> usize {
        let place = self.all.len();
        self.all.push(person);
        self.index(place);
        place
    }

    fn index(&mut self, place: usize) {
        let Some(person) = self.all.get(place) else { return };
        let Customer { wa_id, user_id, parent_user_id, .. } = person.customer();
        for address in [wa_id, user_id, parent_user_id].into_iter().flatten() {
            self.by_address.insert(address.clone(), place);
        }
    }

    pub(crate) fn find(&self, address: &str) -> Option<usize> {
        self.by_address.get(address).copied()
    }

    pub(crate) fn get(&self, place: usize) -> Option<&Person> {
        self.all.get(place)
    }

    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut Person> {
        self.all.get_mut(place)
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// How many there were before any stranger.
    pub(crate) fn known(&self) -> usize {
        self.known
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Person> {
        self.all.iter()
    }

    /// The person behind a recipient, and whether somebody else was there before.
    pub(crate) fn meet(&mut self, recipient: &Recipient) -> (usize, Met) {
        if let Some(place) = self.find(recipient.address()) {
            return (place, Met::Known);
        }
        let customer = match recipient {
            Recipient::Phone(phone) => Customer { wa_id: Some(phone.clone()), ..Customer::default() },
            Recipient::User(id) | Recipient::Group(id) => {
                Customer { user_id: Some(id.clone()), ..Customer::default() }
            }
        };
        let language = language_of(&customer);
        let mut stranger = Person::new(Persona { customer, language }, false);
        stranger.is_stranger = true;
        // Scoped ids are Meta's own: one it has never given out reaches nobody.
        stranger.unreachable = matches!(recipient, Recipient::User(_)).then_some(131_026);
        if self.all.len() < self.known + STRANGERS {
            return (self.add(stranger), Met::New);
        }
        let place = self.oldest_stranger();
        if let Some(slot) = self.all.get_mut(place) {
            let before = std::mem::replace(slot, stranger);
            let Customer { wa_id, user_id, .. } = before.persona.customer;
            for address in [wa_id, user_id].into_iter().flatten() {
                self.by_address.remove(&address);
            }
            self.index(place);
        }
        (place, Met::InPlaceOfAnother)
    }
}

impl People {
    /// The stranger who goes next. Who was introduced meanwhile stays.
    fn oldest_stranger(&mut self) -> usize {
        for _ in 0..STRANGERS {
            let place = self.known + self.next_stranger % STRANGERS;
            self.next_stranger += 1;
            if self.all.get(place).is_some_and(|one| one.is_stranger) {
                return place;
            }
        }
        self.known
    }
}

/// How a recipient was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Met {
    Known,
    New,
    InPlaceOfAnother,
}

fn language_of(customer: &Customer) -> Language {
    let country = customer.user_id.as_deref().and_then(|id| id.get(..2)).unwrap_or_default();
    let phone = customer.wa_id.as_deref().unwrap_or_default();
    if country == "BR" || phone.starts_with("55") {
        Language::Portuguese
    } else if country == "ES" || phone.starts_with("34") {
        Language::Spanish
    } else {
        Language::English
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_bounded_and_the_cast_stays() {
        let mut people = People::new(1, 3, &[]);
        let first = people.meet(&Recipient::Phone("5511000000000".to_owned()));
        assert_eq!(first, (3, Met::New));
        for stranger in 1..STRANGERS {
            people.meet(&Recipient::Phone(format!("5511{stranger:09}")));
        }
        assert_eq!(people.meet(&Recipient::Phone("5511000000000".to_owned())).1, Met::Known);
        assert_eq!(people.meet(&Recipient::Phone("5521".to_owned())), (3, Met::InPlaceOfAnother));
        assert_eq!(people.find("5511000000000"), None);
        assert_eq!(people.len(), STRANGERS + 3);
        let cast = cast::persona(1, 2).customer;
        assert_eq!(people.find(cast.user_id.as_deref().unwrap()), Some(2));
    }
}
