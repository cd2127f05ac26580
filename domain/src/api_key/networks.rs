//! The addresses that a key may be used from.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use portaria_entity::api_key;
use portaria_entity::id::ApiKeyId;
use serde_json::json;

use super::changeable;
use crate::error::{Refusal, Result};
use crate::granting::Change;

/// More than that is a list nobody looks through.
const MOST: usize = 50;

/// Networks in CIDR notation; none: from anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Each an address or a network of IPv4 or IPv6.
    pub fn parse(texts: &[String]) -> std::result::Result<Self, Refusal> {
        if texts.len() > MOST {
            return Err(Refusal::TooMany);
        }
        let each = texts.iter().map(|text| network(text.trim()).ok_or(Refusal::InvalidAddress));
        each.collect::<std::result::Result<_, _>>().map(Self)
    }

    /// As a row has it. What cannot be read lets nobody in.
    pub(crate) fn stored(text: &str) -> Self {
        let nowhere = "255.255.255.255/32";
        let read = |text: &str| network(text).or_else(|| network(nowhere));
        Self(text.split_whitespace().filter_map(read).collect())
    }

    /// Whether a client at this address may use the key. Without an address only one that is tied to none.
    pub fn admit(&self, address: &str) -> bool {
        self.0.is_empty()
            || address.parse::<IpAddr>().is_ok_and(|address| {
                let address = address.to_canonical();
                self.0.iter().any(|network| network.contains(&address))
            })
    }

    pub fn iter(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(ToString::to_string)
    }
}

impl fmt::Display for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iter().collect::<Vec<_>>().join(" "))
    }
}

/// An IPv4 network in the clothes of IPv6 would match no client, whose addresses are compared without them.
fn network(text: &str) -> Option<IpNet> {
    let network = match text.parse::<IpNet>() {
        Ok(network) => network.trunc(),
        Err(_) => IpNet::from(text.parse::<IpAddr>().ok()?.to_canonical()),
    };
    match network {
        IpNet::V6(v6) if v6.addr().to_ipv4_mapped().is_some() => None,
        network => Some(network),
    }
}

/// What stays of an address when a provider gives out another: 24 bits of IPv4, 48 of IPv6. None: not an address.
pub(super) fn around(address: &str) -> Option<String> {
    let address = address.parse::<IpAddr>().ok()?.to_canonical();
    let bits = if address.is_ipv4() { 24 } else { 48 };
    IpNet::new(address, bits).ok().map(|network| network.trunc().to_string())
}

/// Sets where a key may be used from, in force at once.
pub async fn set_addresses(
    change: &mut Change<'_>,
    id: ApiKeyId,
    addresses: &[String],
) -> Result<api_key::Model> {
    let mut key = changeable(change, id).await?;
    let networks = Networks::parse(addresses)?.to_string();
    let sql = "UPDATE api_keys SET allowed_addresses = $3 WHERE workspace_id = $1 AND id = $2";
    change.execute(sql, [id.0.into(), networks.clone().into()]).await?;
    let told = |addresses: &str| Some(json!({ "name": key.name, "allowedAddresses": addresses }));
    let values = (told(&key.allowed_addresses), told(&networks));
    change.record("api_key.addresses_set", id, values).await?;
    key.allowed_addresses = networks;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(texts: &[&str]) -> std::result::Result<Networks, Refusal> {
        Networks::parse(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn networks_admit_what_lies_in_them() {
        let some = networks(&["198.51.100.7", "10.1.2.3/8", "2001:db8::/32"]).unwrap();
        assert_eq!(some.to_string(), "198.51.100.7/32 10.0.0.0/8 2001:db8::/32");
        for inside in ["198.51.100.7", "10.255.0.1", "2001:db8:7::1", "::ffff:10.0.0.1"] {
            assert!(some.admit(inside), "{inside}");
        }
        for outside in ["198.51.100.8", "11.0.0.1", "2001:db9::1", "", "10.0.0.1, 192.0.2.1", "localhost"] {
            assert!(!some.admit(outside), "{outside}");
        }
        assert!(networks(&[]).unwrap().admit("") && networks(&[]).unwrap().admit("192.0.2.1"));
        assert_eq!(Networks::stored(&some.to_string()), some);
        assert!(!Networks::stored("garbage").admit("192.0.2.1"), "closed when it cannot be read");
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in
            ["", "10.0.0.0/33", "10.0.0", "example.com", "*", "::ffff:10.0.0.0/104", "10.0.0.1-10.0.0.9"]
        {
            assert_eq!(networks(&[text]), Err(Refusal::InvalidAddress), "{text}");
        }
        let many = vec!["10.0.0.1".to_owned(); MOST + 1];
        assert_eq!(Networks::parse(&many), Err(Refusal::TooMany));
    }
}
