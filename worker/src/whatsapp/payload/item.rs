//! Sorts the value of one change into messages, statuses and what is neither.

use serde_json::Value;
use serde_json::value::RawValue;

use super::envelope::Budget;
use super::message::{Message, Source, Surroundings};
use super::other::{Identity, OtherChange};
use super::party::Cards;
use super::raw::{self, Members};
use super::status::StatusUpdate;

/// One thing that a change tells us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    Message(Box<Message>),
    Status(Box<StatusUpdate>),
    Other(OtherChange),
}

/// Where a field keeps its messages, if it is one of those that carry any.
enum Family {
    Messages,
    Echoes,
    History,
    Standby,
    Other,
}

impl Family {
    fn of(field: &str) -> Self {
        match field {
            "messages" => Self::Messages,
            "message_echoes" | "smb_message_echoes" => Self::Echoes,
            "history" => Self::History,
            "standby" => Self::Standby,
            _ => Self::Other,
        }
    }
}

/// Members that say where a change belongs and tell nothing by themselves.
const FRAME: [&str; 3] = ["messaging_product", "metadata", "contacts"];

/// Everything in the value of a change; never nothing.
pub(super) fn sort(identity: Identity<'_>, own_number: Option<&str>, budget: &Budget) -> Vec<Item> {
    let mut sorter = Sorter { identity, own_number, budget, items: Vec::new() };
    let understood = raw::members(identity.value).is_some_and(|mut value| {
        match Family::of(identity.field) {
            Family::Messages => sorter.live(&mut value),
            Family::Echoes => sorter.echoes(&mut value),
            Family::History => sorter.history(&mut value),
            Family::Standby => sorter.standby(&mut value),
            Family::Other => return false,
        }
        let any = !sorter.items.is_empty();
        if any {
            sorter.keep_rest(value);
        }
        any
    });
    if !understood {
        budget.spend();
        return vec![Item::Other(OtherChange::whole(identity))];
    }
    sorter.items
}

struct Sorter<'a> {
    identity: Identity<'a>,
    own_number: Option<&'a str>,
    budget: &'a Budget,
    items: Vec<Item>,
}

impl<'a> Sorter<'a> {
    fn live(&mut self, value: &mut Members<'a>) {
        let cards = cards(value);
        self.messages(value.remove("messages"), self.around(Source::Live, &cards));
        self.statuses(value.remove("statuses"), Source::Live, &cards);
    }

    fn echoes(&mut self, value: &mut Members<'a>) {
        let cards = cards(value);
        self.messages(value.remove("message_echoes"), self.around(Source::Echo, &cards));
    }

    fn standby(&mut self, value: &mut Members<'a>) {
        let Some(mut seen) = value.get("standby").and_then(|&standby| raw::members(standby)) else {
            return;
        };
        value.remove("standby");
        let cards = cards(&seen);
        self.messages(seen.remove("messages"), self.around(Source::Standby, &cards));
        self.messages(seen.remove("message_echoes"), self.around(Source::StandbyEcho, &cards));
        self.statuses(seen.remove("statuses"), Source::Standby, &cards);
        self.keep_rest(seen);
    }

    fn history(&mut self, value: &mut Members<'a>) {
        let cards = cards(value);
        let around = self.around(Source::History, &cards);
        let chunks = value.remove("history").and_then(raw::elements).unwrap_or_default();
        for (place, &chunk) in chunks.iter().enumerate() {
            if self.budget.is_spent() {
                return self.keep_list(chunks.get(place..));
            }
            let Some(mut parts) = raw::members(chunk) else {
                self.keep(chunk);
                continue;
            };
            match parts.get("threads").map(|&threads| raw::elements(threads)) {
                Some(Some(threads)) => {
                    parts.remove("threads");
                    self.threads(&threads, around);
                    // How far the synchronisation has come: the progress of the chunk.
                    self.keep_all(&parts);
                }
                Some(None) | None => self.keep(chunk),
            }
        }
        // The files of messages told before come by themselves.
        self.messages(value.remove("messages"), around);
    }

    fn threads(&mut self, threads: &[&'a RawValue], around: Surroundings<'_>) {
        for (place, thread) in threads.iter().enumerate() {
            if self.budget.is_spent() {
                return self.keep_list(threads.get(place..));
            }
            self.thread(thread, around);
        }
    }

    fn thread(&mut self, thread: &'a RawValue, around: Surroundings<'_>) {
        let Some(mut parts) = raw::members(thread) else {
            return self.keep(thread);
        };
        let id = parts.remove("id").map(raw::value).as_ref().and_then(super::fields::as_text);
        let Some(messages) = parts.remove("messages") else {
            return self.keep(thread);
        };
        self.messages(Some(messages), Surroundings { thread: id.as_deref(), ..around });
        self.keep_all(&parts);
    }

    fn messages(&mut self, list: Option<&RawValue>, around: Surroundings<'_>) {
        self.each(list, |item, raw| {
            Message::read(item, raw, around).map(|message| Item::Message(Box::new(message)))
        });
    }

    fn statuses(&mut self, list: Option<&RawValue>, source: Source, cards: &Cards) {
        self.each(list, |item, raw| {
            StatusUpdate::read(item, raw, source, cards).map(|status| Item::Status(Box::new(status)))
        });
    }

    /// Reads every element of a list; one that cannot be understood, or a list that is none, is kept whole.
    fn each(&mut self, list: Option<&RawValue>, read: impl Fn(&Value, &str) -> Option<Item>) {
        let Some(list) = list else {
            return;
        };
        let Some(elements) = raw::elements(list) else {
            return self.keep(list);
        };
        for (place, element) in elements.iter().enumerate() {
            if self.budget.is_spent() {
                return self.keep_list(elements.get(place..));
            }
            match read(&raw::value(element), element.get()) {
                Some(item) => self.push(item),
                None => self.keep(element),
            }
        }
    }

    fn push(&mut self, item: Item) {
        self.budget.spend();
        self.items.push(item);
    }

    /// What is told beyond measure is kept as one.
    fn keep_list(&mut self, rest: Option<&[&RawValue]>) {
        if let Some(rest) = rest.and_then(|rest| serde_json::value::to_raw_value(rest).ok()) {
            self.keep(&rest);
        }
    }

    fn around<'b>(&self, source: Source, cards: &'b Cards) -> Surroundings<'b>
    where
        'a: 'b,
    {
        Surroundings { source, cards, own_number: self.own_number, thread: None }
    }

    fn keep(&mut self, part: &RawValue) {
        self.push(Item::Other(OtherChange::element(self.identity, part)));
    }

    /// Keeps what is left of the value after the frame around the messages is taken away.
    fn keep_rest(&mut self, mut rest: Members<'_>) {
        rest.retain(|name, _| !FRAME.contains(&name.as_str()));
        self.keep_all(&rest);
    }

    fn keep_all(&mut self, rest: &Members<'_>) {
        if rest.is_empty() {
            return;
        }
        // Members that were read can be written; should that ever fail, the whole change stands for them.
        let kept = serde_json::value::to_raw_value(rest).map_or_else(
            |_| OtherChange::whole(self.identity),
            |rest| OtherChange::part(self.identity, &rest),
        );
        self.push(Item::Other(kept));
    }
}

fn cards(value: &Members<'_>) -> Cards {
    let contacts = value.get("contacts").and_then(|&contacts| raw::elements(contacts)).unwrap_or_default();
    Cards::read(&Value::Array(contacts.into_iter().map(raw::value).collect()))
}
