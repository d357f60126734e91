#![expect(clippy::disallowed_methods, reason = "measures how long the binary takes to start and stop")]
//! The real binary: starting, answering, stopping, and the commands beside a running server.

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use floe_testkit::postgres::TestDatabase;
use serde_json::{Value, json};

/// Time in which a server of a debug build has to be up, on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// What the contract promises for a stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// A folder of its own, removed at the end.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("floe-binary-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The command line in a folder, without any setting of this machine but those that a test wrote to `floe.toml` there.
pub(crate) fn floe(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_floe"));
    command.env_clear().env("HOME", folder).current_dir(folder).stdin(Stdio::null());
    command
}

pub(crate) fn output(command: &mut Command) -> Output {
    command.output().expect("the binary runs")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// What it printed when it answered.
    pub(crate) banner: Value,
}

impl Server {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::begin(floe(folder).args(["serve", "--listen", "127.0.0.1:0", "--data", "data", "--json"]))
    }

    /// Starts a command that prints one document and goes on as a server.
    pub(crate) fn begin(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("the binary starts");
        let started = Instant::now();
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line of the server");
        assert!(started.elapsed() < START_TIMEOUT);
        let banner = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not a banner: {line:?}"));
        Self { child, banner }
    }

    pub(crate) fn url(&self) -> String {
        let address = self.banner["address"].as_str().or(self.banner["url"].as_str());
        address.expect("an address").to_owned()
    }

    /// GETs a path and answers status and body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let address = self.url().replace("http://", "");
        let mut stream = TcpStream::connect(&address).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
    }

    /// GETs a path with a credential and answers status and JSON body.
    pub(crate) fn get_as(&self, credential: &str, path: &str) -> (u16, Value) {
        self.send("GET", path, Some(credential), "")
    }

    /// POSTs a JSON document with a credential and answers status and JSON body.
    pub(crate) fn post(&self, path: &str, credential: Option<&str>, body: &Value) -> (u16, Value) {
        self.send("POST", path, credential, &body.to_string())
    }

    fn send(&self, method: &str, path: &str, credential: Option<&str>, body: &str) -> (u16, Value) {
        let authorization = credential.map(|text| format!("Authorization: Bearer {text}\r\n")).unwrap_or_default();
        self.send_with(method, path, &authorization, body)
    }

    /// Sends a JSON text with header lines, each with its end, and answers status and JSON body.
    pub(crate) fn send_with(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, Value) {
        let address = self.url().replace("http://", "");
        let mut stream = TcpStream::connect(&address).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}");
        write!(stream, "{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// A personal access token with these scopes of the owner that [`create_admin`] made.
    pub(crate) fn token(&self, scopes: &[&str]) -> String {
        let password = "wandering otter";
        let sign_in = json!({ "email": "ada@x.example", "password": password, "transport": "token" });
        let (status, session) = self.post("/console/v1/session", None, &sign_in);
        assert_eq!(status, 200, "{session}");
        let session = session["token"].as_str().expect("a session token").to_owned();
        let confirmed = self.post("/console/v1/session/confirm", Some(&session), &json!({ "password": password }));
        assert_eq!(confirmed.0, 200, "{}", confirmed.1);
        let wanted = json!({ "name": "test", "scopes": scopes });
        let (status, made) = self.post("/console/v1/tokens", Some(&session), &wanted);
        assert_eq!(status, 201, "{made}");
        made["token"].as_str().or(made["key"].as_str()).expect("a token").to_owned()
    }

    /// Asks the server to stop and answers its exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        let asked = Instant::now();
        let process =
            i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process id");
        rustix::process::kill_process(process, rustix::process::Signal::TERM).expect("signalled");
        let status = self.child.wait().expect("it ends");
        assert!(asked.elapsed() < STOP_TIMEOUT, "stopping took {:?}", asked.elapsed());
        status.code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_server_starts_answers_and_stops() {
    let folder = Folder::new();
    let server = Server::start(&folder.0);
    assert_eq!(server.get("/health/live"), (200, "{\"status\":\"ok\"}".to_owned()));
    let (status, body) = server.get("/health/ready");
    assert_eq!(status, 200, "{body}");
    for check in ["store", "migrations", "worker", "disk"] {
        assert!(body.contains(&format!("\"{check}\":\"ok\"")), "{body}");
    }
    let mode = |name: &str| std::fs::metadata(folder.0.join(name)).expect("it exists").permissions().mode() & 0o777;
    assert_eq!(mode("data"), 0o700);
    for file in ["data/secret.key", "data/operator.sock", "data/floe.db"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
    assert_eq!(server.stop(), Some(0));
    assert!(!folder.0.join("data/operator.sock").exists());
}

#[test]
fn a_killed_server_leaves_a_folder_that_starts_again_and_two_never_share_one() {
    let folder = Folder::new();
    let first = Server::start(&folder.0);
    let second = output(floe(&folder.0).args(["serve", "--listen", "127.0.0.1:0", "--data", "data"]));
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second.stderr).contains("error: "), "{}", text(&second.stderr));
    drop(first);
    assert_eq!(Server::start(&folder.0).stop(), Some(0));
}

#[test]
fn a_second_signal_ends_a_server_that_still_serves() {
    let folder = Folder::new();
    let server = Server::start(&folder.0);
    let address = server.url().replace("http://", "");
    let mut busy = TcpStream::connect(address).expect("the server listens");
    busy.write_all(b"POST /health/live HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n").expect("sent");
    // The half request keeps a connection busy until its limits; the stop does not wait for that.
    assert_eq!(server.stop(), Some(0));
}

/// `floe admin create` with a password on standard input.
pub(crate) fn create_admin(folder: &Path, password: &str) -> Output {
    let mut command = floe(folder);
    command.args([
        "admin",
        "create",
        "--data",
        "data",
        "--name",
        "Ada",
        "--email",
        "Ada@x.example",
        "--password-stdin",
    ]);
    let child = command.args(["--keys", "starter", "--mode", "test", "--json"]).stdin(Stdio::piped());
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    child.stdin.take().expect("piped").write_all(password.as_bytes()).expect("sent");
    child.wait_with_output().expect("it ends")
}

fn setup_token(url: &str) -> &str {
    url.split_once("/ui/setup#token=").map(|(_, token)| token).unwrap_or_else(|| panic!("no set-up link: {url:?}"))
}

/// Everything that needs no credential but the folder, with or without a running server.
fn check_first_owner(folder: &Folder) {
    let run = |line: &[&str]| output(floe(&folder.0).args(line).args(["--data", "data"]));
    let link = run(&["setup-link"]);
    assert_eq!(link.status.code(), Some(0), "{}", text(&link.stderr));
    assert_eq!(setup_token(text(&link.stdout).trim()).len(), 43);
    assert_eq!(run(&["key", "list"]).status.code(), Some(4), "there is no workspace yet");

    assert_eq!(create_admin(&folder.0, "short\n").status.code(), Some(2));
    let made = create_admin(&folder.0, "wandering otter\n");
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    let made: Value = serde_json::from_slice(&made.stdout).expect("one JSON document");
    assert_eq!(
        (&made["member"]["email"], &made["keys"][0]["mode"]),
        (&Value::from("ada@x.example"), &Value::from("test"))
    );
    let texts: Vec<&str> =
        made["keys"].as_array().into_iter().flatten().filter_map(|key| key["key"].as_str()).collect();
    assert_eq!(texts.len(), 5, "one of each kind but the management of placements");
    assert!(texts.iter().any(|key| key.starts_with("fl_test_")), "{made}");
    assert_eq!(create_admin(&folder.0, "wandering otter\n").status.code(), Some(8));
    assert_eq!(run(&["setup-link"]).status.code(), Some(8));

    let key = run(&["key", "create", "--name", "ci", "--scope", "flows.run", "--json"]);
    let key: Value = serde_json::from_slice(&key.stdout).unwrap_or_else(|_| panic!("{}", text(&key.stderr)));
    let id = key["id"].as_str().expect("an id");
    let rotated = run(&["key", "rotate", id, "--quiet"]);
    assert!(text(&rotated.stdout).starts_with("fl_live_"), "{}", text(&rotated.stderr));
    assert_eq!(run(&["key", "rotate", id]).status.code(), Some(5), "rotated already");
    assert_eq!(run(&["key", "revoke", id]).status.code(), Some(0));
    assert_eq!(run(&["key", "revoke", "key_nonsense"]).status.code(), Some(4));
    let list = text(&run(&["key", "list", "--json"]).stdout);
    assert_eq!((list.lines().count(), list.matches("\"status\":\"active\"").count()), (7, 6), "{list}");
    assert!(!list.contains(key["key"].as_str().expect("a text")), "a text is shown once");
    assert_eq!(run(&["key", "create", "--kind", "nonsense", "--name", "x"]).status.code(), Some(2));
}

#[test]
fn the_owner_of_the_folder_sets_up_through_a_running_server() {
    let folder = Folder::new();
    let server = Server::start(&folder.0);
    setup_token(server.banner["setup_url"].as_str().expect("a set-up link"));
    check_first_owner(&folder);
    assert_eq!(server.stop(), Some(0));
    assert_eq!(Server::start(&folder.0).banner["setup_url"], Value::Null);
}

#[test]
fn the_owner_of_the_folder_sets_up_without_a_server() {
    let folder = Folder::new();
    check_first_owner(&folder);
    assert_eq!(Server::start(&folder.0).banner["setup_url"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_share_a_postgresql_when_they_have_one_key() {
    let Some(database) = TestDatabase::create().await else { return };
    let (one, other) = (Folder::new(), Folder::new());
    for folder in [&one, &other] {
        std::fs::write(folder.0.join("floe.toml"), format!("database_url = \"{}\"\n", database.url())).expect("a file");
    }
    let server = Server::start(&one.0);
    assert_eq!(server.banner["database"], "PostgreSQL");
    let with_own_key = output(floe(&other.0).args(["serve", "--listen", "127.0.0.1:0", "--data", "data"]));
    assert_eq!(with_own_key.status.code(), Some(1));
    assert!(text(&with_own_key.stderr).contains("FLOE_SECRET_KEY"), "{}", text(&with_own_key.stderr));
    std::fs::copy(one.0.join("data/secret.key"), other.0.join("data/secret.key")).expect("the key");
    let second = Server::start(&other.0);
    assert_eq!(second.stop(), Some(0));
    check_first_owner(&one);
    assert_eq!(server.stop(), Some(0));
    let list = output(floe(&one.0).args(["key", "list", "--data", "data", "--json"]));
    assert_eq!(text(&list.stdout).lines().count(), 7, "{}", text(&list.stderr));
}

#[test]
fn a_token_of_the_owner_works_in_the_command_line() {
    let folder = Folder::new();
    let server = Server::start(&folder.0);
    assert_eq!(create_admin(&folder.0, "wandering otter").status.code(), Some(0));
    let token = server.token(&["console.read", "admin"]);
    let run = |line: &[&str]| {
        let mut command = floe(&folder.0);
        output(command.env("FLOE_URL", server.url()).env("FLOE_TOKEN", &token).args(line))
    };

    let who = run(&["whoami"]);
    assert!(text(&who.stdout).starts_with("Ada <ada@x.example>, owner of Main"), "{who:?}");
    assert_eq!(run(&["login"]).status.code(), Some(0));
    let remembered = output(floe(&folder.0).arg("whoami"));
    assert_eq!(remembered.status.code(), Some(0), "{remembered:?}");
    let mode = std::fs::metadata(folder.0.join(".config/floe/profile.json")).expect("a profile").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let made = run(&["key", "create", "--name", "ci", "--mode", "test", "--json"]);
    let made: Value = serde_json::from_slice(&made.stdout).unwrap_or_else(|_| panic!("{made:?}"));
    let id = made["id"].as_str().expect("an id");
    assert_eq!(run(&["key", "revoke", id]).status.code(), Some(0));
    let list = text(&run(&["key", "list", "--json"]).stdout);
    assert!(list.contains("\"status\":\"revoked\""), "{list}");
    let wrong = output(floe(&folder.0).args(["whoami", "--token", "pat_wrong", "--url", &server.url()]));
    assert_eq!(wrong.status.code(), Some(3));
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn wrong_settings_end_with_code_2_and_name_the_nearest() {
    let folder = Folder::new();
    let refused = output(floe(&folder.0).arg("config").env("FLOE_LISTN", "x"));
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("the nearest is FLOE_LISTEN"), "{}", text(&refused.stderr));
    assert_eq!(output(floe(&folder.0).arg("nonsense")).status.code(), Some(2));
    assert_eq!(output(floe(&folder.0).args(["serve", "--listen", "nowhere"])).status.code(), Some(2));
    assert!(!folder.0.join("floe-data").exists(), "nothing was made");
}

#[test]
fn config_shows_origins_and_hides_secrets() {
    let folder = Folder::new();
    std::fs::write(folder.0.join("floe.toml"), "workers = 7\n").expect("a file");
    let mut command = floe(&folder.0);
    let shown = output(command.args(["config", "--json", "--mode", "test"]).env("FLOE_TOKEN", "pat_secret"));
    assert_eq!(shown.status.code(), Some(0));
    let lines: Vec<Value> =
        text(&shown.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON lines")).collect();
    let line = |key: &str| lines.iter().find(|line| line["key"] == key).unwrap_or_else(|| panic!("no {key}")).clone();
    assert_eq!((&line("workers")["value"], &line("workers")["origin"]), (&Value::from("7"), &Value::from("file")));
    assert_eq!((&line("mode")["value"], &line("mode")["origin"]), (&Value::from("test"), &Value::from("flag")));
    assert_eq!((&line("token")["value"], &line("token")["origin"]), (&Value::from("***"), &Value::from("env")));
    assert!(!text(&shown.stdout).contains("pat_secret"));
}

#[test]
fn commands_without_a_server_or_token_say_so() {
    let folder = Folder::new();
    let denied = output(floe(&folder.0).args(["flow", "list"]));
    assert_eq!(denied.status.code(), Some(3), "{}", text(&denied.stderr));
    let unreachable =
        output(floe(&folder.0).args(["whoami", "--url", "http://127.0.0.1:9", "--token", "pat_x", "--json"]));
    assert_eq!(unreachable.status.code(), Some(6), "{}", text(&unreachable.stderr));
    let error: Value = serde_json::from_slice(&unreachable.stderr).expect("one JSON document");
    assert_eq!(error["code"], "unreachable");
    let no_terminal = output(floe(&folder.0).arg("login"));
    assert_eq!(no_terminal.status.code(), Some(2));
    assert!(text(&no_terminal.stderr).contains("--token-stdin"));
}

#[test]
fn version_and_validate_need_nothing() {
    let folder = Folder::new();
    let version = output(floe(&folder.0).arg("version"));
    assert!(text(&version.stdout).starts_with("floe "));
    let flow = |definition: &str| format!("{{\"name\":\"n\",\"definition\":{definition}}}");
    let good = "{\"steps\":[{\"id\":\"a\",\"type\":\"api\",\"nextStepId\":\"b\"},{\"id\":\"b\",\"type\":\"final\",\"data\":{\"outputs\":{}}}]}";
    std::fs::write(folder.0.join("good.flow.json"), flow(good)).expect("a file");
    std::fs::write(
        folder.0.join("bad.flow.json"),
        flow("{\"steps\":[{\"id\":\"a\",\"type\":\"api\",\"nextStepId\":\"x\"}]}"),
    )
    .expect("a file");
    let valid = output(floe(&folder.0).args(["flow", "validate", "good.flow.json"]));
    assert_eq!(valid.status.code(), Some(0), "{}{}", text(&valid.stdout), text(&valid.stderr));
    let invalid = output(floe(&folder.0).args(["flow", "validate", "good.flow.json", "bad.flow.json"]));
    assert_eq!(invalid.status.code(), Some(7));
    assert!(text(&invalid.stdout).starts_with("bad.flow.json:/definition/steps/0"), "{}", text(&invalid.stdout));
    assert!(text(&invalid.stdout).contains(" error dangling_next "), "{}", text(&invalid.stdout));
}

#[test]
fn a_socket_file_that_nobody_answers_is_no_server() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.0.join("data")).expect("a folder");
    std::fs::set_permissions(folder.0.join("data"), Permissions::from_mode(0o700)).expect("a mode");
    drop(std::os::unix::net::UnixListener::bind(folder.0.join("data/operator.sock")).expect("a socket"));
    assert_eq!(Server::start(&folder.0).stop(), Some(0));
}
