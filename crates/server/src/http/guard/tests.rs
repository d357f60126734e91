use axum::http::Request;

use super::*;

/// Status class of a head: `None` when it passes, else the refusal.
fn check_head(method: &str, target: &str, headers: &[(&str, &str)]) -> Option<Refusal> {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (mut head, ()) = request.body(()).expect("a well formed test request").into_parts();
    check(&mut head, &Limits::default()).err()
}

#[test]
fn plain_requests_pass() {
    for target in ["/", "/v1/flow/a%20b?x=%zz", "/caf%C3%A9", "/a.b/..c/...", "http://h/v1"] {
        assert_eq!(check_head("GET", target, &[("host", "h")]), None, "{target}");
    }
    assert_eq!(check_head("POST", "/", &[("host", "[::1]:8700"), ("transfer-encoding", "Chunked")]), None);
    assert_eq!(
        check_head("POST", "/", &[("host", "h"), ("content-encoding", "identity"), ("expect", "100-Continue")]),
        None
    );
}

#[test]
fn targets_that_two_programs_could_read_differently_are_refused() {
    for target in ["/a/../b", "/%2e%2e/b", "/a/%2e", "/a%00", "/%zz", "/%c0%ae", "/%", "/..%5cb"] {
        assert!(matches!(check_head("GET", target, &[("host", "h")]), Some(Refusal::Malformed(_))), "{target}");
    }
    let long = format!("/{}", "a".repeat(16 * 1024));
    assert_eq!(check_head("GET", &long, &[("host", "h")]), Some(Refusal::TargetTooLong));
    assert_eq!(check_head("GET", "http://other/", &[("host", "h")]), Some(Refusal::Misdirected));
}

#[test]
fn hosts_codings_and_methods_are_checked() {
    assert_eq!(check_head("TRACE", "/", &[("host", "h")]), Some(Refusal::Method));
    assert_eq!(check_head("get", "/", &[("host", "h")]), Some(Refusal::Method));
    assert_eq!(check_head("POST", "/", &[("host", "h"), ("content-encoding", "gzip")]), Some(Refusal::ContentEncoding));
    // Its surface takes the first and refuses the second in its own form.
    for coding in ["gzip", "br"] {
        assert_eq!(check_head("POST", "/v1/apps/x/events", &[("host", "h"), ("content-encoding", coding)]), None);
    }
    assert_eq!(check_head("POST", "/", &[("host", "h"), ("expect", "magic")]), Some(Refusal::Expectation));
    for headers in [
        &[][..],
        &[("host", "a"), ("host", "a")],
        &[("host", "a b")],
        &[("host", "u@a")],
        &[("host", "")],
        &[("host", "h"), ("transfer-encoding", "gzip, chunked")],
        &[("host", "h"), ("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
    ] {
        assert!(matches!(check_head("GET", "/", headers), Some(Refusal::Malformed(_))), "{headers:?}");
    }
}
