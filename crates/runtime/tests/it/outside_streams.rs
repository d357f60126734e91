//! Responses that are read while they arrive.

use std::time::Duration;

use floe_runtime::outside::{AllowList, Limits, OutsideError, ProtocolFailure, Refusal, Request};

use super::outside_world::{LIMITS, Reply, Server, World, get, redirect};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

async fn site(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> (Server, std::sync::Arc<World>) {
    let server = Server::start(reply).await;
    let world = World::with_site(&["site.test"], &server);
    (server, world)
}

#[tokio::test]
async fn pieces_arrive_one_by_one_and_the_connection_is_used_again() {
    let whole = format!("{HEAD}{}{}0\r\n\r\n", chunk("one "), chunk("two"));
    let (server, world) = site(move |_| Reply::Keep(whole.clone().into_bytes())).await;
    let client = world.client();
    for _ in 0..2 {
        let mut opened = client.open(get("http://site.test/")).await.unwrap();
        assert_eq!(
            (opened.status.as_u16(), opened.headers["content-type"].as_bytes()),
            (200, &b"text/event-stream"[..])
        );
        let mut text = Vec::new();
        while let Some(piece) = opened.chunk().await.unwrap() {
            assert!(!piece.is_empty());
            text.extend_from_slice(&piece);
        }
        assert_eq!(text, b"one two");
    }
    assert_eq!(server.connections(), 1);
    assert!(server.requests()[0].contains("accept-encoding: identity\r\n"), "a stream is asked for plain");
}

#[tokio::test]
async fn what_breaks_off_or_never_ends_is_told_from_the_end() {
    let cut = format!("{HEAD}{}", chunk("half")).into_bytes();
    let (_server, world) = site(move |_| Reply::Close(cut.clone())).await;
    let mut opened = world.client().open(get("http://site.test/")).await.unwrap();
    assert_eq!(opened.chunk().await.unwrap().unwrap(), "half");
    assert_eq!(opened.chunk().await, Err(OutsideError::Protocol(ProtocolFailure::Incomplete)));

    let silent = format!("{HEAD}{}", chunk("half")).into_bytes();
    let (_server, world) = site(move |_| Reply::Keep(silent.clone())).await;
    let limits = Limits { total_ms: 200, ..LIMITS };
    let mut opened = world.client().open(Request { limits, ..get("http://site.test/") }).await.unwrap();
    assert_eq!(opened.chunk().await.unwrap().unwrap(), "half");
    assert_eq!(opened.chunk().await, Err(OutsideError::Timeout { limit_ms: 200 }));
}

#[tokio::test]
async fn an_endless_body_ends_at_its_limit_and_a_dropped_one_stops_the_sender() {
    let piece = chunk(&"x".repeat(8 * 1024));
    let (server, world) = site(move |_| Reply::Endless(HEAD.into(), piece.clone().into_bytes())).await;
    let client = world.client();
    let mut opened = client.open(get("http://site.test/")).await.unwrap();
    let (mut read, limit_bytes) = (0, LIMITS.response_bytes_max);
    let ended = loop {
        match opened.chunk().await {
            Ok(Some(piece)) => read += piece.len(),
            other => break other,
        }
    };
    assert_eq!(ended, Err(OutsideError::TooLarge { limit_bytes }));
    assert!(read <= limit_bytes, "{read} bytes were given out");

    let mut opened = client.open(get("http://site.test/")).await.unwrap();
    opened.chunk().await.unwrap();
    drop(opened);
    // The sender notices: what it could get rid of stops growing.
    let mut before = server.written();
    for round in 0.. {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = server.written();
        if now == before {
            break;
        }
        before = now;
        assert!(round < 100, "the sender goes on");
    }
}

#[tokio::test]
async fn the_guard_and_the_coding_are_judged_before_anything_is_read() {
    let (_server, world) = site(|_| Reply::Keep(redirect("307", "http://127.0.0.1:9/"))).await;
    let client = world.client_with(AllowList::default(), Vec::new());
    let limits = Limits { redirects_max: 3, ..LIMITS };
    let refused = client.open(Request { limits, ..get("http://site.test/") }).await.err().unwrap();
    assert!(matches!(refused, OutsideError::Blocked(Refusal::Address(_))), "{refused:?}");

    let packed = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc".to_vec();
    let (_server, world) = site(move |_| Reply::Keep(packed.clone())).await;
    let refused = world.client().open(get("http://site.test/")).await.err();
    assert_eq!(refused, Some(OutsideError::Protocol(ProtocolFailure::Encoding)));
}
