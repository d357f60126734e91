//! Rate limits of a request: which bucket counts it, and the headers that tell.

use floe_access::Identity;
use floe_access::rate::{Bucket, Limits, Verdict};
use floe_model::access::Credential;
use floe_model::{Fault, FaultKind};
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::call::Call;
use super::reply::Reply;
use super::settings::RateLimits;
use super::surface::{RateStyle, Surface};

/// Requests a minute of a member or token over all surfaces (console contract, section 4).
const MEMBER_LIMITS: Limits = Limits { per_minute: 600, per_day: 0 };

/// The bucket and limits that hold for a credential on a surface; `None` when nothing is counted.
pub(super) fn bucket(identity: &Identity, surface: &Surface, settings: &RateLimits) -> Option<(Bucket, Limits)> {
    let caller = &identity.caller;
    let (space, id, limits, kind) = match (caller.credential, surface.token_limits) {
        (Credential::Token(id), Some(limits)) => (surface.name, id.0, limits, "token"),
        (Credential::Token(id), None) => ("token", id.0, MEMBER_LIMITS, "token"),
        (Credential::FlowsKey(id), _) => ("key", id.0, identity.limits.unwrap_or(MEMBER_LIMITS), "flows"),
        (Credential::Session(session), _) => {
            ("member", caller.member_id().map_or(session.0, |member| member.0), MEMBER_LIMITS, "member")
        }
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
    Fault::new(FaultKind::RateLimited, "rate_limited", "Too many requests; try again later")
        .with_retry_after(verdict.reset_in_s)
}

/// Writes the state of the limit in the words of the surface.
pub(super) fn write_headers(headers: &mut HeaderMap, style: RateStyle, verdict: &Verdict) {
    let reset_in = i64::try_from(verdict.reset_in_s).unwrap_or(i64::MAX);
    let (names, reset) = match style {
        RateStyle::XUnixSeconds => {
            (["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"], verdict.reset_at_s)
        }
        RateStyle::Seconds => (["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"], reset_in),
        RateStyle::None => return,
    };
    let values = [i64::from(verdict.limit), i64::from(verdict.remaining), reset];
    for (name, value) in names.into_iter().zip(values) {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
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
        let per_minute = match &call.app.settings.rate_limits {
            RateLimits::On => per_minute,
            RateLimits::Off => 0,
            RateLimits::PerMinute(list) => {
                list.iter().find(|(name, _)| name == kind).map_or(per_minute, |(_, number)| *number)
            }
        };
        let digest = floe_access::secret::sha256(apart.as_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        let bucket = Bucket { space: kind, id: u128::from_be_bytes(id) };
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
