//! From the text of a setting to its value.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use floe_access::requests::BodyRule;
use floe_model::Mode;
use floe_model::access::credits::MILLI;
use floe_model::flows::cron::Cron;
use floe_runtime::outside::AllowList;
use floe_store::Role;
use floe_surfaces::http::RATE_KINDS;
use tracing_subscriber::EnvFilter;

use super::SettingsError;
use super::sources::Values;

/// Form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For a person.
    Text,
    /// One JSON object a line.
    Json,
}

/// Limits of requests a minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RateLimits {
    /// Each kind of credential as its contract says.
    On,
    /// None.
    Off,
    /// Other numbers for some kinds; 0 is no limit.
    PerMinute(Vec<(String, u32)>),
}

/// The files of a server that speaks TLS itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificate chain in PEM.
    pub cert: PathBuf,
    /// Private key in PEM.
    pub key: PathBuf,
}

/// Parses values one by one and keeps every problem.
pub(super) struct Parser<'a> {
    values: &'a Values,
    problems: Vec<String>,
}

impl<'a> Parser<'a> {
    pub(super) fn new(values: &'a Values) -> Self {
        Self { values, problems: Vec::new() }
    }

    /// A value that always has a text; `instead` stands in after a problem, which ends the start anyway.
    pub(super) fn required<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, String>, instead: T) -> T {
        match parse(self.values.text(name)) {
            Ok(value) => value,
            Err(problem) => {
                self.problem(name, &problem);
                instead
            }
        }
    }

    /// A value that may be absent.
    pub(super) fn optional<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = self.values.text(name);
        if text.is_empty() {
            return None;
        }
        parse(text).map_err(|problem| self.problem(name, &problem)).ok()
    }

    /// Values between commas.
    pub(super) fn list<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let items = self.values.text(name).split(',').map(str::trim).filter(|item| !item.is_empty());
        let parsed: Result<Vec<T>, String> = items.map(parse).collect();
        parsed.map_err(|problem| self.problem(name, &problem)).unwrap_or_default()
    }

    /// Certificate and key, which only make sense together.
    pub(super) fn tls_files(&mut self) -> Option<TlsFiles> {
        let (cert, key) = (self.optional("FLOE_TLS_CERT", path), self.optional("FLOE_TLS_KEY", path));
        match (cert, key) {
            (Some(cert), Some(key)) => return Some(TlsFiles { cert, key }),
            (Some(_), None) => self.problem("FLOE_TLS_KEY", "must be given with FLOE_TLS_CERT"),
            (None, Some(_)) => self.problem("FLOE_TLS_CERT", "must be given with FLOE_TLS_KEY"),
            (None, None) => {}
        }
        None
    }

    pub(super) fn problem(&mut self, name: &str, problem: &str) {
        self.problems.push(format!("{name}: {problem}"));
    }

    pub(super) fn finish(self) -> Result<(), SettingsError> {
        if self.problems.is_empty() { Ok(()) } else { Err(SettingsError(self.problems)) }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "has the form of the other parsers")]
pub(super) fn text(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

pub(super) fn allow_list(text: &str) -> Result<AllowList, String> {
    AllowList::parse(text).map_err(|error| error.to_string())
}

pub(super) fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "must be all, web or worker".to_owned())
}

pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(PathBuf::from(text)) }
}

pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    let text = text.replace("localhost:", "127.0.0.1:");
    text.parse().map_err(|_| "must be an address and a port, e.g. 127.0.0.1:8700 or [::]:8700".to_owned())
}

pub(super) fn number<T: TryFrom<u64>>(text: &str, least: u64, most: u64) -> Result<T, String> {
    let in_range = text.parse::<u64>().ok().filter(|number| (least..=most).contains(number));
    in_range
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| format!("must be a number from {least} to {most}"))
}

/// A pattern of five fields, or `off`, which becomes nothing.
pub(super) fn cron(text: &str) -> Result<String, String> {
    if matches!(text, "" | "off") {
        return Ok(String::new());
    }
    Cron::parse(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

pub(super) fn body_rule(text: &str) -> Result<BodyRule, String> {
    BodyRule::parse(text).ok_or_else(|| "must be off, test or all".to_owned())
}

/// Whole credits, as thousandths.
pub(super) fn credits(text: &str) -> Result<i64, String> {
    number::<i64>(text, 0, 1_000_000_000).map(|credits| credits * MILLI)
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" | "true" | "1" => Ok(true),
        "off" | "false" | "0" => Ok(false),
        _ => Err("must be on or off".to_owned()),
    }
}

pub(super) fn mode(text: &str) -> Result<Mode, String> {
    Mode::parse(text).ok_or_else(|| "must be live or test".to_owned())
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be text or json".to_owned()),
    }
}

pub(super) fn log_filter(text: &str) -> Result<String, String> {
    EnvFilter::from_str(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

/// An http or https address without path, query or user; the slash at the end goes.
pub(super) fn web_address(text: &str) -> Result<String, String> {
    let trimmed = text.trim_end_matches('/');
    let uri: axum::http::Uri =
        trimmed.parse().map_err(|_| "must be a web address such as https://floe.example".to_owned())?;
    let plain = matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.path() == "/"
        && uri.query().is_none()
        && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    if plain {
        Ok(trimmed.to_owned())
    } else {
        Err("must be http:// or https:// with a host and nothing behind it".to_owned())
    }
}

pub(super) fn database_url(text: &str) -> Result<String, String> {
    let known = text.starts_with("postgres://") || text.starts_with("postgresql://");
    if known { Ok(text.to_owned()) } else { Err("must begin with postgres://; for SQLite leave it out".to_owned()) }
}

pub(super) fn rate_limits(text: &str) -> Result<RateLimits, String> {
    match text {
        "on" => return Ok(RateLimits::On),
        "off" => return Ok(RateLimits::Off),
        _ => {}
    }
    let entry = |item: &str| {
        let (kind, rate) = item.trim().split_once('=')?;
        let per_minute = match rate.strip_suffix("/s") {
            Some(per_second) => per_second.parse::<u32>().ok()?.checked_mul(60)?,
            None => rate.strip_suffix("/min")?.parse().ok()?,
        };
        RATE_KINDS.contains(&kind).then(|| (kind.to_owned(), per_minute))
    };
    let entries: Option<Vec<(String, u32)>> = text.split(',').map(entry).collect();
    entries.map(RateLimits::PerMinute).ok_or_else(|| {
        "must be on, off, or a list such as flows=200/min of the kinds member, token, flows, share, share-file, treasury, \
         payment-runs, treasury-wrong-keys, placements, sdk-resolve, sdk-events, sdk-errors, sdk-address, agents, workflows, \
         workflows-address, inbound; /s stands for 60/min"
            .to_owned()
    })
}
