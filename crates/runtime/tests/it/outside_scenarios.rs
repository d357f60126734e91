//! Every scenario of `ssrf-scenarios.json`, played with a scripted name server and stub servers.

use std::io::Write as _;
use std::process::Command;
use std::time::Duration;

use floe_runtime::outside::{
    AddressBlock, ConnectFailure, HEADER_BYTES_MAX, Limits, OutsideError, ProtocolFailure, Refusal,
};
use serde_json::Value;
use tokio::time::Instant;

use super::outside_world::{LIMITS, PUBLIC, Record, Reply, Server, World, fetch, get, ok, redirect};

const SCENARIOS: &str = include_str!("../data/ssrf-scenarios.json");

/// More than the socket buffers of both sides on loopback can hold for a reader that has stopped.
const BUFFERED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Makes a test of each handler, and the list of scenarios that have one.
macro_rules! scenarios {
    ($($handler:ident),+ $(,)?) => {
        const HANDLED: &[&str] = &[$(stringify!($handler)),+];
        $(
            #[tokio::test]
            async fn $handler() {
                handlers::$handler(&scenario(stringify!($handler))).await;
            }
        )+
    };
}

scenarios! {
    rebind_ttl0, rebind_between_retries, multi_answer_mixed, multi_answer_only_private, aaaa_private_a_public,
    cname_to_internal, cname_chain_loop, redirect_301_to_loopback, redirect_302_to_metadata, redirect_307_keeps_body,
    redirect_308_scheme_change, redirect_relative_protocol, redirect_loop, meta_refresh, alt_svc_to_internal,
    proxy_env_set, slow_header, endless_body, gzip_bomb, header_flood, status_999, invalid_utf8_header, reset_mid_body,
    tls_self_signed, tls_expired, tls_wrong_host, h2_rapid_reset_from_server, internal_service_on_loopback,
    ipv6_scope_id,
}

#[test]
fn every_scenario_has_a_handler() {
    let mut ids: Vec<String> = all_scenarios().iter().map(handler_name).collect();
    let mut handled: Vec<String> = HANDLED.iter().map(|name| (*name).to_owned()).collect();
    ids.sort();
    handled.sort();
    assert_eq!(ids, handled);
}

fn all_scenarios() -> Vec<Value> {
    let document: Value = serde_json::from_str(SCENARIOS).unwrap();
    document["scenarios"].as_array().unwrap().clone()
}

fn handler_name(scenario: &Value) -> String {
    scenario["id"].as_str().unwrap().replace('-', "_")
}

/// The steps of a scenario.
fn scenario(handler: &str) -> Vec<Value> {
    let scenario = all_scenarios().into_iter().find(|scenario| handler_name(scenario) == handler).unwrap();
    scenario["steps"].as_array().unwrap().clone()
}

/// Tells the name server what the steps say. The answers of later attempts follow those of earlier ones.
fn play_names(world: &World, steps: &[Value]) {
    let mut lists: Vec<Vec<String>> = Vec::new();
    let texts = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().map(|ip| ip.as_str().unwrap().to_owned()).collect()
    };
    for step in steps {
        let name = step["dns"].as_str().unwrap();
        if let Some(alias) = step["cname"].as_str() {
            world.record(name, Record::Alias(alias.to_owned()));
            continue;
        }
        lists.extend(step["answers"].as_array().into_iter().flatten().map(texts));
        if step.get("A").is_some() {
            lists.push([texts(&step["AAAA"]), texts(&step["A"])].concat());
        }
        let lists: Vec<Vec<&str>> = lists.iter().map(|list| list.iter().map(String::as_str).collect()).collect();
        world.name(name, &lists.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }
}

/// A site at the public address that answers with the redirect of the scenario, and what a fetch of it gives.
async fn follow_scenario(steps: &[Value]) -> (OutsideError, Vec<String>) {
    let answer = redirect(steps[0]["http"].as_str().unwrap(), steps[0]["location"].as_str().unwrap());
    let server = Server::answering(answer.clone()).await;
    let world = World::with_site(&["site.test"], &server);
    // If the client dialled the target, it would be served, so that only the guard can make the test pass.
    for target in ["127.0.0.1", "169.254.169.254", "10.0.0.1"] {
        world.route(target, &server);
    }
    let client = world.client();
    let mut request = get("http://site.test/");
    request.method = http::Method::POST;
    request.body = "secret".into();
    // As a webhook sender: the redirect is the answer.
    let unfollowed = client.send(request.clone()).await.unwrap();
    assert_eq!(unfollowed.status.as_str(), steps[0]["http"].as_str().unwrap());
    request.limits.redirects_max = 5;
    let error = client.send(request).await.unwrap_err();
    assert!(world.dialled().iter().all(|address| address == PUBLIC), "dialled {:?}", world.dialled());
    assert_eq!(server.requests().len(), 2);
    (error, server.requests())
}

fn blocked(block: AddressBlock) -> OutsideError {
    OutsideError::Blocked(Refusal::Address(block))
}

mod handlers {
    use super::*;

    pub(super) async fn rebind_ttl0(steps: &[Value]) {
        let server = Server::answering(ok("public")).await;
        let world = World::new();
        play_names(&world, steps);
        world.route(PUBLIC, &server);
        let response = fetch(&world.client(), "http://evil.test/").await.unwrap();
        assert_eq!(response.body, "public");
        assert_eq!(world.lookups("evil.test"), 1, "no second lookup between check and connect");
        assert_eq!(world.dialled(), [PUBLIC]);
    }

    pub(super) async fn rebind_between_retries(steps: &[Value]) {
        let server = Server::start(|_| Reply::Close(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n".to_vec())).await;
        let world = World::new();
        play_names(&world, steps);
        world.route(PUBLIC, &server);
        world.route("169.254.169.254", &server);
        let client = world.client();
        assert_eq!(fetch(&client, "http://evil.test/").await.unwrap().status, 503);
        tokio::time::sleep(Duration::from_millis(30)).await;
        let second = fetch(&client, "http://evil.test/").await;
        assert_eq!(second.unwrap_err(), blocked(AddressBlock::LinkLocal));
        assert_eq!(world.dialled().len(), 1);
    }

    pub(super) async fn multi_answer_mixed(steps: &[Value]) {
        let world = World::new();
        play_names(&world, steps);
        // The public address does not answer: there must be no falling back to the private one.
        let error = fetch(&world.client(), "http://evil.test/").await.unwrap_err();
        assert_eq!(error, OutsideError::Connect(ConnectFailure::Dial));
        assert_eq!(world.dialled(), [PUBLIC]);
    }

    pub(super) async fn multi_answer_only_private(steps: &[Value]) {
        let world = World::new();
        play_names(&world, steps);
        let error = fetch(&world.client(), "http://evil.test/").await.unwrap_err();
        assert_eq!(error, blocked(AddressBlock::Private));
        assert!(world.dialled().is_empty());
    }

    pub(super) async fn aaaa_private_a_public(steps: &[Value]) {
        let server = Server::answering(ok("public")).await;
        let world = World::new();
        play_names(&world, steps);
        world.route(PUBLIC, &server);
        assert_eq!(fetch(&world.client(), "http://evil.test/").await.unwrap().body, "public");
        assert_eq!(world.dialled(), [PUBLIC]);
    }

    pub(super) async fn cname_to_internal(steps: &[Value]) {
        let world = World::new();
        play_names(&world, steps);
        world.name("metadata.google.internal", &[&["169.254.169.254"]]);
        let error = fetch(&world.client(), "http://evil.test/").await.unwrap_err();
        assert_eq!(error, blocked(AddressBlock::LinkLocal));
        assert!(world.dialled().is_empty());
    }

    pub(super) async fn cname_chain_loop(steps: &[Value]) {
        let world = World::new();
        play_names(&world, steps);
        let started = Instant::now();
        let limits = Limits { connect_ms: 100, ..LIMITS };
        let mut request = get("http://a.test/");
        request.limits = limits;
        let error = world.client().send(request).await.unwrap_err();
        assert_eq!(error, OutsideError::Connect(ConnectFailure::Timeout));
        assert!(started.elapsed() < Duration::from_secs(2));
    }

    pub(super) async fn redirect_301_to_loopback(steps: &[Value]) {
        assert_eq!(follow_scenario(steps).await.0, blocked(AddressBlock::Loopback));
    }

    pub(super) async fn redirect_302_to_metadata(steps: &[Value]) {
        assert_eq!(follow_scenario(steps).await.0, blocked(AddressBlock::LinkLocal));
    }

    pub(super) async fn redirect_307_keeps_body(steps: &[Value]) {
        let (error, requests) = follow_scenario(steps).await;
        assert_eq!(error, blocked(AddressBlock::Private));
        assert!(requests.iter().all(|request| request.ends_with("\r\n\r\nsecret")));
    }

    pub(super) async fn redirect_308_scheme_change(steps: &[Value]) {
        assert_eq!(follow_scenario(steps).await.0, OutsideError::Blocked(Refusal::Scheme));
    }

    pub(super) async fn redirect_relative_protocol(steps: &[Value]) {
        assert_eq!(follow_scenario(steps).await.0, blocked(AddressBlock::Loopback));
    }

    pub(super) async fn redirect_loop(_steps: &[Value]) {
        let server = Server::answering(redirect("302", "/")).await;
        let world = World::with_site(&["site.test"], &server);
        let error = fetch(&world.client(), "http://site.test/").await.unwrap_err();
        assert_eq!(error, OutsideError::TooManyRedirects { limit: 5 });
        assert_eq!(server.requests().len(), 6);
    }

    pub(super) async fn meta_refresh(steps: &[Value]) {
        let body = steps[0]["body"].as_str().unwrap();
        let server = Server::answering(ok(body)).await;
        let world = World::with_site(&["site.test"], &server);
        assert_eq!(fetch(&world.client(), "http://site.test/").await.unwrap().body, body);
        assert_eq!(server.requests().len(), 1);
    }

    pub(super) async fn alt_svc_to_internal(steps: &[Value]) {
        let value = steps[0]["headers"]["alt-svc"].as_str().unwrap();
        let answer = format!("HTTP/1.1 200 OK\r\nalt-svc: {value}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        let server = Server::start(move |_| Reply::Close(answer.clone().into_bytes())).await;
        let world = World::with_site(&["site.test"], &server);
        let client = world.client();
        for _ in 0..2 {
            fetch(&client, "http://site.test/").await.unwrap();
        }
        assert_eq!(world.dialled(), [PUBLIC; 2]);
    }

    /// The environment of a process cannot be changed safely while it runs, so the test runs itself with it.
    pub(super) async fn proxy_env_set(_steps: &[Value]) {
        const PROXY: &str = "http://127.0.0.1:9";
        if std::env::var_os("HTTP_PROXY").is_none_or(|proxy| proxy != PROXY) {
            let mut child = Command::new(std::env::current_exe().unwrap());
            for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
                child.env(name, PROXY);
            }
            child.env_remove("NO_PROXY").env_remove("no_proxy");
            let output = child.args(["--exact", "outside_scenarios::proxy_env_set"]).output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && text.contains("1 passed"), "{text}");
            return;
        }
        let server = Server::answering(ok("direct")).await;
        let world = World::with_site(&["site.test"], &server);
        assert_eq!(fetch(&world.client(), "http://site.test/").await.unwrap().body, "direct");
        assert_eq!(world.dialled(), [PUBLIC]);
        assert!(server.requests()[0].starts_with("GET / HTTP/1.1"), "no proxy form");
    }

    pub(super) async fn slow_header(_steps: &[Value]) {
        let server = Server::start(|_| Reply::Drip(ok("slow"), Duration::from_millis(100))).await;
        let world = World::with_site(&["site.test"], &server);
        let started = Instant::now();
        let mut request = get("http://site.test/");
        request.limits.total_ms = 300;
        let error = world.client().send(request).await.unwrap_err();
        assert_eq!(error, OutsideError::Timeout { limit_ms: 300 });
        assert!(started.elapsed() < Duration::from_secs(2));
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(server.written() < 12, "the connection was left open");
    }

    pub(super) async fn endless_body(_steps: &[Value]) {
        for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n"] {
            let server = Server::start(|_| Reply::Endless(head.into(), vec![b'x'; 4096])).await;
            expect_too_large(&server).await;
        }
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let server = Server::start(|_| Reply::Endless(head.into(), b"4\r\nabcd\r\n".to_vec())).await;
        expect_too_large(&server).await;
    }

    async fn expect_too_large(server: &Server) {
        let world = World::with_site(&["site.test"], server);
        let error = fetch(&world.client(), "http://site.test/").await.unwrap_err();
        assert_eq!(error, OutsideError::TooLarge { limit_bytes: LIMITS.response_bytes_max });
        tokio::time::sleep(Duration::from_millis(100)).await;
        let written = server.written();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(server.written(), written, "the connection was left open");
        assert!(written < BUFFERED_BYTES_MAX, "{written} bytes were taken");
    }

    pub(super) async fn gzip_bomb(_steps: &[Value]) {
        const PIECE: usize = 1024 * 1024;
        const PIECES: usize = 10 * 1024;
        let server = Server::start(|_| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            let mut left = PIECES;
            let make = move || {
                left = left.checked_sub(1)?;
                encoder.write_all(&vec![0; PIECE]).unwrap();
                encoder.flush().unwrap();
                Some(std::mem::take(encoder.get_mut()))
            };
            Reply::Made(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n".to_vec(), Box::new(make))
        })
        .await;
        expect_too_large(&server).await;
        // 64 KiB of zeros are about 100 bytes on the wire; what was written besides lay in buffers.
        assert!(server.written() < 1024 * 1024, "{} bytes were taken", server.written());
        // The other way round: blocks that unpack to nothing, without end.
        let head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec();
        let server = Server::start(move |_| Reply::Endless(head.clone(), [0, 0, 0, 0xff, 0xff].repeat(1_000))).await;
        expect_too_large(&server).await;
    }

    pub(super) async fn header_flood(_steps: &[Value]) {
        // Many small ones, and few that are large together.
        for (count, value_bytes) in [(100_000, 1), (50, 8 * 1024)] {
            let server = Server::start(move |_| {
                let mut lines = (0..count).map(move |n| format!("x-{n}: {}\r\n", "y".repeat(value_bytes)));
                Reply::Made(b"HTTP/1.1 200 OK\r\n".to_vec(), Box::new(move || Some(lines.next()?.into_bytes())))
            })
            .await;
            let world = World::with_site(&["site.test"], &server);
            let error = fetch(&world.client(), "http://site.test/").await.unwrap_err();
            assert_eq!(error, OutsideError::Protocol(ProtocolFailure::Headers));
            assert!(server.written() < HEADER_BYTES_MAX + BUFFERED_BYTES_MAX);
        }
    }

    pub(super) async fn status_999(_steps: &[Value]) {
        for (status, is_answer) in [("999", true), ("000", false), ("1000", false), ("abc", false)] {
            let answer = format!("HTTP/1.1 {status} Odd\r\ncontent-length: 0\r\n\r\n");
            let server = Server::answering(answer).await;
            let world = World::with_site(&["site.test"], &server);
            match fetch(&world.client(), "http://site.test/").await {
                Ok(response) => assert!(is_answer && response.status == 999 && !response.status.is_success()),
                Err(error) => assert!(!is_answer && error.code() == "protocol", "{status}: {error:?}"),
            }
        }
    }

    pub(super) async fn invalid_utf8_header(_steps: &[Value]) {
        let server = Server::answering(b"HTTP/1.1 200 OK\r\nx: \xff\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
        let world = World::with_site(&["site.test"], &server);
        let response = fetch(&world.client(), "http://site.test/").await.unwrap();
        assert_eq!(response.headers["x"].as_bytes(), b"\xff");
    }

    pub(super) async fn reset_mid_body(_steps: &[Value]) {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123456789";
        for how in [Reply::Reset as fn(Vec<u8>) -> Reply, Reply::Close] {
            let server = Server::start(move |_| how(head.into())).await;
            let world = World::with_site(&["site.test"], &server);
            let error = fetch(&world.client(), "http://site.test/").await.unwrap_err();
            assert_eq!(error, OutsideError::Protocol(ProtocolFailure::Incomplete));
        }
    }

    pub(super) async fn tls_self_signed(_steps: &[Value]) {
        super::super::outside_tls::refuses_self_signed().await;
    }

    pub(super) async fn tls_expired(_steps: &[Value]) {
        super::super::outside_tls::refuses_expired().await;
    }

    pub(super) async fn tls_wrong_host(_steps: &[Value]) {
        super::super::outside_tls::refuses_wrong_host().await;
    }

    /// HTTP/2 is never spoken: its frames are noise, and a server that offers nothing else is refused (see the tests of
    /// TLS).
    pub(super) async fn h2_rapid_reset_from_server(_steps: &[Value]) {
        let settings = b"\0\0\0\x04\0\0\0\0\0".to_vec();
        let storm = [&b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08"[..], b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0"].concat();
        let server = Server::start(move |_| Reply::Endless(settings.clone(), storm.repeat(100))).await;
        let world = World::with_site(&["site.test"], &server);
        let error = fetch(&world.client(), "http://site.test/").await.unwrap_err();
        assert_eq!(error, OutsideError::Protocol(ProtocolFailure::Malformed));
        assert!(server.written() < BUFFERED_BYTES_MAX);
    }

    pub(super) async fn internal_service_on_loopback(_steps: &[Value]) {
        let server = Server::answering(ok("admin")).await;
        let port = server.address.port();
        // The real resolver and dialer: only the guard stands between.
        let client = floe_runtime::outside::Outside::new(floe_runtime::outside::OutsideConfig::default());
        for host in ["127.0.0.1", "localhost", "127.1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "2130706433"] {
            let error = fetch(&client, &format!("http://{host}:{port}/")).await.unwrap_err();
            assert_eq!(error.code(), "blocked", "{host}");
        }
        assert_eq!(server.connections(), 0);
    }

    pub(super) async fn ipv6_scope_id(steps: &[Value]) {
        let world = World::new();
        let error = fetch(&world.client(), steps[0]["url"].as_str().unwrap()).await.unwrap_err();
        assert_eq!(error, OutsideError::InvalidUrl(Refusal::Malformed));
        assert!(world.dialled().is_empty());
    }
}
