//! People of whom a message tells.

use portaria_domain::contact::mask_digits;
use portaria_domain::message::content::Card;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::guard::Subject;

pub struct ContactCardsContent(Vec<ContactCard>);

impl ContactCardsContent {
    /// As who holds these permissions sees them.
    pub(super) fn new(cards: Vec<Card>, held: PermissionSet) -> Self {
        Self(cards.into_iter().map(|card| ContactCard { card, held }).collect())
    }
}

/// People whom the writer tells of.
#[guarded]
impl ContactCardsContent {
    /// One card a person.
    #[authenticated]
    fn cards(&self) -> &[ContactCard] {
        &self.0
    }
}

pub struct ContactCard {
    card: Card,
    held: PermissionSet,
}

impl Subject for ContactCard {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// Somebody of whom the writer tells.
#[guarded]
impl ContactCard {
    /// Their name. A number in it is masked for who may not see the phone.
    #[requires(MessageRead)]
    fn name(&self) -> Option<String> {
        let name = self.card.name.as_deref()?;
        Some(match self.held.contains(Permission::ContactReadPhone) {
            true => name.to_owned(),
            false => mask_digits(name),
        })
    }

    /// Where they work.
    #[requires(MessageRead)]
    fn organization(&self) -> Option<String> {
        let organization = self.card.organization.as_deref()?;
        Some(match self.held.contains(Permission::ContactReadPhone) {
            true => organization.to_owned(),
            false => mask_digits(organization),
        })
    }

    /// Their phone numbers, as the writer's address book has them.
    #[requires(ContactReadPhone)]
    fn phones(&self) -> &[String] {
        &self.card.phones
    }

    /// Their e-mail addresses.
    #[requires(ContactReadPhone)]
    fn emails(&self) -> &[String] {
        &self.card.emails
    }

    /// The card itself, for an address book.
    #[requires(ContactReadPhone)]
    fn vcard(&self) -> Option<&str> {
        self.card.vcard.as_deref()
    }
}
