//! What an installation says about its mail, and the mailer that follows from it.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::MailConfigError;
use super::message::Mailbox;
use super::smtp::{Credentials, Encryption, Password, SmtpSettings, SmtpTransport};
use super::{FileTransport, Mailer};

/// The `mail` section of the configuration.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailOptions {
    /// Whom mails come from: an address, or `Name <address>`.
    pub from: String,
    /// `file` (the default) or `smtp`.
    pub transport: Transport,
    /// With `file`: the folder that mails are written to, as `.eml` files.
    pub folder: PathBuf,
    /// With `smtp`: the server.
    pub smtp: SmtpOptions,
}

/// Where mails go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    File,
    Smtp,
}

/// The `mail.smtp` section of the configuration.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmtpOptions {
    pub host: String,
    /// Without it: 25, 587 or 465, as `security` has it.
    pub port: Option<u16>,
    /// `starttls` (the default), `tls`, or `none` for a server on the same machine.
    pub security: Encryption,
    /// Without it, nobody is authenticated.
    pub username: Option<String>,
    #[serde(skip_serializing)]
    pub password: Option<Password>,
    /// A file that holds the password, instead of `password`.
    pub password_file: Option<PathBuf>,
    /// A PEM certificate to trust besides the public ones.
    pub ca_file: Option<PathBuf>,
    /// The longest that it may take until the server wants to have a mail. For that it has taken it, it is waited ten minutes.
    pub timeout_seconds: u64,
}

impl Default for MailOptions {
    fn default() -> Self {
        Self {
            from: "Portaria <portaria@localhost>".to_owned(),
            transport: Transport::File,
            folder: PathBuf::from("data/mail"),
            smtp: SmtpOptions::default(),
        }
    }
}

impl Default for SmtpOptions {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: None,
            security: Encryption::StartTls,
            username: None,
            password: None,
            password_file: None,
            ca_file: None,
            timeout_seconds: 60,
        }
    }
}

impl MailOptions {
    /// Whom mails come from.
    pub fn sender(&self) -> Result<Mailbox, MailConfigError> {
        let parsed: lettre::message::Mailbox =
            self.from.parse().map_err(|_| MailConfigError::Sender(self.from.clone()))?;
        Ok(Mailbox { name: parsed.name, address: parsed.email.to_string() })
    }

    /// Reads the files it names, and refuses what cannot work.
    pub fn mailer(&self) -> Result<Mailer, MailConfigError> {
        match self.transport {
            Transport::File => Ok(Mailer::File(FileTransport::new(&self.folder))),
            Transport::Smtp => Ok(Mailer::Smtp(SmtpTransport::new(self.smtp.settings()?)?)),
        }
    }
}

impl SmtpOptions {
    fn settings(&self) -> Result<SmtpSettings, MailConfigError> {
        if self.host.is_empty() {
            return Err(MailConfigError::HostMissing);
        }
        Ok(SmtpSettings {
            host: self.host.clone(),
            port: self.port.unwrap_or_else(|| self.security.default_port()),
            encryption: self.security,
            credentials: self.credentials()?,
            ca_file: self.ca_file.clone(),
            timeout: self.timeout()?,
            patience: SmtpSettings::PATIENCE,
        })
    }

    fn timeout(&self) -> Result<Duration, MailConfigError> {
        let longest = SmtpSettings::LONGEST_TIMEOUT.as_secs();
        if !(1..=longest).contains(&self.timeout_seconds) {
            return Err(MailConfigError::Timeout { longest });
        }
        Ok(Duration::from_secs(self.timeout_seconds))
    }

    fn credentials(&self) -> Result<Option<Credentials>, MailConfigError> {
        let Some(username) = self.username.clone() else {
            let has_password = self.password.is_some() || self.password_file.is_some();
            return if has_password { Err(MailConfigError::Credentials) } else { Ok(None) };
        };
        let password = match (&self.password, &self.password_file) {
            (Some(password), None) => password.clone(),
            (None, Some(path)) => {
                let unreadable =
                    |source| MailConfigError::Unreadable { path: path.display().to_string(), source };
                Password::new(
                    std::fs::read_to_string(path).map_err(unreadable)?.trim_end_matches(['\r', '\n']),
                )
            }
            (Some(_), Some(_)) | (None, None) => return Err(MailConfigError::Credentials),
        };
        Ok(Some(Credentials { username, password }))
    }
}
