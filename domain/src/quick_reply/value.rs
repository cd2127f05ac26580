//! What an agent may put into a placeholder: little, and nothing that leads elsewhere.

use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::content::{Content, Placeholder, PlaceholderKind};
use crate::guidance::same_language;

/// Free words have at most so many digits: numbers have a kind of their own.
const MOST_DIGITS: usize = 4;

/// A value for a placeholder, as it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    pub name: String,
    pub value: String,
}

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Name of the placeholder.
    pub placeholder: String,
    pub kind: FlawKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlawKind {
    #[error("a value is needed")]
    Missing,
    #[error("nothing of that name is asked for, or it is given twice")]
    Unknown,
    #[error("the value is too long")]
    TooLong,
    #[error("only letters, digits, spaces and simple punctuation on one line may be filled in")]
    WrongCharacters,
    #[error("words have at most four digits: numbers are for placeholders of their own")]
    TooManyDigits,
    #[error("a link, an address or a handle may not be filled in")]
    LooksLikeLink,
    #[error("it is none of the choices")]
    NotAChoice,
    #[error("a number is digits, with at most two decimals")]
    NotANumber,
    #[error("a day is written 2026-11-30")]
    NotADate,
    #[error("a time of day is written 14:30")]
    NotATime,
}

/// Checks all values, and gives what is to be said in their places, by name; or all that is wrong.
pub fn check(
    content: &Content,
    values: &[Value],
    language: &str,
) -> std::result::Result<Vec<(String, String)>, Vec<Flaw>> {
    let mut flaws = Vec::new();
    let mut filled = Vec::new();
    for (place, value) in values.iter().enumerate() {
        let twice = values[..place].iter().any(|other| other.name == value.name);
        if twice || content.placeholder(&value.name).is_none() {
            flaws.push(Flaw { placeholder: value.name.clone(), kind: FlawKind::Unknown });
        }
    }
    for placeholder in &content.placeholders {
        let given = values.iter().find(|value| value.name == placeholder.name);
        let given = given.map(|value| value.value.trim()).filter(|value| !value.is_empty());
        let said = given.ok_or(FlawKind::Missing).and_then(|value| said(placeholder, value, language));
        match said {
            Ok(said) => filled.push((placeholder.name.clone(), said)),
            Err(kind) => flaws.push(Flaw { placeholder: placeholder.name.clone(), kind }),
        }
    }
    if flaws.is_empty() { Ok(filled) } else { Err(flaws) }
}

fn said(placeholder: &Placeholder, value: &str, language: &str) -> std::result::Result<String, FlawKind> {
    let longest = placeholder.max_length as usize;
    match placeholder.kind {
        PlaceholderKind::Text => words(value, longest),
        PlaceholderKind::Number => number(value, longest),
        PlaceholderKind::Date => date(value, language),
        PlaceholderKind::Time => time(value),
        PlaceholderKind::Choice => {
            let chosen = placeholder.choices.iter().find(|choice| *choice == value);
            chosen.cloned().ok_or(FlawKind::NotAChoice)
        }
    }
}

/// A few words. What makes a link, an address, a handle or a number to call is not among their characters.
fn words(value: &str, longest: usize) -> std::result::Result<String, FlawKind> {
    let value: String = value.nfc().collect();
    if value.chars().count() > longest {
        return Err(FlawKind::TooLong);
    }
    if leads_elsewhere(&value) {
        return Err(FlawKind::LooksLikeLink);
    }
    let allowed = |c: char| {
        c.is_alphabetic()
            || is_combining_mark(c)
            || c.is_ascii_digit()
            || " '\u{2019}-.,()&\u{ba}\u{aa}\u{b0}!?".contains(c)
    };
    if !value.chars().all(allowed) {
        return Err(FlawKind::WrongCharacters);
    }
    if value.chars().filter(|c| c.is_numeric()).count() > MOST_DIGITS {
        return Err(FlawKind::TooManyDigits);
    }
    Ok(value)
}

/// Whether a text has, or may be shown as, a link, an e-mail address or a handle.
pub fn leads_elsewhere(text: &str) -> bool {
    let plain: String = text.nfkc().collect();
    let mut before = ' ';
    let mut after = plain.chars().skip(1);
    for c in plain.chars() {
        let next = after.next().unwrap_or(' ');
        let joins = before.is_alphanumeric() && next.is_alphanumeric();
        let dot = matches!(c, '.' | '\u{3002}' | '\u{ff61}' | '\u{2024}' | '\u{b7}');
        if matches!(c, '@' | '/' | '\\' | ':' | '#' | '_') || (dot && joins) {
            return true;
        }
        before = c;
    }
    false
}

fn number(value: &str, longest: usize) -> std::result::Result<String, FlawKind> {
    let (whole, decimals) = match value.split_once([',', '.']) {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (value, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if value.len() > longest {
        return Err(FlawKind::TooLong);
    }
    match digits(whole) && decimals.is_none_or(|decimals| digits(decimals) && decimals.len() <= 2) {
        true => Ok(value.to_owned()),
        false => Err(FlawKind::NotANumber),
    }
}

/// A day as it is written in that language.
fn date(value: &str, language: &str) -> std::result::Result<String, FlawKind> {
    let form =
        |place: usize, byte: u8| if place == 4 || place == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    if value.len() != 10 || !value.bytes().enumerate().all(|(place, byte)| form(place, byte)) {
        return Err(FlawKind::NotADate);
    }
    let date: Date = value.parse().map_err(|_| FlawKind::NotADate)?;
    let way = match () {
        () if ["pt", "es", "fr", "it"].iter().any(|one| same_language(one, language)) => "%d/%m/%Y",
        () if same_language("de", language) => "%d.%m.%Y",
        () if same_language("en", language) => "%-d %B %Y",
        () => "%Y-%m-%d",
    };
    Ok(date.strftime(way).to_string())
}

fn time(value: &str) -> std::result::Result<String, FlawKind> {
    let part = |text: &str, most: u8| {
        text.len() == 2
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && text.parse().is_ok_and(|part: u8| part < most)
    };
    match value.split_once(':') {
        Some((hour, minute)) if part(hour, 24) && part(minute, 60) => Ok(value.to_owned()),
        _ => Err(FlawKind::NotATime),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_words() {
        for good in [
            "P\u{e3}o de queijo",
            "Sr. Jos\u{e9} (matriz)",
            "N\u{ba} 12",
            "D'\u{c1}vila & Cia",
            "uma d\u{fa}zia!",
        ] {
            assert_eq!(words(good, 60).as_deref(), Ok(good));
        }
        assert_eq!(words("Jose\u{301}", 60).as_deref(), Ok("Jos\u{e9}"), "in one form");
        assert_eq!(words(&"a".repeat(61), 60), Err(FlawKind::TooLong));
        for link in [
            "wa.me",
            "https://x",
            "exemplo.com.br",
            "a@b",
            "@loja",
            "x\u{3002}com",
            "x\u{ff0e}com",
            "x\u{2024}com",
            "t\u{ff0f}me",
            "#promo",
        ] {
            assert_eq!(words(link, 60), Err(FlawKind::LooksLikeLink), "{link}");
        }
        for odd in ["a\nb", "*a*", "<b>", "a\u{202e}b", "a\u{200b}b", "\u{1f600}", "a+b", "\u{0}"] {
            assert_eq!(words(odd, 60), Err(FlawKind::WrongCharacters), "{odd:?}");
        }
        for number in ["ligue 11 98765", "12345", "1-2-3-4-5"] {
            assert_eq!(words(number, 60), Err(FlawKind::TooManyDigits), "{number}");
        }
        assert!(words("\u{661}\u{662}", 60).is_err(), "digits of other scripts are none of ours");
    }

    #[test]
    fn numbers_days_and_times_have_one_form() {
        assert_eq!(number("1234,50", 10).as_deref(), Ok("1234,50"));
        for bad in ["", "-1", "1.2.3", "1,234", "1e3", "\u{661}", ",5", "5,"] {
            assert_eq!(number(bad, 10), Err(FlawKind::NotANumber), "{bad}");
        }
        assert_eq!(number("12345678901", 10), Err(FlawKind::TooLong));
        assert_eq!(date("2026-11-30", "pt-BR").as_deref(), Ok("30/11/2026"));
        assert_eq!(date("2026-11-03", "en-US").as_deref(), Ok("3 November 2026"));
        assert_eq!(date("2026-11-30", "ja").as_deref(), Ok("2026-11-30"));
        for bad in ["2026-02-30", "30/11/2026", "2026-11-3", "+026-11-30", "2026-11-30T10"] {
            assert_eq!(date(bad, "pt"), Err(FlawKind::NotADate), "{bad}");
        }
        assert_eq!(time("09:05").as_deref(), Ok("09:05"));
        for bad in ["24:00", "9:05", "09:60", "09:5", "0905", "+9:05"] {
            assert_eq!(time(bad), Err(FlawKind::NotATime), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_taken_as_words_is_short_and_leads_nowhere(text in "\\PC{0,80}") {
            if let Ok(said) = words(&text, 60) {
                prop_assert!(said.chars().count() <= 60);
                let lower = said.to_lowercase();
                prop_assert!(!lower.contains("://") && !lower.contains("wa.me") && !said.contains(['@', '/', '\n']));
                prop_assert!(said.chars().filter(char::is_ascii_digit).count() <= 4);
            }
        }
    }
}
