//! How a route can refuse, from what the plumbing checks for it (`http/run.rs`) and what the route adds.

use std::collections::BTreeMap;

use floe_model::id::RequestId;
use floe_model::{Fault, FaultKind, Timestamp};
use http::Method;

use crate::http::{FaultSite, Route};

/// A site for faults of which only the status counts.
const SITE: FaultSite<'static> = FaultSite { request_id: RequestId(0), path: "", at: Timestamp(0) };

/// The statuses under which a route refuses, with their codes in the words of its surface. 405 belongs to a path and not to an
/// operation, and 500 is a defect: neither is here.
#[must_use]
pub fn refusals(route: &Route) -> BTreeMap<u16, Vec<&'static str>> {
    let mut found: BTreeMap<u16, Vec<&'static str>> = BTreeMap::new();
    for (_, kind, code) in of_plumbing(route).into_iter().filter(|(holds, ..)| *holds) {
        let fault = Fault::new(kind, code, "");
        let word = (route.surface.doc.code)(&fault);
        // The status is the surface's own, from where it renders the fault.
        let status = (route.surface.render)(&fault, &SITE).status.as_u16();
        let codes = found.entry(status).or_default();
        if !codes.contains(&word) {
            codes.push(word);
        }
    }
    for (status, codes) in &route.doc.refuses {
        found.entry(*status).or_default().extend_from_slice(codes);
    }
    found
}

/// What the plumbing can refuse, and whether it can here.
fn of_plumbing(route: &Route) -> [(bool, FaultKind, &'static str); 18] {
    let auth = route.auth;
    let customs = &route.surface.customs;
    let proven = !auth.public;
    let writes = route.method != Method::GET;
    let has_body = route.doc.takes.is_some();
    let has_fields = has_body || !route.doc.query.is_empty() || proven;
    let by_role = route.permission.is_some()
        || !route.treasury_roles.is_empty()
        || auth.key_forbidden.is_some()
        || auth.session && !auth.token;
    let repeats = repeats(route);
    [
        (has_body, FaultKind::Invalid, "invalid_json"),
        (has_fields, FaultKind::Invalid, "validation_error"),
        (proven, FaultKind::Unauthenticated, "unauthenticated"),
        (route.scope.is_some(), FaultKind::Forbidden, "insufficient_scope"),
        (by_role, FaultKind::Forbidden, "forbidden"),
        (writes && (auth.session || auth.same_origin), FaultKind::Forbidden, "bad_origin"),
        // Of a workspace that is named in a header, too, nobody is told whether it is there.
        (route.path.contains('{') || proven, FaultKind::NotFound, "not_found"),
        (repeats && customs.repeats_by_workspace, FaultKind::Invalid, "invalid_idempotency_key"),
        (customs.check.is_some() && route.path.contains('{'), FaultKind::Unprocessable, "validation_error"),
        (repeats, FaultKind::Conflict, "idempotency_in_progress"),
        (route.doc.revised, FaultKind::Stale, "stale_revision"),
        (writes, FaultKind::TooLarge, "payload_too_large"),
        (writes, FaultKind::UnsupportedMedia, "unsupported_media_type"),
        (auth.session, FaultKind::Misdirected, "misdirected"),
        (repeats, FaultKind::Unprocessable, "idempotency_mismatch"),
        (proven, FaultKind::RateLimited, "rate_limited"),
        (true, FaultKind::Overloaded, "overloaded"),
        (writes, FaultKind::StorageFull, "storage_full"),
    ]
}

/// Whether a route looks at `Idempotency-Key`: every POST of somebody who is known (console contract, section 4), and on some
/// surfaces whatever changes something.
pub(super) fn repeats(route: &Route) -> bool {
    let counts = route.method == Method::POST || route.surface.customs.repeats_by_workspace && !route.method.is_safe();
    counts && !route.auth.public
}
