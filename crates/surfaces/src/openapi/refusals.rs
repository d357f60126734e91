//! How a route can refuse, from what the plumbing checks for it (`http/run.rs`) and what the route adds.

use std::collections::BTreeMap;

use floe_model::{Fault, FaultKind};
use http::Method;

use crate::http::Route;

/// The statuses under which a route refuses, with their codes in the words of its surface. 405 belongs to a path and not to an
/// operation, and 500 is a defect: neither is here.
#[must_use]
pub fn refusals(route: &Route) -> BTreeMap<u16, Vec<&'static str>> {
    let mut found: BTreeMap<u16, Vec<&'static str>> = BTreeMap::new();
    for (holds, status, kind, code) in of_plumbing(route) {
        let word = (route.surface.doc.code)(&Fault::new(kind, code, ""));
        let codes = found.entry(status).or_default();
        if holds && !codes.contains(&word) {
            codes.push(word);
        }
    }
    found.retain(|_, codes| !codes.is_empty());
    for (status, codes) in &route.doc.refuses {
        found.entry(*status).or_default().extend_from_slice(codes);
    }
    found
}

/// What the plumbing can refuse, and whether it can here.
fn of_plumbing(route: &Route) -> [(bool, u16, FaultKind, &'static str); 16] {
    let auth = route.auth;
    let proven = !auth.public;
    let writes = route.method != Method::GET;
    let has_body = route.doc.takes.is_some();
    let has_fields = has_body || !route.doc.query.is_empty() || proven;
    let by_role = route.permission.is_some() || auth.key_forbidden.is_some() || auth.session && !auth.token;
    let repeats = repeats(route);
    [
        (has_body, 400, FaultKind::Invalid, "invalid_json"),
        (has_fields, 400, FaultKind::Invalid, "validation_error"),
        (proven, 401, FaultKind::Unauthenticated, "unauthenticated"),
        (route.scope.is_some(), 403, FaultKind::Forbidden, "insufficient_scope"),
        (by_role, 403, FaultKind::Forbidden, "forbidden"),
        (writes && (auth.session || auth.same_origin), 403, FaultKind::Forbidden, "bad_origin"),
        // Of a workspace that is named in a header, too, nobody is told whether it is there.
        (route.path.contains('{') || proven, 404, FaultKind::NotFound, "not_found"),
        (repeats, 409, FaultKind::Conflict, "idempotency_in_progress"),
        (route.doc.revised, 412, FaultKind::Stale, "stale_revision"),
        (writes, 413, FaultKind::TooLarge, "payload_too_large"),
        (writes, 415, FaultKind::UnsupportedMedia, "unsupported_media_type"),
        (auth.session, 421, FaultKind::Misdirected, "misdirected"),
        (repeats, 422, FaultKind::Unprocessable, "idempotency_mismatch"),
        (proven, 429, FaultKind::RateLimited, "rate_limited"),
        (true, 503, FaultKind::Overloaded, "overloaded"),
        (writes, 507, FaultKind::StorageFull, "storage_full"),
    ]
}

/// Whether a route looks at `Idempotency-Key`: every POST of somebody who is known (console contract, section 4).
pub(super) fn repeats(route: &Route) -> bool {
    route.method == Method::POST && !route.auth.public
}
