//! Letters that the domain itself writes: plain, and queued in the transaction of their cause for the worker to send.
//!
//! The token of a link does not stand in a queued letter. It is sealed beside it, put in when the letter goes out, and
//! erased once it has.

mod erasure;
mod standing;

use portaria_entity::id::{OutgoingMailId, WorkspaceId};
use portaria_entity::mail_secret;
use portaria_entity::outgoing_mail::{self, MailStatus};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::installation::Installation;
use crate::token::Token;

pub(crate) use erasure::erase;
pub use standing::{Standing, WITHDRAWN, standing};

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
    insert(transaction, clock, (clock.new_id(), to), letter).await?;
    Ok(())
}

/// Queues a letter with a token in it, which the database keeps sealed.
pub(crate) async fn queue_with_token(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    to: Addressee<'_>,
    (letter, token): (&Letter, &Token),
) -> Result<()> {
    let id: OutgoingMailId = installation.clock.new_id();
    let covered = |text: &String| text.replace(token.reveal(), &placeholder(id));
    let letter = Letter {
        subject: covered(&letter.subject),
        paragraphs: letter.paragraphs.iter().map(covered).collect(),
    };
    if !insert(transaction, &installation.clock, (id, to), &letter).await? {
        return Ok(());
    }
    let sealed = installation.keys.seal(token.reveal().as_bytes(), id.0.as_bytes())?;
    let row = mail_secret::ActiveModel {
        id: Set(id),
        sealed_secret: Set(sealed.bytes),
        sealing_key: Set(sealed.key),
    };
    mail_secret::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}

/// What stands in a queued letter where its token goes. Nobody knows the id beforehand, so that nobody can write it.
fn placeholder(id: OutgoingMailId) -> String {
    format!("token-of-{}", id.0.as_simple())
}

/// A letter as it goes out, with its token if it has one.
pub async fn unsealed(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    mut mail: outgoing_mail::Model,
) -> Result<outgoing_mail::Model> {
    let Some(secret) = mail_secret::Entity::find_by_id(mail.id).one(connection).await? else {
        return Ok(mail);
    };
    let token = installation.keys.open(&secret.sealed_secret, &secret.sealing_key, mail.id.0.as_bytes())?;
    let token = std::str::from_utf8(&token).map_err(Error::internal)?;
    for text in [&mut mail.subject, &mut mail.html, &mut mail.text] {
        *text = text.replace(&placeholder(mail.id), token);
    }
    Ok(mail)
}

/// Erases the token of a letter that will not be sent again.
pub async fn forget_token(connection: &impl ConnectionTrait, id: OutgoingMailId) -> Result<()> {
    mail_secret::Entity::delete_by_id(id).exec(connection).await?;
    Ok(())
}

/// Answers whether the letter is a new one.
async fn insert(
    transaction: &impl ConnectionTrait,
    clock: &Clock,
    (id, to): (OutgoingMailId, Addressee<'_>),
    letter: &Letter,
) -> Result<bool> {
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
    Ok(outgoing_mail::Entity::insert(row).on_conflict(once).exec_without_returning(transaction).await? == 1)
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
