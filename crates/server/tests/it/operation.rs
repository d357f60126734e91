//! Backups, restoring, upgrades, the doctor, metrics and TLS with the real binary.

use std::path::Path;
use std::sync::Arc;

use rcgen::generate_simple_self_signed;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::binary::{Folder, Server, create_admin, floe, output, text};

/// Runs a command in the folder; exit code, standard output, standard error.
fn run(folder: &Path, line: &[&str]) -> (Option<i32>, String, String) {
    let done = output(floe(folder).args(line));
    (done.status.code(), text(&done.stdout), text(&done.stderr))
}

fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("no document: {text:?}"))
}

#[test]
fn a_backup_becomes_a_server_with_the_same_owner() {
    let folder = Folder::new();
    let server = Server::start(&folder.0);
    assert_eq!(create_admin(&folder.0, "wandering otter").status.code(), Some(0));
    let (code, stdout, stderr) = run(&folder.0, &["backup", "--data", "data", "--json"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("the secret key is not inside"), "{stderr}");
    let through_server = document(&stdout);
    assert_eq!((&through_server["status"], &through_server["with_key"]), (&Value::from("done"), &Value::from(false)));
    assert!(
        Path::new(through_server["path"].as_str().expect("a path"))
            .starts_with(folder.0.join("data/backups").canonicalize().expect("it exists"))
    );
    assert_eq!(server.stop(), Some(0));

    let out = ["backup", "--data", "data", "--with-key", "-o", "out.floe-backup"];
    let (code, stdout, stderr) = run(&folder.0, &out);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("opened and checked") && !stderr.contains("not inside"), "{stdout}{stderr}");
    let (code, _, stderr) = run(&folder.0, &out);
    assert_eq!(code, Some(1), "a file is not written over: {stderr}");

    let (code, stdout, stderr) = run(&folder.0, &["restore", "out.floe-backup", "--data", "fresh", "--json"]);
    assert_eq!(code, Some(0), "{stderr}");
    let restored = document(&stdout);
    assert_eq!((&restored["key"], &restored["rows"]["workspaces"]), (&Value::from("restored"), &Value::from(1)));
    assert_eq!(restored["audit"]["problems"], Value::Array(Vec::new()));
    let fresh = ["serve", "--listen", "127.0.0.1:0", "--data", "fresh", "--json"];
    let server = Server::begin(floe(&folder.0).args(fresh));
    assert_eq!(server.banner["setup_url"], Value::Null, "there is an owner");
    let token = server.token(&["console.read"]);
    assert_eq!(server.get_as(&token, "/console/v1/session").0, 200);
    let (code, _, stderr) = run(&folder.0, &["restore", "out.floe-backup", "--data", "fresh", "--yes"]);
    assert_eq!(code, Some(8), "a server uses it: {stderr}");
    assert_eq!(server.stop(), Some(0));

    assert_eq!(run(&folder.0, &["restore", "out.floe-backup", "--data", "fresh"]).0, Some(8), "it is occupied");
    let (code, stdout, stderr) = run(&folder.0, &["restore", "out.floe-backup", "--data", "fresh", "--yes"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("what was there before is in "), "{stdout}");
    std::fs::write(folder.0.join("bad"), "no backup").expect("written");
    assert_eq!(run(&folder.0, &["restore", "bad", "--data", "other"]).0, Some(7));
    assert!(!folder.0.join("other").exists());
}

#[test]
fn a_database_is_upgraded_while_nobody_uses_it() {
    let folder = Folder::new();
    assert_eq!(run(&folder.0, &["migrate", "--data", "data"]).0, Some(4), "there is nothing");
    let server = Server::start(&folder.0);
    assert_eq!(run(&folder.0, &["migrate", "--data", "data"]).0, Some(8), "a server uses it");
    assert_eq!(server.stop(), Some(0));
    let (code, stdout, stderr) = run(&folder.0, &["migrate", "--dry-run", "--data", "data", "--json"]);
    assert_eq!(code, Some(0), "{stderr}");
    let done = document(&stdout);
    assert_eq!((&done["from"], &done["steps"]), (&done["to"], &Value::Array(Vec::new())));
    assert!(run(&folder.0, &["migrate", "--data", "data"]).1.contains("nothing to do"));
}

#[test]
fn the_doctor_looks_with_and_without_a_server() {
    let folder = Folder::new();
    let statuses = |line: &[&str]| {
        let (code, stdout, stderr) = run(&folder.0, line);
        let checks: Vec<Value> = stdout.lines().map(document).collect();
        assert!(!checks.is_empty(), "{stderr}");
        (code, checks)
    };
    let line = ["doctor", "--data", "data", "--json"];
    let (code, checks) = statuses(&line);
    assert_eq!((code, checks.len()), (Some(0), 1), "there is nothing to look at");
    assert!(!folder.0.join("data/floe.db").exists(), "a look makes nothing");
    let server = Server::start(&folder.0);
    assert_eq!(create_admin(&folder.0, "wandering otter").status.code(), Some(0));
    for running in [true, false] {
        let (code, checks) = statuses(&line);
        assert_eq!(code, Some(0), "{checks:?}");
        assert!(checks.len() >= 11 && checks.iter().all(|check| check["status"] != "fail"), "{running}: {checks:?}");
        assert!(checks.iter().any(|check| check["id"] == "audit" && check["status"] == "ok"), "{checks:?}");
        if running {
            // Asked through the socket, and then by itself.
            std::fs::remove_file(folder.0.join("data/operator.sock")).expect("the socket");
            assert_eq!(run(&folder.0, &line).0, Some(1), "the folder is in use");
            break;
        }
    }
    assert_eq!(server.stop(), Some(0));
    let (code, checks) = statuses(&line);
    assert!(code == Some(0) && checks.len() >= 11, "{checks:?}");
    let text = run(&folder.0, &["doctor", "--data", "data"]).1;
    assert!(text.contains("warn  Backups          there is none\n      Run floe backup"), "{text}");
    // Another key than the one that the data was made with.
    std::fs::write(folder.0.join("data/secret.key"), "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n")
        .expect("written");
    let (code, checks) = statuses(&line);
    let failed: Vec<&Value> = checks.iter().filter(|check| check["status"] == "fail").collect();
    assert_eq!(code, Some(1));
    assert!(failed.iter().any(|check| check["id"] == "secret_key" && check["fix"].is_string()), "{failed:?}");
    std::fs::write(folder.0.join("data/floe.db"), vec![7; 40_000]).expect("written");
    let (code, checks) = statuses(&line);
    assert_eq!((code, &checks[0]["status"]), (Some(1), &Value::from("fail")), "{checks:?}");
}

#[test]
fn metrics_count_requests_by_route_for_those_who_may_see_them() {
    let folder = Folder::new();
    let server = Server::start(&folder.0);
    for _ in 0..3 {
        assert_eq!(server.get("/health/live").0, 200);
    }
    assert_eq!(server.get("/console/v1/keys/secret-looking-text").0, 401);
    let (status, metrics) = server.get("/metrics");
    assert_eq!(status, 200);
    let line = |start: &str| {
        metrics.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start}: {metrics}"))
    };
    let live =
        line("floe_http_requests_total{surface=\"console\",route=\"/health/live\",method=\"GET\",status=\"200\"}");
    assert!(live.ends_with(" 3"), "{live}");
    line("floe_http_requests_total{surface=\"console\",route=\"/console/v1/keys/{id}\",method=\"GET\",status=\"401\"}");
    line("floe_http_request_seconds_bucket{surface=\"console\",le=\"0.001\"}");
    for name in [
        "floe_runs_open{",
        "floe_jobs_queued",
        "floe_job_lag_seconds",
        "floe_audit_unsealed",
        "floe_ledger_imbalance",
        "floe_store_seconds_count{op=\"read\"}",
        "floe_build_info{version=",
    ] {
        line(name);
    }
    assert!(!metrics.contains("secret-looking-text"));
    assert_eq!(server.stop(), Some(0));
    std::fs::write(folder.0.join("floe.toml"), "metrics_token = \"a metrics token\"\n").expect("written");
    let server = Server::start(&folder.0);
    assert_eq!(server.get("/metrics").0, 401);
    assert_eq!(server.get_as("another token", "/metrics").0, 401);
    assert_eq!(server.get_as("a metrics token", "/api/v1/metrics").0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_a_certificate_speaks_https_only() {
    let folder = Folder::new();
    let made = generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    std::fs::write(folder.0.join("cert.pem"), made.cert.pem()).expect("written");
    std::fs::write(folder.0.join("key.pem"), made.signing_key.serialize_pem()).expect("written");
    let toml = |key: &str| {
        let text = format!("tls_cert = \"cert.pem\"\n{key}");
        std::fs::write(folder.0.join("floe.toml"), text).expect("written");
    };
    toml("");
    assert_eq!(run(&folder.0, &["serve", "--listen", "127.0.0.1:0", "--data", "data"]).0, Some(2), "a key is missing");
    toml("tls_key = \"cert.pem\"\n");
    assert_eq!(run(&folder.0, &["serve", "--listen", "127.0.0.1:0", "--data", "data"]).0, Some(1), "no key in it");
    toml("tls_key = \"key.pem\"\n");
    let server = Server::start(&folder.0);
    let address = server.url().strip_prefix("https://").expect("an https address").to_owned();

    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from(made.cert.der().to_vec())).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = tokio::net::TcpStream::connect(&address).await.expect("it listens");
    let name = ServerName::try_from("localhost").expect("a name");
    let mut stream = connector.connect(name, stream).await.expect("a handshake");
    let request = format!("GET /health/live HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(text(&answer).starts_with("HTTP/1.1 200"), "{}", text(&answer));

    // Plain text on the same port is no conversation, and does not hold the others up.
    let mut plain = tokio::net::TcpStream::connect(&address).await.expect("it listens");
    plain.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!text(&answer).contains("HTTP/1.1 200"), "{}", text(&answer));
    assert_eq!(server.stop(), Some(0));
}
