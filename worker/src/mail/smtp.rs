//! One SMTP conversation per mail: connect, encrypt, authenticate, hand over, leave.
//!
//! lettre's pooled transport is not used: it gives a connection whose conversation was cut short back to
//! the pool, where the next mail would read the answers meant for the last one, and without its own limit a
//! silent server would hold a mail for ever. An installation sends a handful of mails a day.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials as SmtpCredentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use serde::{Deserialize, Serialize};

use super::error::{MailConfigError, SendError, Stage};
use super::handover::{FAREWELL, announce, hand_over};
use super::message::Composed;

/// How to reach the mail server.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    pub host: String,
    pub port: u16,
    pub encryption: Encryption,
    pub credentials: Option<Credentials>,
    /// A PEM certificate to trust besides the public ones, for a server of one's own.
    pub ca_file: Option<PathBuf>,
    /// The longest that it may take until the server has heard whom a mail is for and wants to have it.
    pub timeout: Duration,
    /// The longest that it may then take to hand it over and to have it acknowledged: some look through a mail first, and who
    /// leaves meanwhile sends it twice.
    pub patience: Duration,
}

impl SmtpSettings {
    /// As RFC 5321 (4.5.3.2.6) asks for.
    pub const PATIENCE: Duration = Duration::from_secs(10 * 60);
    /// The longest of what can be configured.
    pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(2 * 60);
}

/// How the conversation is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// Not at all: for a server on the same machine.
    None,
    /// Begins in the clear and must be upgraded before anything of value is said.
    StartTls,
    /// Encrypted from the first byte.
    Tls,
}

impl Encryption {
    /// The port a server usually has for it.
    pub fn default_port(self) -> u16 {
        match self {
            Self::None => 25,
            Self::StartTls => 587,
            Self::Tls => 465,
        }
    }
}

/// Who we are to the mail server.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub username: String,
    pub password: Password,
}

/// A password that no `Debug` prints.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    pub fn new(password: impl Into<String>) -> Self {
        Self(password.into())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

/// Sends by SMTP.
#[derive(Clone)]
pub struct SmtpTransport {
    settings: SmtpSettings,
    tls: Option<TlsParameters>,
    hello: ClientId,
}

/// The TLS state has no `Debug`, and the settings say all there is to say.
impl fmt::Debug for SmtpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SmtpTransport").field(&self.settings).finish()
    }
}

impl SmtpTransport {
    pub fn new(settings: SmtpSettings) -> Result<Self, MailConfigError> {
        let tls = match settings.encryption {
            Encryption::None => None,
            Encryption::StartTls | Encryption::Tls => Some(tls_parameters(&settings)?),
        };
        if tls.is_none() && settings.credentials.is_some() && !is_loopback(&settings.host) {
            return Err(MailConfigError::PasswordInTheClear);
        }
        Ok(Self { settings, tls, hello: ClientId::default() })
    }

    pub(super) async fn send(&self, mail: &Composed) -> Result<(), SendError> {
        let SmtpSettings { timeout, patience, .. } = self.settings;
        let mut connection = in_time(timeout, self.announced(mail)).await?;
        in_time(patience, hand_over(&mut connection, mail)).await?;
        // The mail is the server's from here: however the farewell goes, it must not be sent again.
        if tokio::time::timeout(FAREWELL, connection.quit()).await.is_err() {
            tracing::debug!("the mail server took the mail and did not say good-bye");
        }
        Ok(())
    }

    /// A conversation in which the server waits for the mail.
    async fn announced(&self, mail: &Composed) -> Result<AsyncSmtpConnection, SendError> {
        let mut connection = self.connect().await.map_err(|error| not_our_mail(Stage::Connect, &error))?;
        if let Some(credentials) = &self.settings.credentials {
            let secret = SmtpCredentials::new(credentials.username.clone(), credentials.password.0.clone());
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], &secret)
                .await
                .map_err(|error| not_our_mail(Stage::Authenticate, &error))?;
        }
        announce(&mut connection, mail).await?;
        Ok(connection)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let server = (self.settings.host.as_str(), self.settings.port);
        let from_the_start = match self.settings.encryption {
            Encryption::Tls => self.tls.clone(),
            Encryption::StartTls | Encryption::None => None,
        };
        let timeout = Some(self.settings.timeout);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, timeout, &self.hello, from_the_start, None).await?;
        match (self.settings.encryption, &self.tls) {
            (Encryption::StartTls, Some(tls)) => connection.starttls(tls.clone(), &self.hello).await?,
            (Encryption::StartTls | Encryption::Tls | Encryption::None, _) => {}
        }
        Ok(connection)
    }
}

async fn in_time<T>(
    most: Duration,
    step: impl Future<Output = Result<T, SendError>>,
) -> Result<T, SendError> {
    let late = |_| Err(SendError::retry(Stage::Deliver, None, "the server took too long"));
    tokio::time::timeout(most, step).await.unwrap_or_else(late)
}

fn tls_parameters(settings: &SmtpSettings) -> Result<TlsParameters, MailConfigError> {
    let unusable =
        |error: SmtpError| MailConfigError::Tls { host: settings.host.clone(), detail: error.to_string() };
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.ca_file {
        let pem = std::fs::read(path)
            .map_err(|source| MailConfigError::Unreadable { path: path.display().to_string(), source })?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(unusable)?);
    }
    builder.build().map_err(unusable)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Before the mail is handed over, whatever goes wrong lies with the server or the configuration: somebody
/// will mend it, and the mail should still be there.
fn not_our_mail(stage: Stage, error: &SmtpError) -> SendError {
    SendError::retry(stage, error.status().map(u16::from), &error.to_string())
}
