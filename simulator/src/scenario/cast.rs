//! The cast: any number of customers, each following from the seed and an index alone.

use super::names::{self, Names};
use crate::customer::Customer;
use crate::random::Random;

/// What a customer writes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Brazilian Portuguese.
    Portuguese,
    /// English.
    English,
    /// Spanish.
    Spanish,
}

/// A customer and what the script needs to know of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persona {
    /// How webhooks describe them.
    pub customer: Customer,
    /// What they write in.
    pub language: Language,
}

/// The customer of that index. One in eight hides the phone number, one in four has a username.
pub fn persona(seed: u64, index: u64) -> Persona {
    let mut random = Random::derived(seed, index);
    let language = match random.below(10) {
        0..=4 => Language::Portuguese,
        5..=7 => Language::English,
        _ => Language::Spanish,
    };
    let Names { first, last, country } = names::of(language);
    let first_name = random.pick(first).copied().unwrap_or_default();
    let last_name = random.pick(last).copied().unwrap_or_default();
    let hides_phone = random.percent(12);
    let username = (hides_phone || random.percent(15)).then(|| username(first_name, last_name, index));
    let in_family = random.percent(4);
    let customer = Customer {
        name: display_name(first_name, last_name, &mut random),
        username,
        wa_id: (!hides_phone).then(|| phone(language, seed, index)),
        user_id: Some(format!("{country}.{}", random.digits(20))),
        parent_user_id: in_family.then(|| format!("{country}.ENT.{}", random.digits(20))),
    };
    Persona { customer, language }
}

/// Most profiles carry the whole name; some only the first, or an emoji beside it.
fn display_name(first: &str, last: &str, random: &mut Random) -> String {
    match random.below(12) {
        0 => first.to_owned(),
        1 => format!("{first} 🌻"),
        2 => format!("{first} {}.", last.chars().take(1).collect::<String>()),
        _ => format!("{first} {last}"),
    }
}

fn username(first: &str, last: &str, index: u64) -> String {
    let plain = |name: &str| name.chars().filter_map(unaccented).collect::<String>();
    format!("{}.{}{index}", plain(first), plain(last))
}

fn unaccented(character: char) -> Option<char> {
    match character.to_lowercase().next()? {
        'á' | 'â' | 'ã' | 'à' => Some('a'),
        'é' | 'ê' => Some('e'),
        'í' => Some('i'),
        'ó' | 'ô' | 'õ' => Some('o'),
        'ú' | 'ü' => Some('u'),
        'ç' => Some('c'),
        'ñ' => Some('n'),
        ascii if ascii.is_ascii_alphabetic() => Some(ascii),
        _ => None,
    }
}

/// A number no two indices share, in the form of the language's country. The seed moves the whole range, so
/// that two seeds in one installation have few customers in common.
fn phone(language: Language, seed: u64, index: u64) -> String {
    let place = (index + Random::new(seed).below(1000) * 10_000) % 10_000_000;
    match language {
        Language::Portuguese => {
            let area = [11, 21, 31, 41, 51, 61, 71, 81, 85, 92][(place % 10) as usize];
            format!("55{area}9{:08}", 50_000_000 + place)
        }
        // The exchange 555 belongs to nobody.
        Language::English => {
            let area = 201 + (place / 10_000) % 780;
            format!("1{area}555{:04}", place % 10_000)
        }
        Language::Spanish => format!("34{}", 600_000_000 + place),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn follows_from_seed_and_index() {
        assert_eq!(persona(7, 12), persona(7, 12));
        assert_ne!(persona(7, 12).customer, persona(8, 12).customer);
    }

    #[test]
    fn a_large_cast_shares_no_identity() {
        let cast: Vec<Persona> = (0..5000).map(|index| persona(3, index)).collect();
        let phones: Vec<&String> = cast.iter().filter_map(|one| one.customer.wa_id.as_ref()).collect();
        let users: HashSet<&String> = cast.iter().filter_map(|one| one.customer.user_id.as_ref()).collect();
        assert_eq!(phones.iter().collect::<HashSet<_>>().len(), phones.len());
        assert_eq!(users.len(), cast.len());
        let hidden = cast.len() - phones.len();
        assert!((400..800).contains(&hidden), "{hidden} of 5000 hide their number");
        let usernames: Vec<&String> = cast.iter().filter_map(|one| one.customer.username.as_ref()).collect();
        assert_eq!(usernames.iter().collect::<HashSet<_>>().len(), usernames.len());
        assert!(usernames.iter().all(|name| name.is_ascii()));
    }

    #[test]
    fn all_three_languages_are_spoken() {
        for language in [Language::Portuguese, Language::English, Language::Spanish] {
            assert!((0..60).any(|index| persona(1, index).language == language), "{language:?}");
        }
    }
}
