//! A folder of payloads as a table to read: each file, its changes, and what every part of them became.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use portaria_worker::whatsapp::payload::{
    Change, Direction, Fault, Forwarding, Item, Message, OtherChange, Party, Payload, Profile, Source,
    StatusUpdate, Target, read,
};

/// Whether the table repeats the words of the payloads, or only how many characters they have.
#[derive(Clone, Copy)]
pub enum Words {
    Shown,
    Counted,
}

impl Words {
    fn write(self, words: &str) -> String {
        match self {
            Self::Shown => format!("{words:?}"),
            Self::Counted => format!("({} characters)", words.chars().count()),
        }
    }

    fn opening(self, raw: &str) -> String {
        let flat = raw.split_whitespace().collect::<Vec<_>>().join(" ");
        match self {
            Self::Shown if flat.chars().count() > 60 => flat.chars().take(60).chain(['…']).collect(),
            Self::Shown => flat,
            Self::Counted => self.write(&flat),
        }
    }
}

pub fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    let named =
        |path: PathBuf| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap());
    paths.into_iter().map(named).collect()
}

/// One block a file: each change, and under it what it became.
pub fn table(folder: &Path, words: Words) -> String {
    let mut table = String::new();
    for (name, bytes) in files(folder) {
        let Payload { changes } = read(&bytes).unwrap();
        writeln!(table, "{name}").unwrap();
        for change in changes {
            writeln!(table, "  {}", head(&change)).unwrap();
            for item in &change.items {
                writeln!(table, "    {}", line(item, words)).unwrap();
            }
        }
    }
    table
}

fn head(change: &Change) -> String {
    let mut head = if change.field.is_empty() { "(no field)".to_owned() } else { change.field.clone() };
    add(&mut head, "waba", change.waba_id.as_deref());
    if change.waba_id != change.entry_id {
        add(&mut head, "entry", change.entry_id.as_deref());
    }
    add(&mut head, "time", change.entry_time);
    add(&mut head, "number", change.phone_number_id.as_deref().or(change.display_phone_number.as_deref()));
    head
}

fn line(item: &Item, words: Words) -> String {
    match item {
        Item::Message(message) => message_line(message, words),
        Item::Status(status) => status_line(status, words),
        Item::Other(OtherChange { dedup_key, faults, raw }) => {
            let mut line = format!("kept whole {} {}", hex(&dedup_key[..4]), words.opening(raw));
            add_faults(&mut line, faults, words);
            line
        }
    }
}

fn message_line(message: &Message, words: Words) -> String {
    let way = match message.direction {
        Direction::Inbound => "from",
        Direction::Outbound => "to",
    };
    let mut line = format!(
        "{} {:?} {way} {}",
        source(message.source),
        message.kind,
        who(&message.customer, &message.profile, words)
    );
    add(&mut line, "group", message.group_id.as_deref());
    add(&mut line, "at", message.sent_at);
    add(&mut line, "says", message.text.as_ref().map(|text| words.write(text)));
    if let Some(media) = &message.media {
        let name = media.filename.as_deref().unwrap_or("-");
        let voice = if media.voice { " voice" } else { "" };
        add(&mut line, "file", Some(format!("{:?} {:?} {name}{voice}", media.id, media.mime_type)));
    }
    add(&mut line, "replies-to", message.reply_to.as_ref().map(|reply| reply.message.clone()));
    match message.forwarding {
        Forwarding::Original => {}
        Forwarding::Forwarded | Forwarding::ForwardedOften => {
            add(&mut line, "was", Some(format!("{:?}", message.forwarding)));
        }
    }
    add(&mut line, "acts", message.target.as_ref().map(acts));
    if let Some(notice) = &message.system {
        let now = who(&notice.now, &Profile::default(), words);
        add(
            &mut line,
            "notice",
            Some(format!("{:?} now {now} before {:?}", notice.kind, notice.previous_user_id)),
        );
    }
    add(&mut line, "history", message.history_status.as_ref().map(|status| format!("{status:?}")));
    add_faults(&mut line, &message.faults, words);
    line
}

fn acts(target: &Target) -> String {
    match target {
        Target::Edit { original } => format!("edits {original}"),
        Target::Revoke { original } => format!("revokes {original}"),
        Target::Reaction { message, emoji } => format!("reacts {emoji:?} to {message}"),
    }
}

fn status_line(status: &StatusUpdate, words: Words) -> String {
    let mut line = format!(
        "{} status {:?} for {}",
        source(status.source),
        status.kind,
        who(&status.recipient, &status.profile, words)
    );
    add(&mut line, "group", status.group_id.as_deref());
    add(&mut line, "at", status.at);
    add(&mut line, "callback", status.callback_data.as_deref());
    if let Some(pricing) = &status.pricing {
        let words =
            [&pricing.model, &pricing.kind, &pricing.category].map(|word| word.as_deref().unwrap_or("-"));
        add(&mut line, "price", Some(format!("{} billable={:?}", words.join("/"), pricing.billable)));
    }
    add_faults(&mut line, &status.faults, words);
    line
}

fn who(party: &Party, profile: &Profile, words: Words) -> String {
    let ids = [&party.phone, &party.user_id, &party.parent_user_id];
    let ids: Vec<_> = ids.into_iter().flatten().map(String::as_str).collect();
    let names: Vec<_> =
        [&profile.name, &profile.username].into_iter().flatten().map(|name| words.write(name)).collect();
    format!("[{}]{}", ids.join(" "), names.join("@"))
}

fn add(line: &mut String, name: &str, value: Option<impl std::fmt::Display>) {
    if let Some(value) = value {
        write!(line, " {name}={value}").unwrap();
    }
}

fn add_faults(line: &mut String, faults: &[Fault], words: Words) {
    for Fault { code, title, .. } in faults {
        write!(
            line,
            " fault={code:?} {}",
            title.as_deref().map_or(String::new(), |title| words.write(title))
        )
        .unwrap();
    }
}

fn source(source: Source) -> &'static str {
    match source {
        Source::Live => "live",
        Source::Echo => "echo",
        Source::History => "history",
        Source::Standby => "standby",
        Source::StandbyEcho => "standby_echo",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
