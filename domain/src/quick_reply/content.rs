//! What a quick reply says, by language, and what is asked for to fill it. A placeholder is written `{{name}}`.
//!
//! Who fills one in may hold no permission to write to customers freely. So what they may put in is little, and of few
//! characters: the rules that keep it so are here, those of the values in [`super::value`].

use serde::{Deserialize, Serialize};

use crate::error::{Refusal, Result};
use crate::guidance::{is_hidden, language_tag, one_line};

/// A text leaves room for what is filled in: WhatsApp takes 4,096 characters.
const LONGEST_TEXT: usize = 3_000;
const MOST_TRANSLATIONS: usize = 20;
const MOST_PLACEHOLDERS: usize = 8;
/// So many of them may be free words.
const MOST_FREE: usize = 2;
/// The longest that free words may be, and a number.
pub const LONGEST_FREE: u32 = 60;
const LONGEST_NUMBER: u32 = 20;
const MOST_CHOICES: usize = 30;
const LONGEST_CHOICE: usize = 100;
/// So much at least is said by who wrote the reply.
const LEAST_SAID: usize = 10;

/// All that a quick reply says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    pub placeholders: Vec<Placeholder>,
    pub translations: Vec<Translation>,
}

/// What an agent fills in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placeholder {
    /// As it stands in the text.
    pub name: String,
    /// What the agent is asked for.
    pub label: String,
    pub kind: PlaceholderKind,
    /// Of free words and numbers.
    pub max_length: u32,
    /// Of a choice.
    pub choices: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceholderKind {
    /// A few words.
    Text,
    /// Digits, perhaps with a decimal part.
    Number,
    /// A day: `2026-11-30`.
    Date,
    /// A time of day: `14:30`.
    Time,
    /// One of a list.
    Choice,
}

/// The text in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Translation {
    pub language: String,
    pub text: String,
}

/// What Portaria fills in by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    ContactName,
    AgentName,
    ChannelName,
    WorkspaceName,
}

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Said(&'a str),
    /// With what is said where it is not known.
    Known(Known, Option<&'a str>),
    Asked(&'a str),
}

/// Takes a text apart.
pub fn pieces(text: &str) -> std::result::Result<Vec<Piece<'_>>, Refusal> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((said, after)) = rest.split_once("{{") {
        let (inside, after) = after.split_once("}}").ok_or(Refusal::InvalidPlaceholder)?;
        if !said.is_empty() {
            found.push(Piece::Said(said));
        }
        found.push(placeholder(inside)?);
        rest = after;
    }
    if !rest.is_empty() {
        found.push(Piece::Said(rest));
    }
    Ok(found)
}

fn placeholder(inside: &str) -> std::result::Result<Piece<'_>, Refusal> {
    let (name, otherwise) = match inside.split_once('|') {
        Some((name, otherwise)) => (name.trim(), Some(otherwise.trim())),
        None => (inside.trim(), None),
    };
    let known = match name {
        "contact.name" => Known::ContactName,
        "agent.name" => Known::AgentName,
        "channel.name" => Known::ChannelName,
        "workspace.name" => Known::WorkspaceName,
        name if is_name(name) && otherwise.is_none() => return Ok(Piece::Asked(name)),
        _ => return Err(Refusal::InvalidPlaceholder),
    };
    match otherwise {
        Some(text) if text.contains(['{', '}', '\n']) => Err(Refusal::InvalidPlaceholder),
        otherwise => Ok(Piece::Known(known, otherwise)),
    }
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 30
        && bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

impl Content {
    /// Puts it into its form, or says what is wrong with it.
    pub fn checked(mut self) -> Result<Self> {
        if self.translations.is_empty() {
            return Err(Refusal::TextMissing.into());
        }
        if self.translations.len() > MOST_TRANSLATIONS || self.placeholders.len() > MOST_PLACEHOLDERS {
            return Err(Refusal::TooMany.into());
        }
        for placeholder in &mut self.placeholders {
            placeholder.check()?;
        }
        let free = self.placeholders.iter().filter(|one| one.kind == PlaceholderKind::Text).count();
        if free > MOST_FREE {
            return Err(Refusal::TooFree.into());
        }
        let names: Vec<&str> = self.placeholders.iter().map(|one| one.name.as_str()).collect();
        if has_twice(&names) {
            return Err(Refusal::InvalidPlaceholder.into());
        }
        for translation in &mut self.translations {
            translation.language = language_tag(&translation.language)?;
            translation.text = several_lines(&translation.text);
            check_text(&translation.text, &self.placeholders)?;
        }
        let languages: Vec<&str> = self.translations.iter().map(|one| one.language.as_str()).collect();
        if has_twice(&languages) {
            return Err(Refusal::LanguageTwice.into());
        }
        Ok(self)
    }

    pub fn placeholder(&self, name: &str) -> Option<&Placeholder> {
        self.placeholders.iter().find(|one| one.name == name)
    }
}

fn has_twice(values: &[&str]) -> bool {
    values.iter().enumerate().any(|(place, value)| values[..place].contains(value))
}

/// A text as it is kept: composed, without what is not seen, and with lines that end one way.
fn several_lines(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    // What joins the parts of an emoji is not seen and yet wanted.
    let kept = |c: &char| *c == '\n' || *c == '\u{200d}' || !is_hidden(*c);
    text.replace("\r\n", "\n").nfc().filter(kept).collect::<String>().trim().to_owned()
}

impl Placeholder {
    fn check(&mut self) -> Result<()> {
        self.label = one_line(&self.label);
        if !is_name(&self.name) {
            return Err(Refusal::InvalidPlaceholder.into());
        }
        if self.label.is_empty() {
            self.label.clone_from(&self.name);
        }
        let longest = match self.kind {
            PlaceholderKind::Text => LONGEST_FREE,
            PlaceholderKind::Number => LONGEST_NUMBER,
            PlaceholderKind::Date | PlaceholderKind::Time | PlaceholderKind::Choice => 0,
        };
        self.max_length = self.max_length.min(longest);
        if self.label.chars().count() > 80 || (longest > 0 && self.max_length == 0) {
            return Err(Refusal::InvalidPlaceholder.into());
        }
        self.check_choices()
    }

    fn check_choices(&mut self) -> Result<()> {
        if self.kind != PlaceholderKind::Choice {
            self.choices.clear();
            return Ok(());
        }
        for choice in &mut self.choices {
            *choice = one_line(choice);
        }
        let said = |choice: &String| (1..=LONGEST_CHOICE).contains(&choice.chars().count());
        let few = (1..=MOST_CHOICES).contains(&self.choices.len());
        let names: Vec<&str> = self.choices.iter().map(String::as_str).collect();
        match few && self.choices.iter().all(said) && !has_twice(&names) {
            true => Ok(()),
            false => Err(Refusal::InvalidPlaceholder.into()),
        }
    }
}

/// A text asks for exactly what is declared; says something itself; and leaves free words standing alone, so that they
/// join with nothing to become what neither is.
fn check_text(text: &str, declared: &[Placeholder]) -> std::result::Result<(), Refusal> {
    let length = text.chars().count();
    if length == 0 {
        return Err(Refusal::TextMissing);
    }
    if length > LONGEST_TEXT {
        return Err(Refusal::TextTooLong);
    }
    let pieces = pieces(text)?;
    let mut asked: Vec<&str> = Vec::new();
    let mut said = 0;
    for (place, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Said(text) => said += text.chars().filter(|c| c.is_alphanumeric()).count(),
            Piece::Known(..) => {}
            Piece::Asked(name) => {
                let placeholder = declared.iter().find(|one| one.name == *name);
                let placeholder = placeholder.ok_or(Refusal::PlaceholdersDiffer)?;
                if asked.contains(name) && placeholder.kind == PlaceholderKind::Text {
                    return Err(Refusal::TooFree);
                }
                if !stands_apart(placeholder.kind, &pieces, place) {
                    return Err(Refusal::PlaceholderNotApart);
                }
                asked.push(name);
            }
        }
    }
    if !declared.iter().all(|one| asked.contains(&one.name.as_str())) {
        return Err(Refusal::PlaceholdersDiffer);
    }
    let free = declared.iter().any(|one| matches!(one.kind, PlaceholderKind::Text | PlaceholderKind::Number));
    if free && said < LEAST_SAID { Err(Refusal::TooFree) } else { Ok(()) }
}

/// Whether words stand between this and the next, and space around it where it is free words.
fn stands_apart(kind: PlaceholderKind, pieces: &[Piece<'_>], place: usize) -> bool {
    let said = |place: Option<usize>| match place.and_then(|place| pieces.get(place)) {
        None => Some(""),
        Some(Piece::Said(text)) => Some(*text),
        Some(Piece::Known(..) | Piece::Asked(_)) => None,
    };
    let (Some(before), Some(after)) = (said(place.checked_sub(1)), said(Some(place + 1))) else {
        return false;
    };
    let is_last = place + 2 >= pieces.len();
    let parted = is_last || after.chars().any(char::is_alphanumeric);
    match kind {
        PlaceholderKind::Date | PlaceholderKind::Time | PlaceholderKind::Choice => true,
        PlaceholderKind::Number => parted,
        PlaceholderKind::Text => {
            let opens = |c: char| c.is_whitespace() || "(\"'*_~\u{201c}".contains(c);
            let mut following = after.chars();
            let closes = match (following.next(), following.next()) {
                (None, _) => true,
                (Some('.' | ',' | ';' | ':' | '!' | '?'), next) => next.is_none_or(|c| !c.is_alphanumeric()),
                (Some(c), _) => c.is_whitespace() || ")\"'*_~\u{201d}".contains(c),
            };
            before.chars().next_back().is_none_or(opens) && closes && parted
        }
    }
}

#[cfg(test)]
mod tests;
