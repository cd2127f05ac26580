//! The address a request comes from. What a proxy's header says of it counts only from a configured proxy.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::ApiState;

/// The client's address; none when the server was not told (in tests without a socket).
pub struct ClientAddress(pub Option<IpAddr>);

impl FromRequestParts<Arc<ApiState>> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<ApiState>) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
        Ok(Self(peer.map(|peer| behind_proxies(peer, &parts.headers, &state.options.trusted_proxies))))
    }
}

/// The nearest address in `X-Forwarded-For`, from the right, that is not a trusted proxy's.
fn behind_proxies(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let mut nearest = peer;
    let mut hops: Vec<&str> = Vec::new();
    for value in headers.get_all("x-forwarded-for") {
        hops.extend(value.to_str().unwrap_or_default().split(','));
    }
    for hop in hops.iter().rev() {
        if !trusted.contains(&nearest) {
            break;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(address) => nearest = address.to_canonical(),
            Err(_) => break,
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_counts_only_from_a_trusted_proxy() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "203.0.113.9, 198.51.100.4".parse().unwrap());
        headers.append("x-forwarded-for", "10.0.0.2".parse().unwrap());
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let proxies = [address("10.0.0.1"), address("10.0.0.2")];
        assert_eq!(behind_proxies(address("192.0.2.7"), &headers, &proxies), address("192.0.2.7"));
        assert_eq!(behind_proxies(address("10.0.0.1"), &headers, &[]), address("10.0.0.1"));
        assert_eq!(behind_proxies(address("10.0.0.1"), &headers, &proxies), address("198.51.100.4"));
    }
}
