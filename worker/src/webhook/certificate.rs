//! What a trusted proxy says of the certificate that its client showed. Meta shows one to who asks (mutual TLS); the proxy
//! has checked its chain, and passes its subject on in a header.

use std::net::IpAddr;

use axum::http::HeaderMap;

/// Whether, and in which header, a proxy tells of client certificates.
#[derive(Clone, Debug, Default)]
pub struct ClientCertificate {
    /// Name of the header; without one nothing is looked at.
    pub header: Option<String>,
    /// The common name that it must have.
    pub name: String,
    /// Whether deliveries without it are refused.
    pub required: bool,
    /// Only what these say counts.
    pub trusted_proxies: Vec<IpAddr>,
}

/// What is known of the client's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// Nobody who is trusted said anything.
    Nothing,
    /// It is the one that Meta shows.
    Expected,
    /// It is another.
    Other,
}

impl ClientCertificate {
    /// Whether a delivery may be taken in as far as its client's certificate goes.
    pub(super) fn admits(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> bool {
        match self.shown(peer, headers) {
            Shown::Expected => true,
            Shown::Nothing => !self.required,
            Shown::Other => false,
        }
    }

    fn shown(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Shown {
        let Some(header) = &self.header else { return Shown::Nothing };
        if !peer.is_some_and(|peer| self.trusted_proxies.contains(&peer)) {
            return Shown::Nothing;
        }
        let mut values = headers.get_all(header.as_str()).iter();
        match (values.next(), values.next()) {
            (None, _) => Shown::Nothing,
            // A proxy sets one; a second one came from its client.
            (Some(_), Some(_)) => Shown::Other,
            (Some(value), None) => match value.to_str().unwrap_or_default() {
                "" => Shown::Nothing,
                subject if common_name(subject) == Some(self.name.as_str()) => Shown::Expected,
                _ => Shown::Other,
            },
        }
    }
}

/// The common name in a distinguished name, as RFC 2253 or as OpenSSL writes it (`/C=US/CN=...`).
fn common_name(subject: &str) -> Option<&str> {
    subject.split([',', '/']).map(str::trim).find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case("cn").then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn shown(peer: &str, values: &[&str]) -> Shown {
        let certificate = ClientCertificate {
            header: Some("x-amzn-mtls-clientcert-subject".to_owned()),
            name: "client.webhooks.fbclientcerts.com".to_owned(),
            required: true,
            trusted_proxies: vec![PROXY.parse().unwrap()],
        };
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("X-Amzn-Mtls-Clientcert-Subject", value.parse().unwrap());
        }
        certificate.shown(peer.parse().ok(), &headers)
    }

    #[test]
    fn a_subject_counts_from_a_trusted_proxy_alone() {
        let metas = "CN=client.webhooks.fbclientcerts.com,O=Meta Platforms\\, Inc.,L=Menlo Park,C=US";
        assert_eq!(shown(PROXY, &[metas]), Shown::Expected);
        assert_eq!(shown(PROXY, &["/C=US/O=Meta/CN=client.webhooks.fbclientcerts.com"]), Shown::Expected);
        assert_eq!(shown("192.0.2.1", &[metas]), Shown::Nothing);
        assert_eq!(shown(PROXY, &[]), Shown::Nothing);
        assert_eq!(shown(PROXY, &["CN=evil.example,O=client.webhooks.fbclientcerts.com"]), Shown::Other);
        assert_eq!(shown(PROXY, &[metas, metas]), Shown::Other);
    }
}
