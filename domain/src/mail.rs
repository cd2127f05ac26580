//! Letters that the domain itself writes: plain, and queued in the transaction of their cause for the worker to send.

use portaria_entity::id::{OutgoingMailId, WorkspaceId};
use portaria_entity::outgoing_mail::{self, MailStatus};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::clock::Clock;
use crate::error::Result;

/// What a letter says.
pub(crate) struct Letter {
    pub subject: String,
    /// Paragraphs of plain text. Names in them may come from anybody.
    pub paragraphs: Vec<String>,
}

/// Whom it is for.
pub(crate) struct Addressee<'a> {
    pub workspace_id: WorkspaceId,
    pub name: &'a str,
    pub address: &'a str,
    /// Two letters of one key are one letter.
    pub dedup_key: String,
}

impl Letter {
    fn html(&self) -> String {
        let body: String = self.paragraphs.iter().map(|text| format!("<p>{}</p>", escaped(text))).collect();
        format!("<!doctype html><html><body style=\"font-family:sans-serif\">{body}</body></html>")
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

pub(crate) async fn queue(
    transaction: &impl ConnectionTrait,
    clock: &Clock,
    to: Addressee<'_>,
    letter: &Letter,
) -> Result<()> {
    let id: OutgoingMailId = clock.new_id();
    let now = clock.now();
    let row = outgoing_mail::ActiveModel {
        id: Set(id),
        workspace_id: Set(Some(to.workspace_id)),
        dedup_key: Set(to.dedup_key),
        to_name: Set(to.name.to_owned()),
        to_address: Set(to.address.to_owned()),
        subject: Set(letter.subject.clone()),
        html: Set(letter.html()),
        text: Set(letter.paragraphs.join("\n\n")),
        // The domain does not know who sends; the id alone makes it unique and stable.
        message_id: Set(format!("{}@portaria.invalid", id.0.as_hyphenated())),
        status: Set(MailStatus::Queued),
        attempts: Set(0),
        next_attempt_at: Set(now),
        leased_until: Set(None),
        error: Set(None),
        created_at: Set(now),
        sent_at: Set(None),
    };
    let once = OnConflict::column(outgoing_mail::Column::DedupKey).do_nothing().to_owned();
    outgoing_mail::Entity::insert(row).on_conflict(once).exec_without_returning(transaction).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_write_html() {
        let letter = Letter { subject: String::new(), paragraphs: vec!["<b>\"A\" & B</b>".to_owned()] };
        assert!(letter.html().contains("<p>&lt;b&gt;&quot;A&quot; &amp; B&lt;/b&gt;</p>"));
    }
}
