//! A small real SMTP server, which can be told to misbehave.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What the server does differently from a well-behaved one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manners {
    pub greeting: Option<&'static str>,
    pub extensions: &'static [&'static str],
    pub tls: Tls,
    /// Answered to AUTH.
    pub auth: Option<&'static str>,
    pub mail_from: Option<&'static str>,
    pub rcpt_to: Option<&'static str>,
    pub end: End,
    /// Greets, and closes.
    pub hangs_up: bool,
    /// Never answers QUIT.
    pub ignores_quit: bool,
    /// How long it takes for each answer.
    pub delay: Duration,
}

/// When the server encrypts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tls {
    #[default]
    Never,
    /// When it is asked to.
    OnRequest,
    FromTheStart,
}

/// How the server ends the transfer.
#[derive(Debug, Clone, Copy, Default)]
pub enum End {
    #[default]
    Accept,
    Answer(&'static str),
    /// Takes the data and closes without a word.
    Drop,
    /// Takes the data and never answers.
    Silence,
    /// Accepts once it has looked through it for so long.
    AcceptAfter(Duration),
}

/// What was said to it.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    pub commands: Vec<String>,
    pub mails: Vec<String>,
    /// Of these, what it took and did not say so.
    pub unanswered: Vec<String>,
}

pub struct Server {
    pub port: u16,
    heard: Arc<Mutex<Heard>>,
}

impl Server {
    /// Serves one conversation per entry, in order, then closes the door.
    pub async fn start(conversations: impl IntoIterator<Item = Manners>) -> Self {
        Self::start_at(0, conversations).await
    }

    /// The same at a port that it had before.
    pub async fn start_at(port: u16, conversations: impl IntoIterator<Item = Manners>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let script: Vec<Manners> = conversations.into_iter().collect();
        let ears = Arc::clone(&heard);
        tokio::spawn(async move {
            for manners in script {
                let (stream, _) = listener.accept().await.unwrap();
                let conversation = Conversation { manners, ears: Arc::clone(&ears) };
                // A client that leaves in the middle ends its own conversation only.
                tokio::spawn(async move { conversation.welcome(stream).await });
            }
        });
        Self { port, heard }
    }

    pub fn heard(&self) -> Heard {
        self.heard.lock().unwrap().clone()
    }
}

/// What a conversation runs over.
trait Wire: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire for T {}

/// What comes after a conversation.
#[derive(PartialEq, Eq)]
enum Next {
    Leave,
    Encrypt,
}

/// The certificate is of 127.0.0.1 and signed by itself.
pub const CERTIFICATE: &str = include_str!("tls/certificate.pem");

fn acceptor() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

struct Conversation {
    manners: Manners,
    ears: Arc<Mutex<Heard>>,
}

impl Conversation {
    async fn welcome(&self, stream: impl Wire) -> std::io::Result<()> {
        let greeting = self.manners.greeting.unwrap_or("220 mail.test ESMTP");
        if self.manners.tls == Tls::FromTheStart {
            let mut stream = BufReader::new(acceptor().accept(stream).await?);
            say(&mut stream, greeting).await?;
            return self.hold(&mut stream).await.map(|_| ());
        }
        let mut stream = BufReader::new(stream);
        say(&mut stream, greeting).await?;
        if self.manners.hangs_up {
            return Ok(());
        }
        if self.hold(&mut stream).await? == Next::Encrypt {
            let mut stream = BufReader::new(acceptor().accept(stream.into_inner()).await?);
            self.hold(&mut stream).await?;
        }
        Ok(())
    }

    async fn hold(&self, stream: &mut BufReader<impl Wire>) -> std::io::Result<Next> {
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(Next::Leave);
            }
            let command = line.trim_end().to_owned();
            self.ears.lock().unwrap().commands.push(command.clone());
            tokio::time::sleep(self.manners.delay).await;
            let verb = command.split([' ', ':']).next().unwrap().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => self.introduce(stream).await?,
                "AUTH" => say(stream, self.manners.auth.unwrap_or("503 5.5.1 no")).await?,
                "MAIL" => say(stream, self.manners.mail_from.unwrap_or("250 2.1.0 ok")).await?,
                "RCPT" => say(stream, self.manners.rcpt_to.unwrap_or("250 2.1.5 ok")).await?,
                "DATA" => {
                    say(stream, "354 go ahead").await?;
                    self.take_mail(stream).await?;
                    match self.manners.end {
                        End::Accept => say(stream, "250 2.0.0 queued").await?,
                        End::AcceptAfter(pause) => {
                            tokio::time::sleep(pause).await;
                            say(stream, "250 2.0.0 queued").await?;
                        }
                        End::Answer(answer) => say(stream, answer).await?,
                        End::Drop => return Ok(Next::Leave),
                        End::Silence => std::future::pending().await,
                    }
                }
                "QUIT" if self.manners.ignores_quit => std::future::pending().await,
                "QUIT" => return say(stream, "221 2.0.0 bye").await.map(|()| Next::Leave),
                "STARTTLS" if self.manners.tls == Tls::OnRequest => {
                    return say(stream, "220 2.0.0 go ahead").await.map(|()| Next::Encrypt);
                }
                _ => say(stream, "502 5.5.2 unknown").await?,
            }
        }
    }

    async fn introduce(&self, stream: &mut BufReader<impl Wire>) -> std::io::Result<()> {
        for extension in self.manners.extensions {
            say(stream, &format!("250-{extension}")).await?;
        }
        say(stream, "250 HELP").await
    }

    /// Up to the lone dot, with doubled leading dots made single again.
    async fn take_mail(&self, stream: &mut BufReader<impl Wire>) -> std::io::Result<()> {
        let mut mail = String::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            if line == ".\r\n" {
                let mut ears = self.ears.lock().unwrap();
                if matches!(self.manners.end, End::Drop | End::Silence) {
                    ears.unanswered.push(mail.clone());
                }
                ears.mails.push(mail);
                return Ok(());
            }
            mail.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
    }
}

async fn say(stream: &mut BufReader<impl Wire>, line: &str) -> std::io::Result<()> {
    stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).await
}
