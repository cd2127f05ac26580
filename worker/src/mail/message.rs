//! Turns a mail into the bytes a server gets: always the same bytes for the same mail.

use std::time::SystemTime;

use jiff::Timestamp;
use lettre::Message;
use lettre::address::{Address, Envelope};
use lettre::message::header::{
    ContentDisposition, ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue,
};
use lettre::message::{Body, Mailbox as HeaderMailbox, MultiPart, SinglePart};
use uuid::Uuid;

use super::error::{SendError, Stage};

/// A person or a service with an address. The name may come from anybody: it cannot leave its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    pub name: Option<String>,
    pub address: String,
}

/// One finished mail to one reader. Everything in it is given, so that a second attempt sends the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMail {
    pub from: Mailbox,
    pub to: Mailbox,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// Without the angle brackets; see [`message_id`].
    pub message_id: String,
    /// When the mail was written, not when it is sent.
    pub date: Timestamp,
    pub attachment: Option<Attachment>,
}

/// A file that goes along with a mail: text in UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Plain ASCII without a path.
    pub name: String,
    /// E.g. `text/csv; charset=utf-8`.
    pub media_type: String,
    pub content: String,
}

/// The Message-ID of a queued mail: its id at the sender's domain, the same on every attempt.
pub fn message_id(id: Uuid, from_address: &str) -> String {
    let domain = from_address.rsplit_once('@').map_or("portaria.invalid", |(_, domain)| domain);
    format!("{}@{domain}", id.as_hyphenated())
}

/// A mail as it travels.
pub(super) struct Composed {
    pub envelope: Envelope,
    pub bytes: Vec<u8>,
    /// Names the mail in a file system: letters, digits and hyphens only.
    pub file_stem: String,
}

impl Composed {
    pub fn from_mail(mail: &OutgoingMail) -> Result<Self, SendError> {
        let from = header_mailbox(&mail.from)?;
        let to = header_mailbox(&mail.to)?;
        let id = checked_message_id(&mail.message_id)?;
        let envelope = Envelope::new(Some(from.email.clone()), vec![to.email.clone()]).map_err(invalid)?;
        let message = Message::builder()
            .from(from)
            .to(to)
            .subject(one_line(&mail.subject))
            .date(SystemTime::from(mail.date))
            .message_id(Some(format!("<{id}>")))
            .header(AutoSubmitted)
            .multipart(body(mail, &id)?)
            .map_err(invalid)?;
        let file_stem = format!("{}-{}", mail.date.strftime("%Y%m%dT%H%M%SZ"), local_part(&id));
        Ok(Self { envelope, bytes: message.formatted(), file_stem })
    }
}

/// Plain text first: a reader's program shows the last form that it understands. Files come behind both.
fn body(mail: &OutgoingMail, id: &str) -> Result<MultiPart, SendError> {
    // The parts are encoded, so that no line of theirs can begin with this.
    let words = MultiPart::alternative()
        .boundary(format!("=_{}", local_part(id)))
        .singlepart(SinglePart::plain(mail.text.clone()))
        .singlepart(SinglePart::html(mail.html.clone()));
    let Some(attachment) = &mail.attachment else { return Ok(words) };
    let file = SinglePart::builder()
        .header(attachment.media_type.parse::<ContentType>().map_err(invalid)?)
        .header(ContentDisposition::attachment(&attachment.name))
        .body(encoded(&attachment.content)?);
    Ok(MultiPart::mixed().boundary(format!("=_{}-files", local_part(id))).multipart(words).singlepart(file))
}

/// In base64, so that no server on the way touches its line ends.
fn encoded(content: &str) -> Result<Body, SendError> {
    let bytes = content.as_bytes().to_vec();
    Body::new_with_encoding(bytes, ContentTransferEncoding::Base64)
        .map_err(|_| SendError::permanent(Stage::Compose, None, "the attachment cannot be encoded"))
}

fn header_mailbox(mailbox: &Mailbox) -> Result<HeaderMailbox, SendError> {
    let address: Address = mailbox.address.parse().map_err(invalid)?;
    let name = mailbox.name.as_deref().map(one_line).filter(|name| !name.is_empty());
    Ok(HeaderMailbox::new(name, address))
}

/// Control characters, line breaks above all, become single spaces: a header stays one header.
fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn checked_message_id(id: &str) -> Result<String, SendError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
    match id.split_once('@') {
        Some((local, domain))
            if !local.is_empty()
                && !domain.is_empty()
                && (local.chars().chain(domain.chars())).all(plain) =>
        {
            Ok(id.to_owned())
        }
        Some(_) | None => Err(SendError::permanent(Stage::Compose, None, "the Message-ID is malformed")),
    }
}

fn local_part(id: &str) -> String {
    let local = id.split_once('@').map_or(id, |(local, _)| local);
    local.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

fn invalid(error: impl std::error::Error) -> SendError {
    SendError::permanent(Stage::Compose, None, &error.to_string())
}

/// Says that a machine wrote this, so that holiday notices do not answer it (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
