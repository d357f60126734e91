//! Reads a URL and judges everything that can be judged without asking a name server.

use std::net::IpAddr;

use url::{Host, Url};

use super::address::{special_block, unmapped};
use super::allow::AllowList;
use super::host::{is_refused_port, is_special_name};
use super::refusal::{AddressBlock, Refusal};

/// Longest accepted URL, in bytes as written.
pub const URL_BYTES_MAX: usize = 16 * 1024;

/// A URL that may be called, as far as its text tells. Names are looked up and their addresses judged when the
/// connection is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    url: Url,
    host: TargetHost,
    port: u16,
    is_listed: bool,
}

/// What a connection is made to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TargetHost {
    /// An address written in the URL, already judged.
    Address(IpAddr),
    /// A name to look up.
    Name(String),
}

/// Reads `text` by the WHATWG rules and judges it.
///
/// # Errors
/// The [`Refusal`] that applies first. Text on which parsers are known to disagree (control characters, backslashes,
/// user names, missing slashes, percent signs in the host) is refused rather than interpreted.
pub fn judge(text: &str, allow: &AllowList) -> Result<Target, Refusal> {
    check_text(text)?;
    let url = Url::parse(text).map_err(|_| Refusal::Malformed)?;
    judge_parsed(url, allow)
}

fn judge_parsed(url: Url, allow: &AllowList) -> Result<Target, Refusal> {
    if url.scheme() != "http" && url.scheme() != "https" {
        return Err(Refusal::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::Userinfo);
    }
    if url.as_str().len() > URL_BYTES_MAX {
        return Err(Refusal::TooLong);
    }
    let port = url.port_or_known_default().ok_or(Refusal::Malformed)?;
    let host = match url.host().ok_or(Refusal::Malformed)? {
        Host::Domain(name) => TargetHost::Name(name.to_owned()),
        Host::Ipv4(v4) => TargetHost::Address(IpAddr::V4(v4)),
        Host::Ipv6(v6) => TargetHost::Address(unmapped(IpAddr::V6(v6))),
    };
    let is_listed = match &host {
        TargetHost::Address(address) => judge_address(*address, port, allow)?,
        TargetHost::Name(name) => judge_name(name, port, allow)?,
    };
    Ok(Target { url, host, port, is_listed })
}

impl Target {
    /// The URL that is called. Its fragment is never sent.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The host as the URL shows it: lower case, IPv6 in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The port, the scheme's own one if the URL names none.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// True for https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// True if the operator's list opens exactly this host and port, or this address. Callers that insist on https use
    /// it: listed targets may be plain http (console contract, section 8).
    #[must_use]
    pub fn is_listed(&self) -> bool {
        self.is_listed
    }

    pub(super) fn target_host(&self) -> &TargetHost {
        &self.host
    }
}

fn check_text(text: &str) -> Result<(), Refusal> {
    if text.len() > URL_BYTES_MAX {
        return Err(Refusal::TooLong);
    }
    if text.chars().any(char::is_control) || text.trim().len() != text.len() {
        return Err(Refusal::ControlCharacter);
    }
    if text.contains('\\') {
        return Err(Refusal::Backslash);
    }
    let (scheme, rest) = text.split_once(':').ok_or(Refusal::Malformed)?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(Refusal::Scheme);
    }
    let rest = rest.strip_prefix("//").ok_or(Refusal::Malformed)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(Refusal::Userinfo);
    }
    if authority.is_empty() || authority.contains('%') {
        return Err(Refusal::Malformed);
    }
    Ok(())
}

/// True if the operator's list opens this address.
fn judge_address(address: IpAddr, port: u16, allow: &AllowList) -> Result<bool, Refusal> {
    if port != 0 && allow.opens_address(address, port) {
        return Ok(true);
    }
    if let Some(block) = special_block(address) {
        return Err(Refusal::Address(block));
    }
    if is_refused_port(port) { Err(Refusal::Port) } else { Ok(false) }
}

/// True if the operator's list opens this name.
fn judge_name(name: &str, port: u16, allow: &AllowList) -> Result<bool, Refusal> {
    if port != 0 && allow.opens_name(name, port) {
        return Ok(true);
    }
    // The list may open the addresses behind the name: then the lookup decides, see `checked_addresses`.
    let may_be_listed = port != 0 && allow.opens_some_address(port);
    if is_special_name(name) && !may_be_listed {
        return Err(Refusal::HostName);
    }
    if is_refused_port(port) && !may_be_listed { Err(Refusal::Port) } else { Ok(false) }
}

/// Keeps those of the looked-up `answers` that may be dialled for `name` and `port`, without duplicates, in order.
///
/// # Errors
/// The refusal of the first answer, if none may be dialled. An empty answer gives `Ok` with an empty list.
pub fn checked_addresses(name: &str, port: u16, answers: &[IpAddr], allow: &AllowList) -> Result<Vec<IpAddr>, Refusal> {
    sifted(answers, |answer| judge_answer(name, port, answer, allow))
}

/// The answers that pass, without duplicates; the first refusal when none does.
fn sifted(answers: &[IpAddr], judge: impl Fn(IpAddr) -> Result<(), Refusal>) -> Result<Vec<IpAddr>, Refusal> {
    let mut accepted = Vec::new();
    let mut refusal = None;
    for answer in answers.iter().copied().map(unmapped) {
        match judge(answer) {
            Ok(()) if accepted.contains(&answer) => {}
            Ok(()) => accepted.push(answer),
            Err(reason) => {
                refusal.get_or_insert(reason);
            }
        }
    }
    match refusal {
        Some(reason) if accepted.is_empty() => Err(reason),
        _ => Ok(accepted),
    }
}

/// Whether a name may be looked up for a protocol other than HTTP.
///
/// # Errors
/// For a name that stands for a private machine, unless the operator's list may open it.
pub(super) fn checked_host(name: &str, port: u16, allow: &AllowList) -> Result<(), Refusal> {
    let may_be_listed = port != 0 && (allow.opens_name(name, port) || allow.opens_some_address(port));
    if is_special_name(name) && !may_be_listed { Err(Refusal::HostName) } else { Ok(()) }
}

/// As [`checked_addresses`], for a protocol that has ports of its own; without a name the addresses were written by people.
///
/// # Errors
/// As [`checked_addresses`].
pub(super) fn checked_wire_addresses(
    name: Option<&str>,
    port: u16,
    answers: &[IpAddr],
    allow: &AllowList,
) -> Result<Vec<IpAddr>, Refusal> {
    sifted(answers, |answer| match (name, special_block(answer)) {
        _ if allow.opens_address(answer, port) => Ok(()),
        (Some(name), _) => judge_named(name, port, answer, allow).map(drop),
        (None, Some(block)) => Err(Refusal::Address(block)),
        (None, None) => Ok(()),
    })
}

fn judge_answer(name: &str, port: u16, answer: IpAddr, allow: &AllowList) -> Result<(), Refusal> {
    let is_listed = judge_named(name, port, answer, allow)?;
    if is_refused_port(port) && !is_listed { Err(Refusal::Port) } else { Ok(()) }
}

/// True if the operator's list opens what a name led to.
fn judge_named(name: &str, port: u16, answer: IpAddr, allow: &AllowList) -> Result<bool, Refusal> {
    if allow.opens_address(answer, port) {
        return Ok(true);
    }
    let block = special_block(answer);
    if allow.opens_name(name, port) {
        // A listed name may be private. It may still not lead to a metadata service: whoever runs its name server is
        // not the operator. Those addresses have to be listed themselves.
        return match block {
            None | Some(AddressBlock::Loopback | AddressBlock::Private | AddressBlock::Shared) => Ok(true),
            Some(block) => Err(Refusal::Address(block)),
        };
    }
    if let Some(block) = block {
        return Err(Refusal::Address(block));
    }
    if is_special_name(name) { Err(Refusal::HostName) } else { Ok(false) }
}
