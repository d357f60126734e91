//! Requests, responses, limits and connections of ordinary calls.

use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use floe_runtime::outside::{
    AllowList, ConnectFailure, Limits, Outside, OutsideConfig, OutsideError, ProtocolFailure, Request,
};
use http::{HeaderValue, Method};

use super::outside_world::{LIMITS, PUBLIC, Reply, Server, World, fetch, get, ok};

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn packed(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn a_request_arrives_as_it_was_given() {
    let server = Server::answering(ok("done")).await;
    let world = World::with_site(&["site.test"], &server);
    let mut request = Request {
        method: Method::POST,
        body: Bytes::from_static(b"payload"),
        ..get("http://Site.Test:8080/a%20b/ü?q=1&r={x}#part")
    };
    for (name, value) in [
        ("x-own", "kept"),
        ("host", "internal.example"),
        ("content-length", "3"),
        ("transfer-encoding", "chunked"),
        ("connection", "upgrade"),
        ("upgrade", "h2c"),
        ("accept-encoding", "br"),
        ("proxy-authorization", "Basic x"),
    ] {
        request.headers.insert(name, HeaderValue::from_static(value));
    }
    let response = world.client().send(request).await.unwrap();
    assert_eq!((response.status.as_u16(), response.redirects), (200, 0));
    let request = server.requests().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.lines().collect();
    assert_eq!(lines.remove(0), "POST /a%20b/%C3%BC?q=1&r={x} HTTP/1.1");
    lines.sort_unstable();
    let agent = concat!("user-agent: Floe/", env!("CARGO_PKG_VERSION"));
    let expected =
        ["accept-encoding: gzip", "accept: */*", "content-length: 7", "host: site.test:8080", agent, "x-own: kept"];
    assert_eq!(lines, expected);
    assert_eq!(body, "payload");
}

#[tokio::test]
async fn an_empty_post_says_that_it_is_empty() {
    let server = Server::answering(ok("")).await;
    let world = World::with_site(&["site.test"], &server);
    let request = Request { method: Method::POST, ..get("http://site.test/") };
    world.client().send(request).await.unwrap();
    assert!(server.requests()[0].contains("content-length: 0"));
}

#[tokio::test]
async fn tunnels_are_not_opened() {
    let world = World::new();
    let request = Request { method: Method::CONNECT, ..get("http://site.test/") };
    let error = world.client().send(request).await.unwrap_err();
    assert_eq!(error, OutsideError::Protocol(ProtocolFailure::Method));
}

#[tokio::test]
async fn packed_bodies_are_unpacked_up_to_the_limit() {
    let check = async |answer: Vec<u8>, limit: usize, expected: Result<&[u8], &str>| {
        let server = Server::answering(answer).await;
        let world = World::with_site(&["site.test"], &server);
        let limits = Limits { response_bytes_max: limit, ..LIMITS };
        let outcome = world.client().send(Request { limits, ..get("http://site.test/") }).await;
        match (&outcome, expected) {
            (Ok(response), Ok(body)) => assert_eq!(&response.body[..], body),
            (Err(error), Err(code)) => assert_eq!(error.code(), code),
            _ => panic!("{outcome:?} instead of {expected:?}"),
        }
    };
    let text = b"twelve bytes";
    check(packed(&gzip(text)), 12, Ok(text)).await;
    check(packed(&gzip(text)), 11, Err("too_large")).await;
    check(packed(&[gzip(b"two "), gzip(b"parts")].concat()), 12, Ok(b"two parts")).await;
    check(packed(b""), 12, Ok(b"")).await;
    check(packed(b"this is not gzip"), 64, Err("protocol")).await;
    let cut = gzip(text);
    check(packed(&cut[..cut.len() - 4]), 64, Err("protocol")).await;
    check(ok("twelve bytes"), 12, Ok(text)).await;
    check(ok("twelve bytes"), 11, Err("too_large")).await;
    let other = b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 3\r\n\r\nabc";
    check(other.to_vec(), 12, Ok(b"abc")).await;
    // Blocks that hold nothing: endless on the wire, empty when unpacked.
    let mut empty_blocks = gzip(b"")[..10].to_vec();
    empty_blocks.extend([0, 0, 0, 0xff, 0xff].repeat(10_000));
    check(packed(&empty_blocks), 12, Err("too_large")).await;
}

#[tokio::test]
async fn headers_of_the_packed_form_are_taken_off() {
    let server = Server::answering(packed(&gzip(b"text"))).await;
    let world = World::with_site(&["site.test"], &server);
    let response = fetch(&world.client(), "http://site.test/").await.unwrap();
    assert!(response.headers.get("content-encoding").is_none() && response.headers.get("content-length").is_none());
}

#[tokio::test]
async fn an_answer_to_head_has_no_body() {
    let server =
        Server::answering("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 99999999\r\n\r\n").await;
    let world = World::with_site(&["site.test"], &server);
    let request = Request { method: Method::HEAD, ..get("http://site.test/") };
    assert!(world.client().send(request).await.unwrap().body.is_empty());
}

#[tokio::test]
async fn a_connection_is_used_again_after_a_whole_response() {
    let server = Server::answering(ok("again")).await;
    let world = World::with_site(&["site.test", "other.test"], &server);
    let client = world.client();
    for _ in 0..3 {
        fetch(&client, "http://site.test/").await.unwrap();
    }
    assert_eq!(server.connections(), 1);
    // Another name, port or client is another place, even at the same address.
    fetch(&client, "http://other.test/").await.unwrap();
    fetch(&client, "http://site.test:8080/").await.unwrap();
    fetch(&world.client(), "http://site.test/").await.unwrap();
    assert_eq!(server.connections(), 4);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_is_replaced() {
    let server = Server::start(|_| Reply::Close(ok("once"))).await;
    let world = World::with_site(&["site.test"], &server);
    let client = world.client();
    for _ in 0..20 {
        assert_eq!(fetch(&client, "http://site.test/").await.unwrap().body, "once");
        // Without this pause the close and the next request cross on the way, and the request may have been read.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(server.requests().len(), 20, "a request was sent twice");
}

#[tokio::test]
async fn a_request_that_was_written_is_never_repeated() {
    let server =
        Server::start(
            |request| {
                if request.contains("/drop") { Reply::Reset(Vec::new()) } else { Reply::Keep(ok("kept")) }
            },
        )
        .await;
    let world = World::with_site(&["site.test"], &server);
    let client = world.client();
    fetch(&client, "http://site.test/").await.unwrap();
    let error = fetch(&client, "http://site.test/drop").await.unwrap_err();
    assert_eq!(error, OutsideError::Protocol(ProtocolFailure::Incomplete));
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_silent_address_does_not_hold_up_the_next() {
    let server = Server::answering(ok("second")).await;
    let world = World::with_site(&[], &server);
    world.name("site.test", &[&["8.8.8.8", PUBLIC]]);
    assert_eq!(fetch(&world.client(), "http://site.test/").await.unwrap().body, "second");
    assert_eq!(world.dialled().len(), 2);
}

#[tokio::test]
async fn failures_say_what_failed_and_no_more() {
    let check = async |url: &str, expected: OutsideError, message: &str| {
        let world = World::new();
        world.name("down.test", &[&[PUBLIC]]);
        world.name("empty.test", &[&[]]);
        world.name("private.test", &[&["10.11.12.13"]]);
        let error = fetch(&world.client(), url).await.unwrap_err();
        assert_eq!(error, expected, "{url}");
        assert_eq!(error.to_string(), message);
    };
    let connect = OutsideError::Connect;
    let lookup = "could not connect: the host name could not be resolved";
    check("http://unknown.test/", connect(ConnectFailure::Lookup), lookup).await;
    check("http://empty.test/", connect(ConnectFailure::Lookup), lookup).await;
    let dial = "could not connect: the host did not accept the connection";
    check("http://down.test/", connect(ConnectFailure::Dial), dial).await;
    let blocked = floe_runtime::outside::Refusal::Address(floe_runtime::outside::AddressBlock::Private);
    let message = "this address may not be called: the address is in a private network";
    check("http://private.test/", OutsideError::Blocked(blocked), message).await;
}

#[tokio::test]
async fn a_body_that_never_ends_in_time_is_cut() {
    let server = Server::start(|_| Reply::Drip(ok(&"x".repeat(60)), Duration::from_millis(10))).await;
    let world = World::with_site(&["site.test"], &server);
    let limits = Limits { total_ms: 600, ..LIMITS };
    let error = world.client().send(Request { limits, ..get("http://site.test/") }).await.unwrap_err();
    assert_eq!(error, OutsideError::Timeout { limit_ms: 600 });
}

#[tokio::test]
async fn listed_targets_are_reached_for_real() {
    let server = Server::answering(ok("local")).await;
    let port = server.address.port();
    let check = async |list: &str, host: &str, is_open: bool| {
        let allow = AllowList::parse(list).unwrap();
        let client = Outside::new(OutsideConfig { allow, ..OutsideConfig::default() });
        let outcome = fetch(&client, &format!("http://{host}:{port}/")).await;
        assert_eq!(outcome.is_ok(), is_open, "{list:?} {host}: {outcome:?}");
    };
    check(&format!("127.0.0.1:{port}"), "127.0.0.1", true).await;
    check(&format!("127.0.0.1:{port}"), "localhost", true).await;
    check(&format!("localhost:{port}"), "localhost", true).await;
    check(&format!("localhost:{port}"), "127.0.0.1", false).await;
    check("127.0.0.0/8", "127.0.0.1", true).await;
    check("127.0.0.1:1", "127.0.0.1", false).await;
}

#[tokio::test]
async fn an_endpoint_can_be_judged_without_being_called() {
    let world = World::new();
    world.name("good.test", &[&[PUBLIC]]);
    world.name("private.test", &[&["10.0.0.1"]]);
    world.record("slow.test", super::outside_world::Record::Alias("slow.test".to_owned()));
    let client = world.client();
    let check = async |url: &str, expected: &str| {
        let outcome = client.judge_with_lookup(url, 50).await;
        assert_eq!(outcome.map_or_else(OutsideError::code, |_| "good"), expected, "{url}");
    };
    check("https://good.test/", "good").await;
    check("https://8.8.8.8/", "good").await;
    check("https://private.test/", "blocked").await;
    check("https://10.0.0.1/", "blocked").await;
    check("https://unknown.test/", "connect").await;
    check("https://slow.test/", "connect").await;
    check("good.test", "invalid_url").await;
    assert!(world.dialled().is_empty());
}

#[tokio::test]
async fn the_log_line_names_the_host_and_no_secret() {
    let server = Server::answering(ok("secret-body")).await;
    let world = World::with_site(&["site.test"], &server);
    let mut request = get("http://site.test/secret-path?token=secret-query");
    request.headers.insert("authorization", HeaderValue::from_static("secret-header"));
    let lines = Arc::new(Mutex::new(String::new()));
    let guard = tracing::subscriber::set_default(Lines(Arc::clone(&lines)));
    world.client().send(request).await.unwrap();
    drop(guard);
    let lines = lines.lock().unwrap().clone();
    assert!(lines.contains("site.test") && lines.contains("outside.status=200"), "{lines}");
    assert!(!lines.contains("secret"), "{lines}");
}

/// Collects the fields of every event at info and above, from every crate.
struct Lines(Arc<Mutex<String>>);

impl tracing::Subscriber for Lines {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::INFO
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Fields<'a>(&'a mut String);
        impl tracing::field::Visit for Fields<'_> {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0.push_str(&format!("{field}={value:?} "));
            }
        }
        event.record(&mut Fields(&mut self.0.lock().unwrap()));
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}
