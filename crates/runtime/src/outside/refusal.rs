//! Why a URL or an address is not called.

use std::fmt;

/// The reason for which a URL, a host or an address is refused before any byte leaves the machine.
///
/// [`Refusal::code`] is stable: it may be stored, shown and matched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Longer than [`super::URL_BYTES_MAX`].
    TooLong,
    /// A control character, or white space at either end. Parsers disagree on what these mean.
    ControlCharacter,
    /// A backslash. Some parsers read it as a slash, others as part of the host.
    Backslash,
    /// Not an absolute URL with a host.
    Malformed,
    /// A scheme other than http and https.
    Scheme,
    /// A user name or password in the URL.
    Userinfo,
    /// A host name that stands for this machine, its network or a metadata service.
    HostName,
    /// A port on which other protocols than HTTP are spoken.
    Port,
    /// A redirect from https to http.
    Downgrade,
    /// An address that is not on the public internet.
    Address(AddressBlock),
}

/// The special-purpose block an address lies in (IANA IPv4 and IPv6 special-purpose address registries).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressBlock {
    /// `0.0.0.0/8`, `::`.
    Unspecified,
    /// `127.0.0.0/8`, `::1`.
    Loopback,
    /// `10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16`, `fc00::/7`, `fec0::/10`.
    Private,
    /// `100.64.0.0/10`, shared by the customers of one carrier.
    Shared,
    /// `169.254.0.0/16`, `fe80::/10`; clouds serve their metadata here.
    LinkLocal,
    /// A cloud's control address that lies outside the blocks above.
    Metadata,
    /// Multicast and limited broadcast.
    Multicast,
    /// An IPv6 form that carries an IPv4 address through a translator or tunnel.
    Translated,
    /// Documentation, benchmarking, protocol assignments and everything not yet given out.
    Reserved,
}

impl Refusal {
    /// Stable, short code, for example `loopback`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Refusal::TooLong => "url_too_long",
            Refusal::ControlCharacter => "control_character",
            Refusal::Backslash => "backslash",
            Refusal::Malformed => "malformed",
            Refusal::Scheme => "scheme",
            Refusal::Userinfo => "userinfo",
            Refusal::HostName => "host_name",
            Refusal::Port => "port",
            Refusal::Downgrade => "downgrade",
            Refusal::Address(block) => block.code(),
        }
    }

    /// True if the URL itself is at fault; false if it is well formed but leads where calls may not go.
    #[must_use]
    pub fn is_malformed(self) -> bool {
        match self {
            Refusal::TooLong
            | Refusal::ControlCharacter
            | Refusal::Backslash
            | Refusal::Malformed
            | Refusal::Scheme
            | Refusal::Userinfo => true,
            Refusal::HostName | Refusal::Port | Refusal::Downgrade | Refusal::Address(_) => false,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::TooLong => "the URL is too long",
            Refusal::ControlCharacter => "the URL has a control character, or a space at its start or end",
            Refusal::Backslash => "the URL has a backslash",
            Refusal::Malformed => "this is not an absolute URL with a host",
            Refusal::Scheme => "only http and https URLs can be called",
            Refusal::Userinfo => "the URL has a user name or password; send them in a header",
            Refusal::HostName => "the host name stands for a private or local machine",
            Refusal::Port => "this port is not used for HTTP",
            Refusal::Downgrade => "a redirect from https to http is not followed",
            Refusal::Address(block) => return write!(f, "the address is {}", block.describe()),
        })
    }
}

impl AddressBlock {
    fn code(self) -> &'static str {
        match self {
            AddressBlock::Unspecified => "unspecified",
            AddressBlock::Loopback => "loopback",
            AddressBlock::Private => "private",
            AddressBlock::Shared => "shared",
            AddressBlock::LinkLocal => "link_local",
            AddressBlock::Metadata => "metadata",
            AddressBlock::Multicast => "multicast",
            AddressBlock::Translated => "translated",
            AddressBlock::Reserved => "reserved",
        }
    }

    fn describe(self) -> &'static str {
        match self {
            AddressBlock::Unspecified => "unspecified",
            AddressBlock::Loopback => "this machine itself",
            AddressBlock::Private => "in a private network",
            AddressBlock::Shared => "in a carrier's shared network",
            AddressBlock::LinkLocal => "link-local",
            AddressBlock::Metadata => "a cloud metadata service",
            AddressBlock::Multicast => "multicast or broadcast",
            AddressBlock::Translated => "an IPv4 address in a translated form",
            AddressBlock::Reserved => "reserved",
        }
    }
}
