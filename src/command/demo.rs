//! `portaria demo`: everything at once on a throw-away database, with a company, its customers and a stand-in for Meta.
//! What is shown went through the real front doors: webhooks were signed and posted, people signed in.

mod company;
mod sign_ins;
mod tour;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use portaria_domain::Installation;
use portaria_domain::authentication::{Attempt, Origin, authenticate, sign_in};
use portaria_domain::clock::Clock;
use portaria_domain::conversation::{Assignment, ConversationFilter, assign, page, resolve};
use portaria_domain::database::Database;
use portaria_domain::sealing::KeyRing;
use portaria_domain::second_factor;
use portaria_entity::conversation::ConversationStatus;
use portaria_entity::time::Timestamp;
use portaria_simulator::meta::{Limits, Manners};
use portaria_simulator::scenario::Scenario;
use portaria_simulator::scenario::history::HistoryPlan;
use portaria_simulator::span::MINUTE;
use portaria_simulator::{
    BusinessNumber, Meta, MetaOptions, SenderConfig, SimulateOptions, Template, simulate,
};
use portaria_worker::mail::Transport;
use sea_orm::ConnectionTrait;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Secret, load};
use crate::service::{Launch, Parts, Service, bind};
use crate::{opening, parts, telemetry};
use company::Company;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SEED: u64 = 7;
const CONVERSATIONS: u64 = 48;
const MESSAGES_EACH: u32 = 9;
/// How many messages a minute customers write.
const PACE: u32 = 20;
/// How long the past may take to be worked through.
const PATIENCE: Duration = Duration::from_secs(120);

pub async fn run(mut config: Config) -> Result<()> {
    // What people want to see is printed; the usual log would drown it.
    if config.log.level == load(None, [])?.log.level {
        "warn".clone_into(&mut config.log.level);
    }
    telemetry::start_logs(&config.log)?;
    let folder = tempfile::Builder::new().prefix("portaria-demo-").tempdir().context("a temporary folder")?;
    config.database.url =
        Secret::from(format!("sqlite:{}", folder.path().join("portaria.db").display()).as_str());
    config.database.url_file = "".into();
    config.mail.transport = Transport::File;
    config.mail.folder = folder.path().join("mail");

    let listener = bind_anywhere(config.server.listen).await?;
    config.server.stay_at(reachable(listener.local_addr()?));
    let installation = open(&config).await?;
    println!("Making up a company and two weeks of its conversations ...");
    let company = company::found(&installation).await?;
    let meta = Meta::bind(stand_in(&config, &company), &CancellationToken::new()).await?;
    config.cloud_api.base_url = meta.base_url();
    sign_ins::make_up(&installation, &company).await?;

    let parts = Parts { api: true, worker: true, auditor: true };
    let launch = Launch { config: config.clone(), parts, installation: installation.clone(), listener };
    let service = Service::start(launch)?;
    let stop = service.stopping();
    let stage = Stage { installation, company, config, meta, folder: folder.path().to_owned() };
    let visit = show(stage, stop.clone());
    let visiting = tokio::spawn(async move {
        let visited = visit.await;
        // Without its company the demonstration shows nothing.
        stop.cancel();
        visited
    });
    service.run().await?;
    visiting.await??;
    folder.close().context("the temporary folder could not be removed")?;
    println!("\nThe demonstration has ended, and its data is gone.");
    Ok(())
}

/// What the demonstration plays on.
struct Stage {
    installation: Installation,
    company: Company,
    config: Config,
    meta: Meta,
    folder: std::path::PathBuf,
}

/// Fills the past, audits, tells the visitor, and lets customers write until `stop`.
async fn show(stage: Stage, stop: CancellationToken) -> Result<()> {
    let Stage { installation, company, config, meta, folder } = &stage;
    let now = u64::try_from(installation.clock.now().as_secs())?;
    let past = HistoryPlan {
        conversations: CONVERSATIONS,
        messages_each: MESSAGES_EACH,
        until: now - 300,
        span_secs: 14 * DAY.as_secs(),
    };
    let filling = SimulateOptions { history: Some(past), deliveries: Some(0), ..stage.simulation() };
    let filled = simulate(filling, stop.clone()).await?;
    ensure!(filled.refused + filled.unreachable == 0, "{filled:?}");
    for delivery in Scenario::new(SEED, numbers())?.history(past) {
        meta.recall(&delivery.body);
    }
    worked_through(installation, &stop).await?;
    work_a_little(installation, company).await?;
    let auditor = parts::auditor(installation, config)?;
    auditor.audit_now(company.workspace_id).await?;
    auditor.send_queued_mails().await?;
    if stop.is_cancelled() {
        return Ok(());
    }
    let administrator = company.person(company::ADMINISTRATOR).context("the administrator")?;
    let authenticator = second_factor::set_up(installation, administrator.user_id).await?;
    let report = write_report(installation, folder).await?;
    println!(
        "{}",
        tour::text(
            (&config.server.public_url(), &meta.base_url()),
            company,
            &authenticator,
            (&config.mail.folder, &report)
        )
    );
    meta.let_customers_write(PACE);
    stop.cancelled().await;
    Ok(())
}

/// A Meta of the company's own: it knows the company's numbers and customers, and tells Portaria by webhook.
fn stand_in(config: &Config, company: &Company) -> MetaOptions {
    let anywhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    MetaOptions {
        access_tokens: vec![company::ACCESS_TOKEN.to_owned()],
        callback: Some(callback(config, company)),
        cast: CONVERSATIONS,
        limits: Limits { management: 5000, ..Limits::default() },
        manners: Manners { patience: 2 * MINUTE, ..Manners::default() },
        seed: SEED,
        templates: Template::examples(),
        ..MetaOptions::new(anywhere, numbers())
    }
}

fn callback(config: &Config, company: &Company) -> SenderConfig {
    let url = format!("{}/webhooks/whatsapp/{}", config.server.public_url(), company::APP_KEY);
    SenderConfig::new(&url, &company.app_secret, &company.verify_token)
}

impl Stage {
    fn simulation(&self) -> SimulateOptions {
        let sender = callback(&self.config, &self.company);
        SimulateOptions { seed: SEED, concurrency: 8, ..SimulateOptions::new(sender, numbers()) }
    }
}

/// The company's numbers as Meta knows them: the first sells, the second heals.
fn numbers() -> Vec<BusinessNumber> {
    (1..=2).map(BusinessNumber::example).collect()
}

/// The configured port, or, when that is taken, any other.
async fn bind_anywhere(address: SocketAddr) -> Result<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bind(SocketAddr::new(address.ip(), 0)).await
        }
        Err(_) => bind(address).await,
    }
}

async fn open(config: &Config) -> Result<Installation> {
    let database: Database = opening::connect(config).await?;
    database.migrate().await?;
    let keys = KeyRing::ephemeral()?;
    let installation = Installation::new(database, Clock::system(), keys, &config.server.public_url());
    Ok(installation.with_countries(opening::countries(config)?))
}

/// Waits until the worker has been through everything that was delivered.
async fn worked_through(installation: &Installation, stop: &CancellationToken) -> Result<()> {
    let database = &installation.database;
    let pending = "SELECT COUNT(*) FROM webhook_deliveries WHERE status = 'pending'";
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !stop.is_cancelled() {
        let row = database.reader().query_one_raw(database.statement(pending, [])).await?;
        if row.map(|row| row.try_get_by_index::<i64>(0)).transpose()? == Some(0) {
            return Ok(());
        }
        ensure!(tokio::time::Instant::now() < deadline, "the made-up past was not worked through in time");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// The administrator ends every third of the older conversations, and gives the visitor the newest of each number.
async fn work_a_little(installation: &Installation, company: &Company) -> Result<()> {
    let attempt = Attempt {
        email: company::ADMINISTRATOR,
        password: &company.password,
        code: None,
        workspace_id: None,
        origin: Origin {
            address: "127.0.0.1".to_owned(),
            user_agent: "portaria demo".to_owned(),
            ..Origin::default()
        },
    };
    let opened = sign_in(installation, attempt).await?;
    let viewer = authenticate(installation, opened.token.reveal()).await?.context("a session just opened")?;
    let reader = installation.database.reader();
    let rows = page(reader, &viewer, &ConversationFilter::default(), None, 100).await?;
    for conversation in rows.iter().skip(12).step_by(3) {
        resolve(installation, &viewer, conversation.row.id).await?;
    }
    let visitor = company.person(company::VISITOR).context("the visitor")?.member_id;
    for channel in [company.shop, company.clinic] {
        let filter = ConversationFilter {
            channel_id: Some(channel),
            status: Some(ConversationStatus::Open),
            ..ConversationFilter::default()
        };
        for conversation in page(reader, &viewer, &filter, None, 3).await? {
            assign(installation, &viewer, conversation.row.id, Assignment::Member(visitor)).await?;
        }
    }
    Ok(())
}

/// The report's page beside its mail, for browsers that open no mails.
async fn write_report(installation: &Installation, folder: &Path) -> Result<std::path::PathBuf> {
    let sql = "SELECT html FROM outgoing_mails ORDER BY created_at DESC LIMIT 1";
    let row = installation.database.reader().query_one_raw(installation.database.statement(sql, [])).await?;
    let html: String = row.context("the audit has queued no mail")?.try_get_by_index(0)?;
    let path = folder.join("audit-report.html");
    std::fs::write(&path, html)?;
    Ok(path)
}

/// Where this machine itself reaches what is listened on.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    SocketAddr::new(ip, address.port())
}

fn ago(installation: &Installation, duration: Duration) -> Timestamp {
    installation.clock.now() - duration
}
