//! The server that is fuzzed: a data folder of its own, one owner, a session and a key.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::crash::http::Request;
use crate::process::Stopwatch;
use crate::workspace::{Failure, Outcome, Workspace};

/// Time in which a debug build has to be up on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// Pause between two looks at whether it is up.
const PAUSE: Duration = Duration::from_millis(100);

const EMAIL: &str = "fuzz@floe.invalid";
const PASSWORD: &str = "wandering otter";

/// A server that answers. Killed when dropped.
pub(super) struct Server {
    child: Child,
    folder: PathBuf,
    /// Where it answers.
    pub(super) url: String,
    /// The owner's session, for `Authorization`.
    pub(super) session: String,
    /// A key of each kind that there is at the start.
    keys: BTreeMap<String, String>,
}

impl Server {
    /// Starts one on a free port of this machine.
    pub(super) fn start(workspace: &Workspace) -> Outcome<Self> {
        let binary = workspace.server_binary()?;
        let folder = workspace.target().join("tmp").join(format!("fuzz-api-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
        let keys = create_owner(workspace, &binary, &folder)?;
        let address = free_address()?;
        let mut serve = product(workspace, &binary);
        serve.args(["serve", "--quiet", "--listen", &address.to_string(), "--data"]).arg(&folder);
        serve.env("FLOE_RATE_LIMITS", "off").stdout(Stdio::null()).stderr(Stdio::null());
        let child = serve.spawn().map_err(|error| Failure::new(format!("cannot start the server: {error}")))?;
        let url = format!("http://{address}");
        let mut server = Self { child, folder, url, session: String::new(), keys };
        let waited = Stopwatch::start();
        while TcpStream::connect(address).is_err() {
            if waited.elapsed() > START_TIMEOUT {
                return Err(Failure::new("the server does not answer"));
            }
            pause();
        }
        server.session = sign_in(address)?;
        Ok(server)
    }

    /// The key of a kind.
    pub(super) fn key(&self, kind: &str) -> &str {
        self.keys.get(kind).map_or("", String::as_str)
    }

    /// Ends it; one that ended by itself meanwhile has failed.
    pub(super) fn stop(mut self) -> Outcome {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            _ => Err(Failure::new("the server ended while it was fuzzed")),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The binary without settings of this shell: it refuses names that it does not know, such as ours.
fn product(workspace: &Workspace, binary: &Path) -> Command {
    let mut command = workspace.command(binary);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("FLOE_")) {
        command.env_remove(name);
    }
    command
}

/// Makes the owner and the first keys; answers those by their kind.
fn create_owner(workspace: &Workspace, binary: &Path, folder: &Path) -> Outcome<BTreeMap<String, String>> {
    let mut create = product(workspace, binary);
    create.args([
        "admin",
        "create",
        "--name",
        "Fuzz",
        "--email",
        EMAIL,
        "--password-stdin",
        "--keys",
        "starter",
        "--json",
    ]);
    create.arg("--data").arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
    let broken = |error: std::io::Error| Failure::new(format!("cannot make an owner: {error}"));
    let mut child = create.spawn().map_err(broken)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(PASSWORD.as_bytes()).map_err(broken)?;
    }
    let output = child.wait_with_output().map_err(broken)?;
    let made: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let keys = made["keys"].as_array().into_iter().flatten();
    let pair = |key: &Value| Some((key["kind"].as_str()?.to_owned(), key["key"].as_str()?.to_owned()));
    let keys: BTreeMap<String, String> = keys.filter_map(pair).collect();
    if keys.contains_key("flows") { Ok(keys) } else { Err(Failure::new("floe admin create made no key of kind flows")) }
}

fn sign_in(address: SocketAddr) -> Outcome<String> {
    let body = json!({ "email": EMAIL, "password": PASSWORD, "transport": "token", "remember": true });
    let request = Request { credential: None, ..Request::post("/console/v1/session", "", body) };
    let answer = request.send(address).map_err(|broken| Failure::new(format!("cannot sign in: {broken:?}")))?;
    let token = answer.body["token"].as_str().map(str::to_owned);
    token.ok_or_else(|| Failure::new(format!("cannot sign in: {}", answer.status)))
}

#[expect(clippy::disallowed_methods, reason = "a server of another process says by nothing else that it is up")]
fn pause() {
    std::thread::sleep(PAUSE);
}

/// An address that is free now.
fn free_address() -> Outcome<SocketAddr> {
    let found = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    found.map_err(|error| Failure::new(format!("no free port: {error}")))
}
