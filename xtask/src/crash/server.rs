//! The server process: how it is started, killed and stopped.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use super::time;
use crate::workspace::{Failure, Outcome};

/// Time in which a server of a debug build has to be up on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Time in which a server has to have stopped (console contract, section 1), with room for a busy machine.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);
/// The key that nodes share: 32 bytes in base64.
const SECRET_KEY: &str = "Y3Jhc2gtcHJvb2Ytc2VjcmV0LWtleS0zMi1ieXRlcyE=";
/// Runs that move at a time: fewer than the clients start, so that runs are queued too.
const RUNS_PER_WORKSPACE: usize = 14;

/// How the server is started.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    binary: PathBuf,
    folder: PathBuf,
    settings: Vec<(&'static str, String)>,
}

/// A server that answers. Killed when dropped.
pub(super) struct Server {
    child: Child,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// Held open, so that the server can print.
    _stdout: BufReader<ChildStdout>,
}

impl Launch {
    /// The `node`-th of `nodes` servers.
    pub(super) fn new(
        binary: &Path,
        folder: &Path,
        database_url: Option<&str>,
        allow: String,
        (node, nodes): (usize, usize),
    ) -> Self {
        let mut settings = vec![
            ("FLOE_RATE_LIMITS", "off".to_owned()),
            ("FLOE_OUTBOUND_ALLOW", allow),
            ("FLOE_LOG_FORMAT", "json".to_owned()),
            ("FLOE_RUNS_PER_WORKSPACE", RUNS_PER_WORKSPACE.to_string()),
            ("FLOE_DATA_DIR", if node == 0 { "data".to_owned() } else { format!("data-{node}") }),
        ];
        // Nodes know the same keys and secrets.
        settings.extend((nodes > 1).then(|| ("FLOE_SECRET_KEY", SECRET_KEY.to_owned())));
        settings.extend(database_url.map(|url| ("FLOE_DATABASE_URL", url.to_owned())));
        Self { binary: binary.to_owned(), folder: folder.to_owned(), settings }
    }

    /// The same with more settings.
    pub(super) fn with(mut self, settings: &[(&'static str, &str)]) -> Self {
        self.settings.extend(settings.iter().map(|(name, value)| (*name, (*value).to_owned())));
        self
    }

    /// The binary in the folder, with no setting of this machine.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.env_clear().env("HOME", &self.folder).current_dir(&self.folder).stdin(Stdio::null());
        command.envs(self.settings.iter().map(|(name, value)| (*name, value)));
        command
    }

    /// Runs a command of the binary; answers the JSON documents that it prints, one a line, however it ends.
    pub(super) fn command_lines(&self, arguments: &[&str]) -> Outcome<Vec<Value>> {
        let failed = |error: std::io::Error| Failure(format!("floe {}: {error}", arguments.join(" ")));
        let output = self.command().args(arguments).output().map_err(failed)?;
        let printed = String::from_utf8_lossy(&output.stdout);
        Ok(printed.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    /// Runs a command of the binary with a line on its standard input; answers the JSON document that it prints.
    pub(super) fn command_line(&self, arguments: &[&str], line: &str) -> Outcome<Value> {
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let failed = |error: std::io::Error| Failure(format!("floe {}: {error}", arguments.join(" ")));
        let mut child = command.spawn().map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(line.as_bytes()).map_err(failed)?;
        }
        let output = child.wait_with_output().map_err(failed)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Failure(format!("floe {}: {said}", arguments.join(" "))));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| Failure(format!("floe printed no JSON: {error}")))
    }

    /// Where the server logs.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// Starts the server and waits until it answers.
    pub(super) fn start(&self) -> Outcome<Server> {
        let mut child = self.spawn(Stdio::piped())?;
        let stdout = child.stdout.take().ok_or_else(|| Failure::new("the server has no standard output"))?;
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stdout);
            let mut line = String::new();
            let _ = reader.read_line(&mut line);
            let _ = sender.send((reader, line));
        });
        let banner = receiver.recv_timeout(START_TIMEOUT);
        let address = banner.as_ref().ok().and_then(|(_, line)| address_in(line));
        match (banner, address) {
            (Ok((reader, _)), Some(address)) => Ok(Server { child, address, _stdout: reader }),
            _ => {
                let _ = child.kill();
                let status = child.wait().map(|status| status.to_string()).unwrap_or_default();
                Err(Failure(format!("the server did not start ({status}): {}", self.last_lines())))
            }
        }
    }

    /// Starts the server and kills it before it may be up.
    pub(super) fn start_and_kill(&self, after_ms: u64) -> Outcome {
        let mut child = self.spawn(Stdio::null())?;
        time::pause_ms(after_ms);
        let ended = child.try_wait().ok().flatten();
        let _ = child.kill();
        let _ = child.wait();
        match ended {
            Some(status) => {
                Err(Failure(format!("the server ended while it started ({status}): {}", self.last_lines())))
            }
            None => Ok(()),
        }
    }

    fn spawn(&self, stdout: Stdio) -> Outcome<Child> {
        let failed = |error: std::io::Error| Failure(format!("{}: {error}", self.binary.display()));
        let log: File = OpenOptions::new().create(true).append(true).open(self.log()).map_err(failed)?;
        let mut command = self.command();
        command.args(["serve", "--listen", "127.0.0.1:0", "--json"]).stdout(stdout).stderr(log);
        command.spawn().map_err(failed)
    }

    fn last_lines(&self) -> String {
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Server {
    /// Process id.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL. Returns when the process is gone and its connections are closed.
    pub(super) fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGSTOP: it stands still, and knows nothing of it.
    pub(super) fn halt(&self) {
        let _ = Command::new("kill").args(["-STOP", &self.child.id().to_string()]).status();
    }

    /// SIGCONT.
    pub(super) fn resume(&self) {
        let _ = Command::new("kill").args(["-CONT", &self.child.id().to_string()]).status();
    }

    /// SIGTERM.
    ///
    /// # Errors
    /// When it does not end in time, or not with code 0.
    pub(super) fn stop(mut self) -> Result<(), String> {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let mut status = None;
        time::wait_until(STOP_TIMEOUT, || {
            status = self.child.try_wait().ok().flatten();
            status.is_some()
        });
        match status {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(format!("a server that was asked to stop ended with {status}")),
            None => Err(format!("a server that was asked to stop had not ended after {STOP_TIMEOUT:?}")),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address_in(banner: &str) -> Option<SocketAddr> {
    let banner: Value = serde_json::from_str(banner).ok()?;
    banner["address"].as_str()?.trim_start_matches("http://").parse().ok()
}
