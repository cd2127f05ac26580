//! Meta's Graph API, as far as Portaria calls it: one place that knows its address, its token and the form of its answers.

mod error;

use std::time::Duration;

use portaria_domain::Installation;
use portaria_entity::channel;
use reqwest::{Method, Response, StatusCode, redirect};
use serde_json::Value;
use url::Url;

pub use error::{CallError, CloudApiConfigError, GraphError};

/// Longer answers are none that Meta gives.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;
/// How long a connection may take to be there: nothing has been asked until then.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the Graph API is, and how long it may take.
#[derive(Clone, Debug)]
pub struct CloudApiOptions {
    /// `https://graph.facebook.com`, or a simulator on this machine.
    pub base_url: String,
    /// `v23.0`.
    pub version: String,
    /// After so long an answer is not waited for any more.
    pub timeout: Duration,
}

impl Default for CloudApiOptions {
    fn default() -> Self {
        Self {
            base_url: "https://graph.facebook.com".to_owned(),
            version: "v23.0".to_owned(),
            timeout: Duration::from_secs(30),
        }
    }
}

impl CloudApiOptions {
    /// The address of everything, with the version. TLS everywhere but on this machine.
    pub fn root(&self) -> Result<Url, CloudApiConfigError> {
        let (major, minor) =
            self.version.strip_prefix('v').and_then(|rest| rest.split_once('.')).unwrap_or_default();
        let numeric = |text: &str| !text.is_empty() && text.bytes().all(|one| one.is_ascii_digit());
        if !numeric(major) || !numeric(minor) {
            return Err(CloudApiConfigError::Version);
        }
        let mut root = Url::parse(&self.base_url).map_err(|_| CloudApiConfigError::Address)?;
        let is_here = match root.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if root.scheme() != "https" && !(root.scheme() == "http" && is_here) {
            return Err(CloudApiConfigError::Insecure);
        }
        let path = format!("{}/{}/", root.path().trim_end_matches('/'), self.version);
        root.set_path(&path);
        Ok(root)
    }
}

/// A token as it goes along; no log line shows it.
pub struct AccessToken(String);

impl AccessToken {
    /// The token of a number; none where it has none.
    pub fn of(
        installation: &Installation,
        channel: &channel::Model,
    ) -> portaria_domain::Result<Option<Self>> {
        let token = portaria_domain::channel::access_token(installation, channel)?;
        Ok(token.map(|token| Self(token.to_string())))
    }
}

/// Calls the Graph API. Cheap to clone.
#[derive(Clone, Debug)]
pub struct CloudApi {
    http: reqwest::Client,
    root: Url,
    timeout: Duration,
}

impl CloudApi {
    pub fn new(options: &CloudApiOptions) -> Result<Self, CloudApiConfigError> {
        let root = options.root()?;
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("Portaria/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .build()
            .map_err(CloudApiConfigError::Client)?;
        Ok(Self { http, root, timeout: options.timeout })
    }

    /// A request to a path below the version (`1234/messages?limit=10`), with the token; for what is not JSON both ways.
    pub fn request(
        &self,
        token: &AccessToken,
        method: Method,
        path: &str,
    ) -> Result<reqwest::RequestBuilder, CallError> {
        let address = self.root.join(path).map_err(|_| CallError::unsent("the path is no path"))?;
        Ok(self.http.request(method, address).bearer_auth(&token.0))
    }

    /// A request to an address that Meta gave, with the token. Only where Meta is, so that the token goes nowhere else.
    pub fn fetch(&self, token: &AccessToken, address: &str) -> Result<reqwest::RequestBuilder, CallError> {
        let address =
            Url::parse(address).map_err(|_| CallError::unsent("Meta gave an address that is none"))?;
        let is_metas = address.scheme() == "https"
            && address.host_str().is_some_and(|host| {
                ["fbsbx.com", "facebook.com", "fbcdn.net", "whatsapp.net"]
                    .iter()
                    .any(|known| host == *known || host.ends_with(&format!(".{known}")))
            });
        if !is_metas && address.origin() != self.root.origin() {
            return Err(CallError::unsent("Meta gave an address that is not its own"));
        }
        Ok(self.http.get(address).bearer_auth(&token.0))
    }

    /// Asks, and reads the answer's JSON.
    pub async fn call(
        &self,
        token: &AccessToken,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, CallError> {
        let mut request = self.request(token, method, path)?;
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.timeout(self.timeout).send().await.map_err(CallError::of_transport)?;
        Self::read(response).await
    }

    /// An answer that should be JSON. What is neither that nor an error of Meta's leaves open what was done.
    pub async fn read(response: Response) -> Result<Value, CallError> {
        let status = response.status();
        let retry_after = error::retry_after(response.headers());
        let bytes = bounded(response).await?;
        let value: Option<Value> = serde_json::from_slice(&bytes).ok();
        match value {
            Some(value) if status.is_success() && value.get("error").is_none() => Ok(value),
            Some(value) => match GraphError::read(status, retry_after, &value) {
                Some(refusal) => Err(CallError::Refused(refusal)),
                None => Err(of_status(status, retry_after)),
            },
            None => Err(of_status(status, retry_after)),
        }
    }
}

/// What an answer without an error in Meta's form says: 429 and 4xx came from before anything was done.
fn of_status(status: StatusCode, retry_after: Option<Duration>) -> CallError {
    if status.is_client_error() {
        return CallError::Refused(GraphError::bare(status, retry_after));
    }
    CallError::uncertain(format!("the answer was {status} and not what Meta answers"))
}

async fn bounded(mut response: Response) -> Result<Vec<u8>, CallError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(CallError::of_transport)? {
        if bytes.len() + chunk.len() > LONGEST_ANSWER {
            return Err(CallError::uncertain("the answer does not end"));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_has_tls_or_is_on_this_machine() {
        let root = |base_url: &str, version: &str| {
            let options = CloudApiOptions {
                base_url: base_url.to_owned(),
                version: version.to_owned(),
                ..CloudApiOptions::default()
            };
            options.root().map(String::from)
        };
        assert_eq!(root("https://graph.facebook.com", "v23.0").unwrap(), "https://graph.facebook.com/v23.0/");
        assert_eq!(root("http://127.0.0.1:9009/", "v26.0").unwrap(), "http://127.0.0.1:9009/v26.0/");
        assert!(root("http://graph.facebook.com", "v23.0").is_err());
        assert!(root("ftp://127.0.0.1", "v23.0").is_err() && root("graph", "v23.0").is_err());
        for version in ["23.0", "v23", "v.0", "latest", "v23.0/../x"] {
            assert!(root("https://graph.facebook.com", version).is_err(), "{version}");
        }
    }

    #[test]
    fn a_token_goes_to_meta_only() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let api = CloudApi::new(&CloudApiOptions::default()).unwrap();
        let token = AccessToken("secret".to_owned());
        assert!(
            api.fetch(&token, "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1").is_ok()
        );
        for address in [
            "https://fbsbx.com.evil.example/1",
            "http://lookaside.fbsbx.com/1",
            "https://evil.example/",
            "no",
        ] {
            assert!(api.fetch(&token, address).is_err(), "{address}");
        }
    }
}
