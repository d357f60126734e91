//! A real model server for one test run, on a free port of this machine; stopped when it is dropped.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::setup::model_server::{self, Parts};
use crate::workspace::Workspace;

/// Tries until the model must be loaded.
const START_TRIES: u32 = 600;
/// Pause between two of them.
const START_PAUSE: Duration = Duration::from_millis(100);

/// One thread: with more than one on a busy machine the server waits for itself. It ends when its standard input does, so that it
/// outlives no run.
const SERVE: &str = r#"
import sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.n_ctx = 4096
params.hostnames = ["127.0.0.1"]
params.port = int(sys.argv[2])
params.use_jinja = True
params.cpuparams.n_threads = 1
params.cpuparams_batch.n_threads = 1
params.n_parallel = 2
server = xllamacpp.Server(params)
sys.stdin.read()
"#;

/// A running server.
pub(crate) struct ModelServer {
    port: u16,
    process: Child,
}

impl ModelServer {
    /// Installs what is missing and starts the server.
    ///
    /// # Errors
    /// One line that says what is missing, or that it did not start.
    pub(crate) fn start(workspace: &Workspace) -> Result<Self, String> {
        let Parts { python, model } = model_server::ensure(workspace)?;
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let port = free.map_err(|error| format!("no free port: {error}"))?.port();
        let mut command = workspace.command(python);
        command.args(["-c", SERVE]).arg(model).arg(port.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().map_err(|error| format!("the model server does not start: {error}"))?;
        let mut server = Self { port, process };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// Its address, without a path.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn wait_until_ready(&mut self) -> Result<(), String> {
        for _ in 0..START_TRIES {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.process.try_wait() {
                return Err(format!("the model server ended with {status}"));
            }
            #[expect(clippy::disallowed_methods, reason = "waits for a process of which only polling tells")]
            std::thread::sleep(START_PAUSE);
        }
        Err("the model server did not start".to_owned())
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
