//! What a verification of the activity log may find, and how it is told.

use std::fmt;

use portaria_entity::id::ActivityId;

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The row, its seal or its place was changed.
    Altered { sequence: i64, activity: ActivityId },
    /// The row is gone; its seal is there.
    Removed { sequence: i64, activity: ActivityId },
    /// The seals with these numbers are gone, and whatever they sealed with them.
    SealsRemoved { first: i64, last: i64 },
    /// What comes after seals that are gone cannot be checked against them.
    Unchecked { sequence: i64, activity: ActivityId },
    /// It stands where another stood.
    Reordered { sequence: i64, was: i64, activity: ActivityId },
    /// The details are not those that were written.
    DetailsAltered { sequence: i64, activity: ActivityId },
    /// The details are gone, and no erasure says so.
    DetailsRemoved { activity: ActivityId },
    /// There are no seals after the first of these, but there were up to the second.
    TailCut { last: i64, expected: i64 },
    /// Where the chain ends is put down as something else than the seal that stands there.
    HeadAltered { sequence: i64 },
    /// The chain is not the one whose head was written down.
    AnotherHead { expected: String },
    /// A row that neither is sealed nor waits for it.
    Unsealed { activity: ActivityId },
    /// A key that seals were made with is not there to check them.
    KeyMissing { key: String },
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { sequence, activity } => write!(f, "altered: {activity}, number {sequence}"),
            Self::Removed { sequence, activity } => write!(f, "removed: {activity}, number {sequence}"),
            Self::SealsRemoved { first, last } if first == last => {
                write!(f, "removed with its seal: number {first}")
            }
            Self::SealsRemoved { first, last } => {
                write!(f, "removed with their seals: numbers {first} to {last}")
            }
            Self::Unchecked { sequence, activity } => {
                write!(f, "cannot be checked, for the seal before it is gone: {activity}, number {sequence}")
            }
            Self::HeadAltered { sequence } => {
                write!(f, "the end of the chain is put down falsely: number {sequence}")
            }
            Self::Reordered { sequence, was, activity } => {
                write!(f, "reordered: {activity} stands as number {sequence} and was number {was}")
            }
            Self::DetailsAltered { sequence, activity } => {
                write!(f, "details altered: {activity}, number {sequence}")
            }
            Self::DetailsRemoved { activity } => {
                write!(f, "details removed, and no erasure is recorded: {activity}")
            }
            Self::TailCut { last, expected } => {
                write!(f, "tail cut: it ends with number {last}, and there was a number {expected}")
            }
            Self::AnotherHead { expected } => {
                write!(f, "rewritten: there is no seal {expected} in it")
            }
            Self::Unsealed { activity } => write!(f, "never sealed: {activity} (added or unqueued by hand)"),
            Self::KeyMissing { key } => {
                write!(f, "the sealing key {key} is missing: its seals cannot be checked")
            }
        }
    }
}
