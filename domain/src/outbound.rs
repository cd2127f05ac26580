//! To which addresses Portaria sends something because somebody in a workspace said so: public ones by TLS, and what else
//! the operator allows. What a name stands for is asked again when it is resolved.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Url;

/// Which addresses may be asked or told something.
#[derive(Clone, Debug, Default)]
pub struct OutboundPolicy {
    /// Whether services on this machine may be, and without TLS.
    pub allow_http_loopback: bool,
    /// Names that may stand for addresses of a private network.
    pub private_hosts: Vec<String>,
}

impl OutboundPolicy {
    /// The address, if it is one of those. What a name stands for is looked at when it is resolved.
    pub fn permit(&self, address: &str) -> Option<Url> {
        let url = Url::parse(address).ok()?;
        let host = url.host_str()?;
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        let loopback = host == "localhost" || literal.is_some_and(|address| address.is_loopback());
        let fits = url.username().is_empty()
            && url.password().is_none()
            && (url.scheme() == "https" || url.scheme() == "http" && loopback && self.allow_http_loopback)
            && literal.is_none_or(|address| self.permits(host, address));
        fits.then_some(url)
    }

    /// Whether a host may be at this address.
    pub fn permits(&self, host: &str, address: IpAddr) -> bool {
        let address = address.to_canonical();
        if address.is_loopback() {
            return self.allow_http_loopback;
        }
        is_public(address) || self.private_hosts.iter().any(|one| one.eq_ignore_ascii_case(host))
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || a >= 224
        || (a, b & 0xc0) == (100, 64)
        || (a, b, c) == (192, 0, 0)
        || (a, b & 0xfe) == (198, 18))
}

/// Of the one block that is in use, without what stands for an IPv4 address or for documentation.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    a & 0xe000 == 0x2000 && !matches!((a, b), (0x2001, 0 | 0xdb8) | (0x2002, _))
}
