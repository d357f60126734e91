//! Rate limits of a request: which bucket counts it, and the headers that tell.

use std::net::IpAddr;

use floe_access::Identity;
use floe_access::rate::{Bucket, Limits, Steady, Verdict};
use floe_model::access::Credential;
use floe_model::{Fault, FaultKind};
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;

use super::call::Call;
use super::reply::Reply;
use super::route::Route;
use super::settings::RateLimits;
use super::surface::{RateStyle, Surface};
use crate::App;

/// Requests that a key of the treasury can make at once (Treasury contract, section 1.6).
const BURST: u32 = 200;
/// How operators name the limit of keys of workflows.
const WORKFLOWS: &str = "workflows";
/// How operators name the limit of a client address without such a key.
const WORKFLOWS_ADDRESS: &str = "workflows-address";
/// How operators name the limit of wrong credentials.
const WRONG: &str = "treasury-wrong-keys";
/// Requests a minute of a member or token over all surfaces (console contract, section 4).
const MEMBER_LIMITS: Limits = Limits { per_minute: 600, per_day: 0 };
const NO_LIMITS: Limits = Limits { per_minute: 0, per_day: 0 };

/// Counts a request of a proven caller; `None` when nothing is counted. Where two limits hold, the one that refuses tells, else the
/// one of the route.
pub(super) fn count(app: &App, route: &Route, identity: &Identity) -> Option<Verdict> {
    let (limiter, settings, now) = (app.access.limiter(), &app.settings.rate_limits, app.platform.clock.now());
    let verdict = match identity.caller.credential {
        Credential::TreasuryKey(id) => of_treasury_key(app, id.0, identity.limits),
        Credential::WorkflowsKey(id) => {
            let limits = identity.limits.unwrap_or(MEMBER_LIMITS);
            Some(both(app, Bucket { space: "key", id: id.0 }, WORKFLOWS, limits, 1))
        }
        _ => bucket(identity, route.surface, settings).and_then(|(bucket, limits)| limiter.take(bucket, limits, now)),
    };
    let refused = verdict.as_ref().is_some_and(|verdict| !verdict.allowed);
    let Some((kind, per_minute)) = route.own_rate.filter(|_| !refused) else { return verdict };
    let id = match identity.caller.credential {
        Credential::TreasuryKey(id) => id.0,
        _ => return verdict,
    };
    let per_minute = per_minute_of(settings, kind, per_minute);
    let steady = Steady { per_minute, burst: BURST.min(per_minute) };
    limiter.take_steady(Bucket { space: kind, id }, steady, 1, now).or(verdict)
}

/// A key of the treasury fills its bucket steadily; a limit by the day holds beside it.
fn of_treasury_key(app: &App, id: u128, own: Option<Limits>) -> Option<Verdict> {
    let (limiter, now) = (app.access.limiter(), app.platform.clock.now());
    let Limits { per_minute, per_day } = own.unwrap_or(MEMBER_LIMITS);
    let per_minute = per_minute_of(&app.settings.rate_limits, "treasury", per_minute);
    let bucket = Bucket { space: "treasury-key", id };
    let steady = limiter.take_steady(bucket, Steady { per_minute, burst: BURST.min(per_minute) }, 1, now);
    if steady.is_some_and(|verdict| !verdict.allowed) || matches!(app.settings.rate_limits, RateLimits::Off) {
        return steady;
    }
    let by_day = limiter.take(bucket, Limits { per_minute: 0, per_day }, now);
    by_day.filter(|verdict| !verdict.allowed).or(steady).or(by_day)
}

/// What an operator set for a kind, or the usual number.
pub(super) fn per_minute_of(settings: &RateLimits, kind: &str, usual: u32) -> u32 {
    match settings {
        RateLimits::On => usual,
        RateLimits::Off => 0,
        RateLimits::PerMinute(list) => list.iter().find(|(name, _)| name == kind).map_or(usual, |(_, number)| *number),
    }
}

/// Counts in both windows of a bucket (Workflow API contract, section 5).
fn both(app: &App, bucket: Bucket, kind: &str, limits: Limits, requests: u32) -> Verdict {
    let (settings, now) = (&app.settings.rate_limits, app.platform.clock.now());
    if matches!(settings, RateLimits::Off) {
        return Verdict::of_uncounted(limits, now);
    }
    let limits = Limits { per_minute: per_minute_of(settings, kind, limits.per_minute), ..limits };
    app.access.limiter().take_both(bucket, limits, requests, now)
}

/// Where wrong credentials of a client address are counted; `requests` 0 only looks.
pub(super) fn wrong_credentials(app: &App, surface: &Surface, peer: IpAddr, requests: u32) -> Option<Verdict> {
    let usual = surface.customs.wrong_per_minute;
    let per_minute = if usual == 0 { 0 } else { per_minute_of(&app.settings.rate_limits, WRONG, usual) };
    let bucket = Bucket { space: WRONG, id: digest(&peer.to_string()) };
    let rate = Steady { per_minute, burst: per_minute };
    app.access.limiter().take_steady(bucket, rate, requests, app.platform.clock.now())
}

/// The answer to a wrong credential: what it was, or that there were too many from this address.
pub(super) fn wrong(app: &App, surface: &Surface, peer: IpAddr, fault: Fault) -> (Option<Verdict>, Fault) {
    if let Some(limits) = surface.customs.address_limits {
        let bucket = Bucket { space: WORKFLOWS_ADDRESS, id: digest(&peer.to_string()) };
        let verdict = both(app, bucket, WORKFLOWS_ADDRESS, limits, 1);
        return (Some(verdict), if verdict.allowed { fault } else { limited(&verdict) });
    }
    let is_wrong = fault.kind() == FaultKind::Unauthenticated && fault.code() != surface.customs.no_credential;
    let verdict = wrong_credentials(app, surface, peer, u32::from(is_wrong));
    match verdict {
        Some(verdict) if is_wrong && !verdict.allowed => (Some(verdict), limited(&verdict)),
        verdict => (verdict, fault),
    }
}

fn digest(apart: &str) -> u128 {
    let digest = floe_access::secret::sha256(apart.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    u128::from_be_bytes(id)
}

/// The bucket and limits that hold for a credential on a surface; `None` when nothing is counted.
fn bucket(identity: &Identity, surface: &Surface, settings: &RateLimits) -> Option<(Bucket, Limits)> {
    let caller = &identity.caller;
    let (space, id, limits, kind) = match (caller.credential, surface.token_limits) {
        (Credential::Token(id), Some(limits)) => (surface.name, id.0, limits, "token"),
        (Credential::Token(id), None) => ("token", id.0, MEMBER_LIMITS, "token"),
        (Credential::FlowsKey(id), _) => ("key", id.0, identity.limits.unwrap_or(MEMBER_LIMITS), "flows"),
        (Credential::Session(session), _) => {
            ("member", caller.member_id().map_or(session.0, |member| member.0), MEMBER_LIMITS, "member")
        }
        // Keys of the SDK have limits of another kind (placements contract, section 1.3).
        (Credential::PlacementsKey(_), _) if identity.limits == Some(NO_LIMITS) => return None,
        (Credential::PlacementsKey(id), _) => ("key", id.0, identity.limits.unwrap_or(MEMBER_LIMITS), "placements"),
        (Credential::AgentsKey(id), _) => ("key", id.0, identity.limits.unwrap_or(MEMBER_LIMITS), "agents"),
        // Their buckets are of other kinds.
        (Credential::TreasuryKey(_) | Credential::WorkflowsKey(_), _) => return None,
        (Credential::Anonymous | Credential::Share(_) | Credential::System, _) => return None,
    };
    let limits = match settings {
        RateLimits::On => limits,
        RateLimits::Off => return None,
        RateLimits::PerMinute(list) => {
            let other = list.iter().find(|(name, _)| name == kind).map(|(_, number)| *number);
            Limits { per_minute: other.unwrap_or(limits.per_minute), ..limits }
        }
    };
    Some((Bucket { space, id }, limits))
}

/// The refusal of a request over its limit.
pub(super) fn limited(verdict: &Verdict) -> Fault {
    let fault = Fault::new(FaultKind::RateLimited, "rate_limited", "Too many requests; try again later")
        .with_retry_after(verdict.reset_in_s);
    let Some(day) = verdict.day else { return fault };
    let (window, limit) = if day.refuses { ("day", day.limit) } else { ("minute", verdict.limit) };
    fault.with_details(json!({ "limit": limit, "window": window, "retry_after": verdict.reset_in_s }))
}

/// Writes the state of the limit in the words of the surface.
pub(super) fn write_headers(headers: &mut HeaderMap, style: RateStyle, verdict: &Verdict) {
    let reset_in = i64::try_from(verdict.reset_in_s).unwrap_or(i64::MAX);
    let (names, reset) = match style {
        RateStyle::XUnixSeconds | RateStyle::XBothWindows => {
            (["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"], verdict.reset_at_s)
        }
        RateStyle::XSeconds => (["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"], reset_in),
        RateStyle::Seconds => (["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"], reset_in),
        RateStyle::None => return,
    };
    let values = [i64::from(verdict.limit), i64::from(verdict.remaining), reset];
    for (name, value) in names.into_iter().zip(values) {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
    if let (Some(day), RateStyle::XBothWindows) = (verdict.day, style) {
        headers.insert(HeaderName::from_static("x-ratelimit-limit-day"), HeaderValue::from(day.limit));
        headers.insert(HeaderName::from_static("x-ratelimit-remaining-day"), HeaderValue::from(day.remaining));
    }
}

/// Writes `Retry-After` when the fault says when to come again.
pub(super) fn write_retry_after(headers: &mut HeaderMap, fault: &Fault) {
    if let Some(seconds) = fault.retry_after_s() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// A limit of a route's own, beside that of the credential: for routes that need none.
pub(crate) struct OwnLimit(Option<Verdict>);

impl OwnLimit {
    /// Counts a request under `kind` (as operators name it) and whatever tells the callers apart.
    pub(crate) fn take(call: &Call, kind: &'static str, apart: &str, per_minute: u32) -> Self {
        let per_minute = per_minute_of(&call.app.settings.rate_limits, kind, per_minute);
        let bucket = Bucket { space: kind, id: digest(apart) };
        Self(call.app.access.limiter().take(bucket, Limits { per_minute, per_day: 0 }, call.ctx.now()))
    }

    /// The refusal when there were too many.
    pub(crate) fn refusal(&self) -> Option<Fault> {
        self.0.as_ref().filter(|verdict| !verdict.allowed).map(limited)
    }

    /// Writes the state of the limit on an answer.
    pub(crate) fn write(&self, call: &Call, mut reply: Reply) -> Reply {
        if let Some(verdict) = &self.0 {
            write_headers(&mut reply.headers, call.route.surface.rate_style, verdict);
        }
        reply
    }
}
