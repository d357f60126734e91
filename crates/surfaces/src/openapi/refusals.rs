//! How a route can refuse, from what the plumbing checks for it (`http/run.rs`) and what the route adds.

use std::collections::BTreeMap;

use http::Method;

use crate::http::Route;

/// The statuses under which a route refuses, with their codes in the words of no surface in particular. 405 belongs to a path
/// and not to an operation, and 500 is a defect: neither is here.
#[must_use]
pub fn refusals(route: &Route) -> BTreeMap<u16, Vec<&'static str>> {
    let mut found: BTreeMap<u16, Vec<&'static str>> = BTreeMap::new();
    let mut add = |holds: bool, status: u16, codes: &[&'static str]| {
        if holds {
            found.entry(status).or_default().extend_from_slice(codes);
        }
    };
    let auth = route.auth;
    let proven = !auth.public;
    let writes = route.method != Method::GET;
    let has_parameters = !route.doc.query.is_empty();
    let has_body = route.doc.takes.is_some();
    add(has_body, 400, &["invalid_json"]);
    add(proven || has_parameters || has_body, 400, &["validation_error"]);
    add(proven, 401, &["unauthenticated"]);
    add(route.scope.is_some(), 403, &["insufficient_scope"]);
    add(route.permission.is_some() || auth.key_forbidden.is_some() || !auth.token && auth.session, 403, &["forbidden"]);
    add(writes && (auth.session || auth.same_origin), 403, &["bad_origin"]);
    // Of a workspace that is named in a header, too, nobody is told whether it is there.
    add(route.path.contains('{') || auth.session, 404, &["not_found"]);
    add(writes, 413, &["payload_too_large"]);
    add(writes, 415, &["unsupported_media_type"]);
    add(repeats(route), 409, &["idempotency_in_progress"]);
    add(repeats(route), 422, &["idempotency_mismatch"]);
    add(route.doc.revised, 412, &["stale_revision"]);
    add(auth.session, 421, &["misdirected"]);
    add(proven, 429, &["rate_limited"]);
    add(true, 503, &["overloaded"]);
    add(writes, 507, &["storage_full"]);
    for (status, codes) in &route.doc.refuses {
        add(true, *status, codes);
    }
    found
}

/// Whether a route looks at `Idempotency-Key`: every POST of somebody who is known (console contract, section 4).
pub(super) fn repeats(route: &Route) -> bool {
    route.method == Method::POST && !route.auth.public
}
