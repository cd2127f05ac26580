//! Hands one mail to a server that listens, and says of a refusal whether it is about this mail to this reader. What is about
//! the sender, the relay, a policy or a quota lies with the server or the configuration: somebody will mend it.

use std::error::Error as _;
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};

use super::error::{SendError, Stage};
use super::message::Composed;

/// How long the server may take to answer our farewell.
pub(super) const FAREWELL: Duration = Duration::from_secs(2);

/// What a server answers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Sender,
    Recipient,
    /// The mail itself, or that it comes.
    Content,
}

/// Says from whom and for whom it is. `Ok`: the server waits for it.
pub(super) async fn announce(connection: &mut AsyncSmtpConnection, mail: &Composed) -> Result<(), SendError> {
    let parameters = parameters(connection, mail)?;
    match say(connection, mail, parameters).await {
        Ok(()) => Ok(()),
        Err((word, error)) => Err(leave(connection, word, &error).await),
    }
}

/// `Ok`: the server has taken the mail.
pub(super) async fn hand_over(
    connection: &mut AsyncSmtpConnection,
    mail: &Composed,
) -> Result<(), SendError> {
    // The client ends the data with a line break of its own.
    let bytes = mail.bytes.strip_suffix(b"\r\n").unwrap_or(&mail.bytes);
    match connection.message(bytes).await {
        Ok(_) => Ok(()),
        Err(error) => Err(leave(connection, Word::Content, &error).await),
    }
}

/// Ends a conversation in which the server has refused something.
async fn leave(connection: &mut AsyncSmtpConnection, word: Word, error: &SmtpError) -> SendError {
    if error.status().is_some() && tokio::time::timeout(FAREWELL, connection.abort()).await.is_err() {
        tracing::debug!("the mail server refused the mail and did not say good-bye");
    }
    failure(word, error)
}

/// What the server must know of the mail beforehand, and be able to.
fn parameters(connection: &AsyncSmtpConnection, mail: &Composed) -> Result<Vec<MailParameter>, SendError> {
    let can = |extension| connection.server_info().supports_feature(extension);
    let cannot = |what: &str| SendError::permanent(Stage::Deliver, None, what);
    let mut parameters = Vec::new();
    let mut addresses = mail.envelope.from().into_iter().chain(mail.envelope.to());
    if addresses.any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
        if !can(Extension::SmtpUtfEight) {
            return Err(cannot("the server takes no address with letters beyond ASCII"));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !mail.bytes.is_ascii() {
        if !can(Extension::EightBitMime) {
            return Err(cannot("the server takes no text beyond ASCII"));
        }
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(parameters)
}

async fn say(
    connection: &mut AsyncSmtpConnection,
    mail: &Composed,
    parameters: Vec<MailParameter>,
) -> Result<(), (Word, SmtpError)> {
    let from = Mail::new(mail.envelope.from().cloned(), parameters);
    connection.command(from).await.map_err(|error| (Word::Sender, error))?;
    for to in mail.envelope.to() {
        let to = Rcpt::new(to.clone(), Vec::new());
        connection.command(to).await.map_err(|error| (Word::Recipient, error))?;
    }
    connection.command(Data).await.map_err(|error| (Word::Content, error))?;
    Ok(())
}

fn failure(word: Word, error: &SmtpError) -> SendError {
    let code = error.status().map(u16::from);
    let said = error.source().map(ToString::to_string).unwrap_or_default();
    let is_final = error.is_client() || code.is_some_and(|code| is_final(word, code, &said));
    if is_final {
        SendError::permanent(Stage::Deliver, code, &error.to_string())
    } else {
        SendError::retry(Stage::Deliver, code, &error.to_string())
    }
}

/// Only a plain "no" to this reader or to what the mail says is final.
fn is_final(word: Word, code: u16, said: &str) -> bool {
    let status = enhanced_status(said);
    // 5.1.7 and 5.1.8 are about the sender's address. Without a status, an open "no relaying" is not about the reader.
    let about_the_reader = match status {
        Some((subject, detail)) => subject == 1 && !matches!(detail, 7 | 8),
        None => !said.to_ascii_lowercase().contains("relay"),
    };
    // Routing and its limits, policies, a full mailbox, and a server that is not well pass.
    let about_the_content = match status {
        Some((subject, detail)) => !matches!((subject, detail), (4 | 7, _) | (2, 2) | (3, 0..=3)),
        None => true,
    };
    match (word, code) {
        (Word::Sender, _) => false,
        (Word::Recipient | Word::Content, 550 | 551 | 553 | 556) => about_the_reader,
        (Word::Content, 552 | 554) => about_the_content,
        (Word::Recipient | Word::Content, _) => false,
    }
}

/// Subject and detail of an enhanced status code of RFC 3463, such as `5.1.1`, that a server gave.
fn enhanced_status(said: &str) -> Option<(u16, u16)> {
    said.split_whitespace().find_map(|word| {
        let word = word.trim_matches(|c: char| !c.is_ascii_digit());
        let mut parts = word.split('.').map(|part| part.parse::<u16>().ok());
        let (class, subject, detail) = (parts.next()??, parts.next()??, parts.next()??);
        (class == 5 && parts.next().is_none()).then_some((subject, detail))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_no_to_the_reader_or_to_the_mail_is_final() {
        for (word, code, said, expected) in [
            (Word::Recipient, 550, "5.1.1 <a@b.example>: no such user", true),
            (Word::Recipient, 550, "no such user", true),
            (Word::Recipient, 556, "5.1.10 takes no mail", true),
            (Word::Recipient, 550, "5.7.1 not allowed from 192.0.2.1", false),
            (Word::Recipient, 554, "5.7.1 <a@b.example>: Relay access denied", false),
            (Word::Recipient, 550, "Relaying denied", false),
            (Word::Recipient, 552, "5.2.2 mailbox full", false),
            (Word::Recipient, 553, "5.1.8 the sender's domain does not exist", false),
            (Word::Recipient, 530, "5.7.0 authentication required", false),
            (Word::Sender, 550, "no such sender here", false),
            (Word::Sender, 553, "5.1.1 unknown", false),
            (Word::Content, 550, "5.4.5 daily quota of mails used up", false),
            (Word::Content, 552, "5.3.4 message too big", true),
            (Word::Content, 552, "5.2.2 over quota", false),
            (Word::Content, 554, "5.6.0 not a message", true),
            (Word::Content, 554, "transaction failed", true),
            (Word::Content, 554, "5.7.26 the sender is not authenticated", false),
            (Word::Content, 451, "4.7.1 later", false),
        ] {
            assert_eq!(is_final(word, code, said), expected, "{word:?} {code} {said}");
        }
    }

    #[test]
    fn an_enhanced_status_is_found_and_an_address_is_none() {
        assert_eq!(enhanced_status("#5.1.1 no"), Some((1, 1)));
        assert_eq!(enhanced_status("from 5.1.1.1 (5.7.10): no"), Some((7, 10)));
        assert_eq!(enhanced_status("2.0.0 fine, 550 at 10.20.30"), None);
    }
}
