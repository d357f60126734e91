//! What goes along on a redirect, and what does not.

use floe_runtime::outside::{Limits, OutsideError, ProtocolFailure, Refusal, Request, Response};
use http::{HeaderValue, Method};

use super::outside_world::{LIMITS, Reply, Server, World, get, ok, redirect};

/// Sends `method` with a body and credentials to a site that redirects once, and gives what the second request was.
async fn second_request(method: Method, status: &'static str, location: &'static str) -> String {
    let server = Server::start(move |request| {
        Reply::Keep(if request.contains(" /first ") { redirect(status, location) } else { ok("end") })
    })
    .await;
    let world = World::with_site(&["site.test", "other.test"], &server);
    let mut request = Request {
        method,
        body: "payload".into(),
        limits: Limits { redirects_max: 5, ..LIMITS },
        ..get("http://site.test/first")
    };
    for (name, value) in [
        ("authorization", "Bearer secret"),
        ("cookie", "a=secret"),
        ("x-api-key", "secret"),
        ("content-type", "text/plain"),
        ("accept", "text/html"),
    ] {
        request.headers.insert(name, HeaderValue::from_static(value));
    }
    let response = world.client().send(request).await.unwrap();
    assert_eq!((response.redirects, &response.body[..]), (1, &b"end"[..]));
    server.requests().pop().unwrap()
}

#[tokio::test]
async fn methods_and_bodies_follow_the_rules_of_the_status() {
    let check = async |method: &str, status: &'static str, expected: &str, keeps_body: bool| {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = second_request(method.clone(), status, "/second").await;
        assert!(request.starts_with(&format!("{expected} /second HTTP/1.1\r\n")), "{method} {status}: {request}");
        assert_eq!(request.ends_with("payload"), keeps_body, "{method} {status}");
        assert_eq!(request.contains("content-type"), keeps_body, "{method} {status}");
        assert_eq!(request.contains("content-length: 7"), keeps_body, "{method} {status}");
    };
    check("POST", "301", "GET", false).await;
    check("POST", "302", "GET", false).await;
    check("PUT", "302", "PUT", true).await;
    check("POST", "303", "GET", false).await;
    check("DELETE", "303", "GET", false).await;
    check("POST", "307", "POST", true).await;
    check("PUT", "308", "PUT", true).await;
}

#[tokio::test]
async fn credentials_stay_with_the_origin_they_were_given_for() {
    let same = second_request(Method::POST, "307", "/second").await;
    assert_eq!(same.matches("secret").count(), 3, "{same}");
    for elsewhere in ["http://other.test/second", "//other.test/second", "http://site.test:8080/second"] {
        let request = second_request(Method::POST, "307", elsewhere).await;
        assert!(!request.contains("secret"), "{elsewhere}: {request}");
        assert!(request.contains("accept: text/html") && request.contains("content-type: text/plain"));
        assert!(request.ends_with("payload"));
    }
}

async fn follow(location: &str) -> Result<Response, OutsideError> {
    let location = location.to_owned();
    let server = Server::start(move |request| {
        Reply::Keep(if request.starts_with("GET /end") { ok("end") } else { redirect("302", &location) })
    })
    .await;
    let world = World::with_site(&["site.test"], &server);
    super::outside_world::fetch(&world.client(), "http://site.test/a/b?c#d").await
}

#[tokio::test]
async fn targets_are_read_like_urls() {
    let check = async |location: &str, expected: Result<&str, OutsideError>| {
        let outcome = follow(location).await.map(|response| response.url.to_string());
        assert_eq!(outcome, expected.map(str::to_owned), "{location:?}");
    };
    check("/end", Ok("http://site.test/end")).await;
    check("../end?x", Ok("http://site.test/end?x")).await;
    check("http://u:p@site.test/end", Err(OutsideError::Blocked(Refusal::Userinfo))).await;
    check("\\\\site.test/end", Err(OutsideError::Blocked(Refusal::Backslash))).await;
    check("http://site.test:6379/end", Err(OutsideError::Blocked(Refusal::Port))).await;
    check("http://localhost/end", Err(OutsideError::Blocked(Refusal::HostName))).await;
    check("javascript:alert(1)", Err(OutsideError::Blocked(Refusal::Scheme))).await;
    check("http://[::1", Err(OutsideError::Protocol(ProtocolFailure::Location))).await;
    check("http://site.test/\u{ff}", Err(OutsideError::TooManyRedirects { limit: 5 })).await;
}

#[tokio::test]
async fn a_redirect_without_a_target_is_the_answer() {
    let server = Server::answering(b"HTTP/1.1 304 Same\r\nlocation: http://127.0.0.1/\r\n\r\n".to_vec()).await;
    let world = World::with_site(&["site.test"], &server);
    assert_eq!(super::outside_world::fetch(&world.client(), "http://site.test/").await.unwrap().status, 304);
    let server = Server::answering(b"HTTP/1.1 302 Lost\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
    let world = World::with_site(&["site.test"], &server);
    assert_eq!(super::outside_world::fetch(&world.client(), "http://site.test/").await.unwrap().status, 302);
}

#[tokio::test]
async fn a_redirect_may_lead_to_a_listed_target() {
    use floe_runtime::outside::AllowList;
    let server = Server::start(|request| {
        Reply::Keep(if request.contains("host: 10.0.0.1\r\n") { ok("inside") } else { redirect("302", "//10.0.0.1/") })
    })
    .await;
    let world = World::with_site(&["site.test"], &server);
    world.route("10.0.0.1", &server);
    let client = world.client_with(AllowList::parse("10.0.0.1:80").unwrap(), Vec::new());
    assert_eq!(super::outside_world::fetch(&client, "http://site.test/").await.unwrap().body, "inside");
}
