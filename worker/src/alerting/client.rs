//! Sending to endpoints over HTTP: over TLS, to public addresses, without following redirects, for so long. Of what they
//! answer, only the status is looked at.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use portaria_domain::notification_endpoint::Outcome;
use portaria_domain::outbound::OutboundPolicy;
use portaria_entity::notification_delivery::NotificationProblem;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, StatusCode, redirect};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);

/// A client for endpoints.
pub struct EndpointClient {
    policy: Arc<OutboundPolicy>,
    client: OnceLock<Client>,
}

/// That a name stands for no address that something may be sent to.
#[derive(Debug, thiserror::Error)]
#[error("{0} stands for no address that something is sent to")]
struct Withheld(String);

impl EndpointClient {
    pub fn new(policy: Arc<OutboundPolicy>) -> Self {
        Self { policy, client: OnceLock::new() }
    }

    /// Made when it is first needed: it wants the process's TLS provider.
    fn client(&self) -> reqwest::Result<&Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .no_proxy()
            .referer(false)
            .pool_max_idle_per_host(0)
            .user_agent(concat!("Portaria/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Resolver(self.policy.clone())))
            .build()?;
        Ok(self.client.get_or_init(|| client))
    }

    pub async fn send(&self, address: &str, headers: HeaderMap, body: String) -> Outcome {
        // Asked once more: what was permitted when it was configured may be so no longer.
        let Some(url) = self.policy.permit(address) else {
            return failed(NotificationProblem::ForbiddenAddress);
        };
        let client = match self.client() {
            Ok(client) => client,
            Err(error) => {
                tracing::error!(%error, "no client for endpoints can be made");
                return failed(NotificationProblem::Unreachable);
            }
        };
        match client.post(url).headers(headers).body(body).send().await {
            Ok(answer) => outcome(answer.status(), answer.headers()),
            Err(error) => failed(problem(&error)),
        }
    }
}

fn failed(problem: NotificationProblem) -> Outcome {
    Outcome::Failed { problem, answered: None, wait: None }
}

fn outcome(status: StatusCode, headers: &HeaderMap) -> Outcome {
    let answered = status.as_u16();
    let problem = match status {
        _ if status.is_success() => return Outcome::Taken { answered },
        StatusCode::GONE => NotificationProblem::Gone,
        _ if status.is_redirection() => NotificationProblem::Redirected,
        _ => NotificationProblem::Refused,
    };
    let wait = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Outcome::Failed { problem, answered: Some(answered), wait: wait.map(Duration::from_secs) }
}

fn problem(error: &reqwest::Error) -> NotificationProblem {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<Withheld>() {
            return NotificationProblem::ForbiddenAddress;
        }
        cause = error.source();
    }
    if error.is_timeout() { NotificationProblem::TimedOut } else { NotificationProblem::Unreachable }
}

/// Resolves names, and withholds what a name must not stand for: nobody makes Portaria ask its own network.
struct Resolver(Arc<OutboundPolicy>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let permitted: Vec<SocketAddr> =
                found.filter(|address| policy.permits(name.as_str(), address.ip())).collect();
            if permitted.is_empty() {
                return Err(Withheld(name.as_str().to_owned()).into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}
