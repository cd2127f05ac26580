//! Why a mail was not sent, and whether trying again can help.

use std::fmt;

use super::mask::mask_addresses;

/// The queue keeps a mail that failed with `Retry` and gives up on one that failed with `Permanent`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The server, the network or the configuration is in the way; the mail itself is fine.
    #[error("not sent yet: {0}")]
    Retry(Failure),
    /// This mail to this recipient will never go.
    #[error("refused for good: {0}")]
    Permanent(Failure),
}

impl SendError {
    pub(super) fn retry(stage: Stage, code: Option<u16>, detail: &str) -> Self {
        Self::Retry(Failure::new(stage, code, detail))
    }

    pub(super) fn permanent(stage: Stage, code: Option<u16>, detail: &str) -> Self {
        Self::Permanent(Failure::new(stage, code, detail))
    }
}

/// What happened, fit for a log line and for the queue's row: addresses in it are masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub stage: Stage,
    /// The server's three-digit answer, when it gave one.
    pub code: Option<u16>,
    pub detail: String,
}

impl Failure {
    /// A server's answer may be long, and usually repeats the recipient.
    const LONGEST_DETAIL: usize = 300;

    fn new(stage: Stage, code: Option<u16>, detail: &str) -> Self {
        let printable: String = detail.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let detail = mask_addresses(&printable).chars().take(Self::LONGEST_DETAIL).collect();
        Self { stage, code, detail }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.stage)?;
        if let Some(code) = self.code {
            write!(f, " ({code})")?;
        }
        write!(f, ": {}", self.detail)
    }
}

/// How far a mail came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Compose,
    Connect,
    Authenticate,
    Deliver,
    Store,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Compose => "composing the mail",
            Self::Connect => "connecting to the mail server",
            Self::Authenticate => "authenticating at the mail server",
            Self::Deliver => "handing the mail to the server",
            Self::Store => "writing the mail to a file",
        })
    }
}

/// Mail settings that cannot work, or that would give a password away.
#[derive(Debug, thiserror::Error)]
pub enum MailConfigError {
    #[error("the SMTP password would cross the network unencrypted; choose starttls or tls")]
    PasswordInTheClear,
    #[error("cannot read {path}: {source}")]
    Unreadable { path: String, source: std::io::Error },
    #[error("mail.from is not an address: {0}")]
    Sender(String),
    #[error("mail.smtp.host is needed to send by SMTP")]
    HostMissing,
    #[error("mail.smtp needs username with exactly one of password and password_file, or none of them")]
    Credentials,
    #[error("mail.smtp.timeout_seconds must be 1 to {longest}")]
    Timeout { longest: u64 },
    #[error("the TLS settings for {host} are not usable: {detail}")]
    Tls { host: String, detail: String },
}
