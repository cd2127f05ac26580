//! Asking providers over HTTP: over TLS, at public addresses, without following redirects, for so long and so much.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Url, redirect};
use tokio::sync::Semaphore;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Up to four questions are asked within one request of a browser's.
const TIMEOUT: Duration = Duration::from_secs(5);
/// A discovery document has some kilobytes, and so have keys and tokens.
const LARGEST: usize = 512 * 1024;
/// Questions under way at once. Anybody may begin to sign in.
const AT_ONCE: usize = 32;
/// How many of them at one host: a provider that lets Portaria wait keeps nobody from the others.
const AT_ONE_HOST: usize = 8;

/// Which providers may be asked.
pub use portaria_domain::outbound::OutboundPolicy as SingleSignOnOptions;

/// Why a provider could not be asked, or what is wrong with how it answered.
#[derive(Debug, thiserror::Error)]
pub enum Unreachable {
    #[error("{0} is not an address that providers may have")]
    Forbidden(String),
    #[error("too many providers are being asked")]
    Busy,
    #[error("{0}")]
    Failed(#[from] reqwest::Error),
    #[error("it redirects")]
    Redirects,
    #[error("its answer is longer than {LARGEST} bytes")]
    TooLong,
    #[error("its answer is not what it should be: {0}")]
    Malformed(String),
}

/// A client for providers.
pub struct Outbound {
    options: Arc<SingleSignOnOptions>,
    client: OnceLock<Client>,
    running: Semaphore,
    hosts: Mutex<HashMap<String, usize>>,
}

impl Outbound {
    pub fn new(options: SingleSignOnOptions) -> Self {
        Self {
            options: Arc::new(options),
            client: OnceLock::new(),
            running: Semaphore::new(AT_ONCE),
            hosts: Mutex::default(),
        }
    }

    /// Refuses an address that is not to be asked. What a name stands for is looked at when it is resolved.
    pub fn permit(&self, url: &str) -> Result<Url, Unreachable> {
        let forbidden = || Unreachable::Forbidden(url.chars().take(200).collect());
        self.options.permit(url).ok_or_else(forbidden)
    }

    /// Made when it is first needed: it wants the process's TLS provider.
    fn client(&self) -> Result<&Client, Unreachable> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .no_proxy()
            .referer(false)
            .user_agent("Portaria")
            .dns_resolver(Arc::new(Resolver(self.options.clone())))
            .build()?;
        Ok(self.client.get_or_init(|| client))
    }

    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Unreachable> {
        let url = self.permit(&request.uri().to_string())?;
        let _at_host = self.place_at(url.host_str().unwrap_or_default())?;
        let _running = self.running.try_acquire().map_err(|_| Unreachable::Busy)?;
        let mut response = self.client()?.execute(request.try_into()?).await?;
        if response.status().is_redirection() {
            return Err(Unreachable::Redirects);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > LARGEST {
                return Err(Unreachable::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = HttpResponse::new(body);
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }

    /// One of the places that a host may take.
    fn place_at(&self, host: &str) -> Result<Place<'_>, Unreachable> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = hosts.entry(host.to_owned()).or_insert(0);
        if *taken >= AT_ONE_HOST {
            return Err(Unreachable::Busy);
        }
        *taken += 1;
        Ok(Place { hosts: &self.hosts, host: host.to_owned() })
    }

    /// A document of JSON, perhaps for who has an access token.
    pub async fn get<T: serde::de::DeserializeOwned>(
        &self,
        url: &str,
        bearer: Option<&str>,
    ) -> Result<T, Unreachable> {
        let malformed = |what: &dyn std::fmt::Display| Unreachable::Malformed(what.to_string());
        let mut request = openidconnect::http::Request::get(url).header("accept", "application/json");
        if let Some(token) = bearer {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Vec::new()).map_err(|failure| malformed(&failure))?;
        let answer = self.send(request).await?;
        if answer.status() != 200 {
            return Err(malformed(&answer.status()));
        }
        serde_json::from_slice(answer.body()).map_err(|failure| malformed(&failure))
    }
}

/// A question under way at a host.
struct Place<'a> {
    hosts: &'a Mutex<HashMap<String, usize>>,
    host: String,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = hosts.get_mut(&self.host) {
            *taken -= 1;
            if *taken == 0 {
                hosts.remove(&self.host);
            }
        }
    }
}

impl<'c> AsyncHttpClient<'c> for Outbound {
    type Error = Unreachable;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Unreachable>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// Resolves names, and withholds what a name must not stand for: nobody makes Portaria ask its own network.
struct Resolver(Arc<SingleSignOnOptions>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let options = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let permitted: Vec<SocketAddr> =
                found.filter(|address| options.permits(name.as_str(), address.ip())).collect();
            if permitted.is_empty() {
                return Err(Unreachable::Forbidden(name.as_str().to_owned()).into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn outbound(allow_http_loopback: bool) -> Outbound {
        Outbound::new(SingleSignOnOptions {
            allow_http_loopback,
            private_hosts: vec!["keycloak.intern.example".to_owned()],
        })
    }

    #[test]
    fn a_host_that_lets_us_wait_keeps_nobody_from_the_others() {
        let outbound = outbound(false);
        let taken: Vec<_> = (0..AT_ONE_HOST).map(|_| outbound.place_at("slow.example").unwrap()).collect();
        assert!(matches!(outbound.place_at("slow.example"), Err(Unreachable::Busy)));
        let other = outbound.place_at("login.example").unwrap();
        drop((taken, other));
        assert!(outbound.hosts.lock().unwrap().is_empty(), "and nothing is kept of it");
        assert!(outbound.place_at("slow.example").is_ok());
    }

    #[test]
    fn only_public_addresses_with_tls_are_asked() {
        let strict = outbound(false);
        for good in ["https://login.example.com", "https://8.8.8.8/x", "https://[2606:4700::1]/"] {
            assert!(strict.permit(good).is_ok(), "{good}");
        }
        for bad in [
            "http://login.example.com",
            "ftp://login.example.com",
            "https://user:password@login.example.com",
            "http://localhost:1",
            "https://127.0.0.1",
            "https://2130706433",
            "https://0x7f.1",
            "https://0.0.0.0",
            "https://10.0.0.1",
            "https://100.64.0.1",
            "https://169.254.169.254/latest/meta-data",
            "https://172.16.0.1",
            "https://192.168.0.1",
            "https://198.18.0.1",
            "https://224.0.0.1",
            "https://255.255.255.255",
            "https://[::]",
            "https://[::1]",
            "https://[::ffff:10.0.0.1]",
            "https://[fc00::1]",
            "https://[fe80::1]",
            "https://[64:ff9b::a00:1]",
            "https://[2002:a00:1::]",
            "https://[2001:db8::1]",
            "not a url",
            "https://",
        ] {
            assert!(strict.permit(bad).is_err(), "{bad}");
        }
        let open = outbound(true);
        for good in ["http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1", "https://127.0.0.1"] {
            assert!(open.permit(good).is_ok(), "{good}");
        }
        for bad in ["http://login.example.com", "http://10.0.0.1", "https://10.0.0.1"] {
            assert!(open.permit(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_name_is_judged_by_what_it_stands_for() {
        let options =
            |allow| Arc::new(SingleSignOnOptions { allow_http_loopback: allow, ..Default::default() });
        let resolve = async |allow| {
            let name: Name = "localhost".parse().unwrap();
            Resolver(options(allow)).resolve(name).await.map(Iterator::count)
        };
        assert!(resolve(false).await.is_err());
        assert!(resolve(true).await.unwrap() > 0);
        let named = outbound(false).options.clone();
        let private = IpAddr::from([10, 0, 0, 1]);
        assert!(named.permits("Keycloak.intern.example", private));
        assert!(!named.permits("other.example", private));
        assert!(!named.permits("keycloak.intern.example", IpAddr::from([127, 0, 0, 1])));
    }
}
