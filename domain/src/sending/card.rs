//! Cards of people, to be sent to a customer.

use serde_json::{Value, json};

use super::content::{Prepared, invalid, put, within, within_if_given};
use super::gate::Kind;
use crate::error::Result;

/// So many go in one message here; WhatsApp takes more, and nobody reads them.
const MOST_CARDS: usize = 20;
/// So many ways to reach one person.
const MOST_WAYS: usize = 10;

/// Somebody whom the customer is told of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewCard {
    pub formatted_name: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub organization: Option<String>,
    pub title: Option<String>,
    pub phones: Vec<String>,
    pub emails: Vec<String>,
    pub urls: Vec<String>,
}

pub(super) fn prepare(cards: Vec<NewCard>) -> Result<Prepared> {
    if !(1..=MOST_CARDS).contains(&cards.len()) {
        return Err(invalid("contacts: 1 to 20 cards"));
    }
    let names: Vec<&str> = cards.iter().map(|card| card.formatted_name.as_str()).collect();
    let body = names.join(", ");
    let parts: Vec<Value> = cards.into_iter().map(card).collect::<Result<_>>()?;
    Ok(Prepared::free(Kind::Contacts, "contacts", Some(body), parts.into()))
}

fn card(new: NewCard) -> Result<Value> {
    const WORDS: &str = "contacts: names, organization and title have 1 to 200 characters";
    let words = |given: Option<String>| within_if_given(WORDS, given, 200);
    let formatted = within("contacts.name: 1 to 200 characters", new.formatted_name, 200)?;
    let (first, last) = (words(new.first_name)?, words(new.last_name)?);
    let mut name = json!({ "formatted_name": formatted });
    // Meta wants one of the parts too.
    let first = first.or_else(|| last.is_none().then(|| formatted.clone()));
    put(&mut name, "first_name", first);
    put(&mut name, "last_name", last);
    let mut card = json!({ "name": name });
    let mut organization = json!({});
    put(&mut organization, "company", words(new.organization)?);
    put(&mut organization, "title", words(new.title)?);
    put(
        &mut card,
        "org",
        organization.as_object().is_some_and(|org| !org.is_empty()).then_some(organization.clone()),
    );
    put(&mut card, "phones", ways(new.phones, "phone")?);
    put(&mut card, "emails", ways(new.emails, "email")?);
    put(&mut card, "urls", ways(new.urls, "url")?);
    Ok(card)
}

fn ways(values: Vec<String>, name: &str) -> Result<Option<Value>> {
    const WAYS: &str = "contacts: at most 10 phones, e-mail addresses and links each, of 1 to 500 characters";
    if values.len() > MOST_WAYS {
        return Err(invalid(WAYS));
    }
    let each = values.into_iter().map(|value| Ok(json!({ name: within(WAYS, value, 500)?, "type": "WORK" })));
    let all: Vec<Value> = each.collect::<Result<_>>()?;
    Ok((!all.is_empty()).then(|| all.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_has_a_name_and_what_else_is_known() {
        let new = NewCard {
            formatted_name: "Ana Souza".to_owned(),
            organization: Some("Loja".to_owned()),
            phones: vec!["+55 11 4000-0001".to_owned()],
            ..NewCard::default()
        };
        let prepared = prepare(vec![new]).unwrap();
        assert_eq!(
            prepared.part,
            json!([{ "name": { "formatted_name": "Ana Souza", "first_name": "Ana Souza" }, "org": { "company": "Loja" },
                     "phones": [{ "phone": "+55 11 4000-0001", "type": "WORK" }] }])
        );
        assert_eq!(prepared.body.as_deref(), Some("Ana Souza"));
    }

    #[test]
    fn cards_are_not_empty_and_not_endless() {
        assert!(prepare(vec![]).is_err());
        assert!(prepare(vec![NewCard::default()]).is_err());
        let named = NewCard { formatted_name: "Ana".to_owned(), ..NewCard::default() };
        assert!(prepare(vec![named.clone(); 21]).is_err());
        assert!(prepare(vec![NewCard { phones: vec!["1".to_owned(); 11], ..named }]).is_err());
    }
}
