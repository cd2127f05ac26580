//! The trend as bars: cells of a table with colours for backgrounds, which every mail program draws, and as a line of text
//! for who sees none.

use portaria_domain::audit::report::{Tally, Week};
use portaria_domain::audit::telling::{Urgency, instant};

use super::page::{Tone, Words};

/// The longest bar of the text, in characters.
const LONGEST: u64 = 24;

pub struct Chart {
    /// The whole of it in a sentence.
    pub sentence: String,
    pub bars: Vec<Bar>,
}

/// One week.
pub struct Bar {
    pub label: String,
    pub number: String,
    pub parts: Vec<Part>,
    /// What is left of the width, in percent.
    pub rest: u64,
    /// The bar in characters.
    pub drawn: String,
}

/// A stretch of a bar in one colour.
pub struct Part {
    pub tone: Tone,
    /// In percent of the width.
    pub width: u64,
}

impl Chart {
    /// None: of one week alone nothing can be seen, nor where there has never been anything.
    pub fn of(weeks: &[Week], words: &Words<'_>) -> Option<Self> {
        let totals = weeks.iter().filter_map(|week| Some(week.tally?.total()));
        let most = totals.max().filter(|most| *most > 0)?;
        (weeks.len() > 1).then(|| Self {
            sentence: sentence(weeks, words),
            bars: weeks.iter().map(|week| bar(week, most, words)).collect(),
        })
    }
}

fn sentence(weeks: &[Week], words: &Words<'_>) -> String {
    let number =
        |week: &Week| week.tally.map_or("–".to_owned(), |tally| words.phrases.number(tally.total()));
    let numbers: Vec<String> = weeks.iter().map(number).collect();
    words.phrases.trend(&numbers.join(", "))
}

fn bar(week: &Week, most: u64, words: &Words<'_>) -> Bar {
    let parts: Vec<Part> = week.tally.map(|tally| parts(tally, most)).unwrap_or_default();
    let used: u64 = parts.iter().map(|part| part.width).sum();
    let total = week.tally.map_or(0, Tally::total);
    Bar {
        label: words.phrases.day(&words.wall.time(instant(week.until))),
        number: week.tally.map_or("–".to_owned(), |tally| words.phrases.number(tally.total())),
        parts,
        rest: 100_u64.saturating_sub(used),
        drawn: "#".repeat(usize::try_from(scaled(total, most, LONGEST)).unwrap_or(0)),
    }
}

fn parts(tally: Tally, most: u64) -> Vec<Part> {
    let by_urgency = [
        (Urgency::Now, tally.critical),
        (Urgency::Today, tally.high),
        (Urgency::Sometime, tally.medium.saturating_add(tally.low)),
    ];
    let part =
        |(urgency, count): (Urgency, u64)| Part { tone: Tone::of(urgency), width: scaled(count, most, 97) };
    by_urgency.into_iter().map(part).filter(|part| part.width > 0).collect()
}

/// What is there is seen, however little it is.
fn scaled(count: u64, most: u64, width: u64) -> u64 {
    let part = u128::from(count) * u128::from(width) / u128::from(most.max(1));
    u64::try_from(part).unwrap_or(width).max(u64::from(count > 0))
}
