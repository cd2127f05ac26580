//! What alerts say, in the reader's language: one file for each.

mod en;
mod es;
mod pt_br;

use portaria_entity::alert::AlertKind;

use super::Details;

/// An alert in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// What is the matter, in one sentence.
    pub title: String,
    /// What to do about it.
    pub advice: String,
}

/// The words for an alert. `language` is a BCP 47 tag; what is not Spanish or English is Portuguese.
pub fn in_words(language: &str, kind: AlertKind, details: &Details) -> Words {
    let (title, advice) = match language.split(['-', '_']).next().unwrap_or_default() {
        "en" => en::words(kind, details),
        "es" => es::words(kind, details),
        _ => pt_br::words(kind, details),
    };
    Words { title, advice: advice.to_owned() }
}

/// A detail, or what stands for one that is not known.
fn of<'a>(details: &'a Details, name: &str) -> &'a str {
    details.get(name).map_or("?", String::as_str)
}

#[cfg(test)]
mod tests {
    use sea_orm::Iterable;

    use super::*;

    #[test]
    fn every_kind_has_words_of_its_own_in_every_language() {
        let mut seen = std::collections::HashSet::new();
        for kind in AlertKind::iter() {
            for language in ["pt-BR", "en", "es-MX"] {
                let words = in_words(language, kind, &Details::new());
                assert!(words.title.ends_with('.') && words.advice.ends_with('.'), "{words:?}");
                assert!(seen.insert(words.title.clone()), "{words:?} twice");
            }
        }
    }

    #[test]
    fn details_stand_where_they_belong() {
        let details =
            Details::from([("count".to_owned(), "3".to_owned()), ("reason".to_owned(), "x".to_owned())]);
        let words = in_words("en", AlertKind::DeliveryDead, &details);
        assert_eq!(words.title, "A delivery of WhatsApp could not be worked through: x.");
    }
}
