//! What an operator sets about the front door.

use std::time::Duration;

use http::Uri;

/// Settings that all surfaces share.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where browsers reach this server: links, cookies, the origin check.
    pub public_url: PublicUrl,
    /// `host:port` on which the server listens; also a valid `Host` of cookie requests.
    pub listen: Option<String>,
    /// Which rate limits hold.
    pub rate_limits: RateLimits,
    /// Time without a message after which a stream of the workflow API tells that it lives; below 5 s.
    pub heartbeat: Duration,
    /// Origins whose pages may call the workflow API, as browsers write them.
    pub cors_origins: Vec<String>,
}

/// What is counted: requests of sessions of members, personal access tokens, keys of flows and of the treasury; executions and
/// uploads by share links; new payment runs of a key; wrong keys of one address; management keys of placements; resolves, events and
/// error reports of an SDK key, and requests of one client address of the SDK; keys of agents; keys of workflows, and requests of one
/// client address without such a key.
pub const RATE_KINDS: [&str; 17] = [
    "member",
    "token",
    "flows",
    "share",
    "share-file",
    "treasury",
    "payment-runs",
    "treasury-wrong-keys",
    "placements",
    "sdk-resolve",
    "sdk-events",
    "sdk-errors",
    "sdk-address",
    "agents",
    "workflows",
    "workflows-address",
    "inbound",
];

/// The usual [`Settings::heartbeat`].
pub const HEARTBEAT: Duration = Duration::from_secs(3);

/// Rate limits of credentials.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RateLimits {
    /// As the contracts and the keys say.
    #[default]
    On,
    /// None.
    Off,
    /// Other numbers a minute for some of [`RATE_KINDS`] instead of the usual ones; 0 is no limit.
    PerMinute(Vec<(String, u32)>),
}

/// The public URL, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    /// Scheme, host and, unless it is the scheme's own, port: as a browser writes it into `Origin`.
    pub origin: String,
    /// Host with its port as in `Host`.
    pub authority: String,
    /// Whether it is https: cookies are `Secure` then.
    pub secure: bool,
}

impl PublicUrl {
    /// Reads `http://…` or `https://…` without path, query and user.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.trim_end_matches('/').parse().ok()?;
        let secure = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority()?.as_str().to_ascii_lowercase();
        if authority.contains('@') || !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return None;
        }
        let (scheme, own_port) = if secure { ("https", ":443") } else { ("http", ":80") };
        let authority = authority.strip_suffix(own_port).unwrap_or(&authority).to_owned();
        Some(Self { origin: format!("{scheme}://{authority}"), authority, secure })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_urls_become_origins() {
        for (text, expected) in [
            ("http://127.0.0.1:8700", Some("http://127.0.0.1:8700")),
            ("https://Floe.example:443/", Some("https://floe.example")),
            ("http://[::1]:80", Some("http://[::1]")),
            ("ftp://floe.example", None),
            ("https://floe.example/path", None),
            ("https://u:p@floe.example", None),
            ("floe.example", None),
        ] {
            assert_eq!(PublicUrl::parse(text).map(|url| url.origin).as_deref(), expected, "{text}");
        }
    }
}
