//! Sends finished mails, one at a time, and says of each failure whether trying again can help.

mod error;
mod file;
mod handover;
mod lane;
mod mask;
mod memory;
mod message;
mod options;
mod queue;
mod reading;
mod smtp;
#[cfg(test)]
pub(crate) mod tests;

pub use error::{Failure, MailConfigError, SendError, Stage};
pub use file::FileTransport;
pub use lane::ALERTS;
pub use mask::{mask_address, mask_addresses};
pub use memory::MemoryTransport;
pub use message::{Attachment, Mailbox, OutgoingMail, message_id};
pub use options::{MailOptions, SmtpOptions, Transport};
pub use queue::{NewMail, Outbox, Sent, enqueue, enqueue_with};
pub use smtp::{Credentials, Encryption, Password, SmtpSettings, SmtpTransport};

use message::Composed;

/// Where mails go. Closed on purpose: what an installation can do is what is tested here.
#[derive(Debug, Clone)]
pub enum Mailer {
    Smtp(SmtpTransport),
    File(FileTransport),
    Memory(MemoryTransport),
}

impl Mailer {
    /// Hands one mail over. `Ok` means that it is out of our hands: the server took the data, or the file
    /// is on disk. The bytes depend on the mail alone, so a mail sent again is the same mail.
    pub async fn send(&self, mail: &OutgoingMail) -> Result<(), SendError> {
        let sent = match Composed::from_mail(mail) {
            Err(error) => Err(error),
            Ok(composed) => match self {
                Self::Smtp(transport) => transport.send(&composed).await,
                Self::File(transport) => transport.send(&composed).await,
                Self::Memory(transport) => transport.send(mail, &composed),
            },
        };
        let to = mask_address(&mail.to.address);
        match &sent {
            Ok(()) => tracing::info!(to, message_id = mail.message_id, "mail sent"),
            Err(error) => tracing::warn!(to, message_id = mail.message_id, %error, "mail not sent"),
        }
        sent
    }
}
