//! Scripts: short exchanges between a customer and a business, turn by turn.

use super::cast::Language;
use super::{english, portuguese, spanish};

/// What kind of business a number belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trade {
    /// A shop.
    Shop,
    /// A clinic.
    Clinic,
    /// A delivery service.
    Delivery,
}

/// One turn of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The customer writes.
    Says(&'static str),
    /// The business writes; the customer's phone shows it, and it yields statuses.
    Answered(&'static str),
    /// The customer sends a picture with this caption.
    Photo(&'static str),
    /// The customer sends a film with this caption.
    Film(&'static str),
    /// The customer sends a voice note.
    Voice,
    /// The customer sends a file of this name.
    File(&'static str),
    /// The customer sends a sticker.
    Sticker,
    /// The customer shares a place of this name and address.
    Place(&'static str, &'static str),
    /// The customer shares a contact card of this first and last name.
    Card(&'static str, &'static str),
    /// The customer presses a reply button of this id and title.
    Presses(&'static str, &'static str),
    /// The customer chooses from a list: id, title, description.
    Chooses(&'static str, &'static str, &'static str),
    /// The customer presses the quick-reply button of a template.
    Quick(&'static str),
    /// The customer completes a form; a date is its answer.
    Form(&'static str),
    /// The customer sends a basket with this remark.
    Order(&'static str),
    /// The customer reacts to the last message of the business.
    Reacts(&'static str),
    /// The customer takes that reaction back.
    Unreacts,
    /// The customer answers the last message of the business by quoting it.
    Quotes(&'static str),
    /// The customer passes a message on.
    Forwards(&'static str),
    /// The customer comes from an advertisement.
    FromAd(&'static str),
    /// The customer corrects the last text.
    Corrects(&'static str),
    /// The customer deletes the last text.
    Deletes,
    /// The customer sends what the Cloud API does not carry.
    Unsupported,
    /// The customer allows the business to call.
    AllowsCalls,
}

impl Turn {
    /// True when it is the business's turn.
    pub fn is_answer(self) -> bool {
        matches!(self, Self::Answered(_))
    }
}

/// A whole exchange.
#[derive(Debug, Clone, Copy)]
pub struct Script {
    /// Where it could happen.
    pub trade: Trade,
    /// Its turns; the first is the customer's.
    pub turns: &'static [Turn],
}

/// Every script of a language.
pub fn all(language: Language) -> &'static [Script] {
    match language {
        Language::Portuguese => portuguese::SCRIPTS,
        Language::English => english::SCRIPTS,
        Language::Spanish => spanish::SCRIPTS,
    }
}

/// The scripts of a language that suit a trade.
pub fn of(language: Language, trade: Trade) -> Vec<&'static Script> {
    all(language).iter().filter(|script| script.trade == trade).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANGUAGES: [Language; 3] = [Language::Portuguese, Language::English, Language::Spanish];

    #[test]
    fn every_trade_has_scripts_in_every_language() {
        for language in LANGUAGES {
            for trade in [Trade::Shop, Trade::Clinic, Trade::Delivery] {
                let scripts = of(language, trade);
                assert!(scripts.len() >= 4, "{language:?} {trade:?}: {}", scripts.len());
            }
        }
    }

    #[test]
    fn customers_speak_first_and_answers_precede_what_refers_to_them() {
        for script in LANGUAGES.into_iter().flat_map(all) {
            let mut answered = false;
            let mut wrote = false;
            assert!(!script.turns[0].is_answer(), "{script:?}");
            for turn in script.turns {
                answered |= turn.is_answer();
                wrote |= matches!(turn, Turn::Says(_) | Turn::FromAd(_));
                let to_answer = matches!(turn, Turn::Reacts(_) | Turn::Unreacts | Turn::Quotes(_));
                let to_text = matches!(turn, Turn::Corrects(_) | Turn::Deletes);
                assert!(answered || !to_answer, "{script:?}");
                assert!(wrote || !to_text, "{script:?}");
            }
        }
    }
}
