//! Whose address counts: the peer's, or the one that a trusted proxy forwarded.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use axum::http::HeaderMap;

/// A network in CIDR form (`10.0.0.0/8`, `::1`); an address alone is a network of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    prefix_bits: u8,
}

impl Network {
    /// Whether the address lies in the network. An IPv4 address in mapped form counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(other)) => {
                same_prefix(u128::from(base.to_bits()) << 96, u128::from(other.to_bits()) << 96, self.prefix_bits)
            }
            (IpAddr::V6(base), IpAddr::V6(other)) => same_prefix(base.to_bits(), other.to_bits(), self.prefix_bits),
            _ => false,
        }
    }
}

fn same_prefix(left: u128, right: u128, bits: u8) -> bool {
    bits == 0 || (left ^ right) >> (128 - u32::from(bits)) == 0
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let base: IpAddr = address.parse().map_err(|_| format!("\"{text}\" is not an address or network"))?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match prefix {
            None => most,
            Some(digits) => digits
                .parse()
                .ok()
                .filter(|bits| *bits <= most)
                .ok_or_else(|| format!("\"{text}\" has a prefix outside 0 to {most}"))?,
        };
        Ok(Self { base, prefix_bits })
    }
}

/// Networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[Network]>);

impl TrustedProxies {
    /// Trusts proxies in the given networks only.
    #[must_use]
    pub fn new(networks: &[Network]) -> Self {
        Self(networks.into())
    }

    /// The client's address: the last forwarded one that is not a trusted proxy itself, or the peer's.
    #[must_use]
    pub fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> SocketAddr {
        if !self.trusts(peer.ip()) {
            return SocketAddr::new(peer.ip().to_canonical(), peer.port());
        }
        let lines = headers.get_all("x-forwarded-for").iter().rev().filter_map(|line| line.to_str().ok());
        for hop in lines.flat_map(|line| line.rsplit(',')) {
            let Some(address) = parse_hop(hop.trim()) else { break };
            if !self.trusts(address) {
                return SocketAddr::new(address, 0);
            }
        }
        peer
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// An address with or without a port, as proxies write it.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests;
