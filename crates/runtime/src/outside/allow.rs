//! The operator's list of targets that may be called although they are not public (`FLOE_OUTBOUND_ALLOW`, console
//! contract, section 8).

use std::net::{IpAddr, SocketAddr};

use thiserror::Error;
use url::Host;

use super::address::unmapped;

/// Most entries of one list.
pub const ENTRIES_MAX: usize = 256;

/// Hosts, addresses and networks that calls may reach although they are not public, also by plain http.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList {
    entries: Vec<Entry>,
}

/// An entry of the list that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AllowListError {
    /// Not `host:port`, `address:port` or a network.
    #[error("`{0}` is not `host:port`, `address:port` or a network such as `10.0.0.0/8`")]
    BadEntry(String),
    /// A network with bits set behind its prefix, such as `10.0.0.5/8`: most likely a slip.
    #[error("`{0}` has address bits behind the prefix length")]
    HostBits(String),
    /// More than [`ENTRIES_MAX`] entries.
    #[error("more than {ENTRIES_MAX} entries")]
    TooMany,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Name { host: String, port: u16 },
    Address { address: IpAddr, port: u16 },
    Network { first: IpAddr, prefix: u32 },
}

impl AllowList {
    /// Reads a list whose entries are separated by commas or white space: `host:port`, `192.168.1.5:8080`,
    /// `[fd00::1]:8080`, `10.0.0.0/8`, `fd00::/8`, or one address for all its ports.
    ///
    /// # Errors
    /// The first entry that cannot be read.
    pub fn parse(text: &str) -> Result<Self, AllowListError> {
        let words = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
        let entries = words.take(ENTRIES_MAX + 1).map(parse_entry).collect::<Result<Vec<_>, _>>()?;
        if entries.len() > ENTRIES_MAX {
            return Err(AllowListError::TooMany);
        }
        Ok(Self { entries })
    }

    /// True if `host` is listed by name with this port.
    #[must_use]
    pub fn opens_name(&self, host: &str, port: u16) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        self.entries
            .iter()
            .any(|entry| matches!(entry, Entry::Name { host: listed, port: p } if *p == port && listed == host))
    }

    /// True if this address is listed with this port, or lies in a listed network.
    #[must_use]
    pub fn opens_address(&self, address: IpAddr, port: u16) -> bool {
        let address = unmapped(address);
        self.entries.iter().any(|entry| match entry {
            Entry::Name { .. } => false,
            Entry::Address { address: listed, port: p } => *p == port && *listed == address,
            Entry::Network { first, prefix } => is_in_network(address, *first, *prefix),
        })
    }

    /// True if any address at all is open on this port, so that a name has to be looked up before it can be judged.
    #[must_use]
    pub fn opens_some_address(&self, port: u16) -> bool {
        self.entries.iter().any(|entry| match entry {
            Entry::Name { .. } => false,
            Entry::Address { port: p, .. } => *p == port,
            Entry::Network { .. } => true,
        })
    }
}

fn parse_entry(word: &str) -> Result<Entry, AllowListError> {
    let bad = || AllowListError::BadEntry(word.to_owned());
    if let Some((address, prefix)) = word.split_once('/') {
        let first: IpAddr = address.parse().map_err(|_| bad())?;
        let prefix: u32 = prefix.parse().map_err(|_| bad())?;
        return parse_network(word, first, prefix);
    }
    if let Ok(address) = word.parse::<IpAddr>() {
        let first = unmapped(address);
        return Ok(Entry::Network { first, prefix: width(first) });
    }
    if let Ok(socket) = word.parse::<SocketAddr>() {
        return Ok(Entry::Address { address: unmapped(socket.ip()), port: socket.port() });
    }
    let (host, port) = word.rsplit_once(':').ok_or_else(bad)?;
    let port: u16 = port.parse().ok().filter(|port| *port != 0).ok_or_else(bad)?;
    // The same reading of the host as in a URL, so that the two compare equal.
    match Host::parse(host.strip_suffix('.').unwrap_or(host)).map_err(|_| bad())? {
        Host::Domain(host) => Ok(Entry::Name { host, port }),
        Host::Ipv4(v4) => Ok(Entry::Address { address: IpAddr::V4(v4), port }),
        Host::Ipv6(_) => Err(bad()),
    }
}

fn parse_network(word: &str, first: IpAddr, prefix: u32) -> Result<Entry, AllowListError> {
    if prefix > width(first) {
        return Err(AllowListError::BadEntry(word.to_owned()));
    }
    let has_host_bits = match first {
        IpAddr::V4(v4) => v4.to_bits().checked_shl(prefix).unwrap_or(0) != 0,
        IpAddr::V6(v6) => v6.to_bits().checked_shl(prefix).unwrap_or(0) != 0,
    };
    if has_host_bits {
        return Err(AllowListError::HostBits(word.to_owned()));
    }
    Ok(Entry::Network { first, prefix })
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn is_in_network(address: IpAddr, first: IpAddr, prefix: u32) -> bool {
    match (address, first) {
        (IpAddr::V4(a), IpAddr::V4(n)) => (a.to_bits() ^ n.to_bits()).checked_shr(32 - prefix).unwrap_or(0) == 0,
        (IpAddr::V6(a), IpAddr::V6(n)) => (a.to_bits() ^ n.to_bits()).checked_shr(128 - prefix).unwrap_or(0) == 0,
        _ => false,
    }
}
