//! The measured server: a process of its own, and what the kernel says of it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child as Process, Command};

/// Longest wait for the first answer.
const READY_MAX: Duration = Duration::from_secs(20);
/// Pause between two tries to reach the server.
const READY_PAUSE: Duration = Duration::from_millis(1);
/// Longest wait for its end.
const STOP_MAX: Duration = Duration::from_secs(6);
/// Clock ticks of `/proc` a second; the same on every Linux that Floe runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running server.
pub(super) struct Child {
    process: Process,
    pub(super) address: SocketAddr,
    /// From the start of the process to its first answer, in milliseconds.
    pub(super) ready_ms: f64,
    counts_postgres: bool,
}

impl Child {
    /// Starts a server on a data folder and waits for its first answer.
    pub(super) async fn start(folder: &Path, database: Option<&str>) -> anyhow::Result<Self> {
        Self::start_with(folder, database, &[]).await
    }

    /// The same with settings of its own.
    pub(super) async fn start_with(
        folder: &Path,
        database: Option<&str>,
        settings: &[(&'static str, String)],
    ) -> anyhow::Result<Self> {
        let address = free_address()?;
        let mut command = program()?;
        command
            .args(["--quiet", "bench-server", "--listen", &address.to_string(), "--data"])
            .arg(folder)
            .env("FLOE_RATE_LIMITS", "off")
            .env("FLOE_RUNS_PER_WORKSPACE", "1000")
            .env("FLOE_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        if let Some(url) = database {
            command.env("FLOE_DATABASE_URL", url);
        }
        command.envs(settings.iter().map(|(name, value)| (*name, value)));
        Self::spawn(command, address, database.is_some()).await
    }

    /// Starts the bare handler and waits for its first answer.
    pub(super) async fn start_bare() -> anyhow::Result<Self> {
        let address = free_address()?;
        let mut command = program()?;
        command.args(["--quiet", "bench-bare", "--listen", &address.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        Self::spawn(command, address, false).await
    }

    async fn spawn(mut command: Command, address: SocketAddr, counts_postgres: bool) -> anyhow::Result<Self> {
        let started = now();
        let process = command.spawn().context("the server could not be started")?;
        let mut child = Self { process, address, ready_ms: 0.0, counts_postgres };
        child.wait_until_ready(started).await?;
        child.ready_ms = started.elapsed().as_secs_f64() * 1_000.0;
        Ok(child)
    }

    /// Ends the server and starts it again on the same folder.
    pub(super) async fn restart(&mut self, folder: &Path, database: Option<&str>) -> anyhow::Result<()> {
        self.stop().await;
        *self = Self::start(folder, database).await?;
        Ok(())
    }

    /// Asks it to end and waits for that.
    pub(super) async fn stop(&mut self) {
        let Some(pid) = self.process.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())) else {
            return;
        };
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = tokio::time::timeout(STOP_MAX, self.process.wait()).await;
    }

    /// Processor time of the server so far, in milliseconds; with PostgreSQL that of all its processes too.
    pub(super) fn cpu_ms(&self) -> f64 {
        let own = self.process.id().map_or(0.0, cpu_ms_of);
        if self.counts_postgres {
            own + processes_named("postgres").into_iter().map(cpu_ms_of).sum::<f64>()
        } else {
            own
        }
    }

    /// Memory that it holds now.
    pub(super) fn resident_bytes(&self) -> u64 {
        self.status_kib("VmRSS:") * 1_024
    }

    /// Most memory that it held.
    pub(super) fn peak_bytes(&self) -> u64 {
        self.status_kib("VmHWM:") * 1_024
    }

    /// Bytes that it caused to be written to disk.
    pub(super) fn written_bytes(&self) -> u64 {
        let text = self.proc_file("io");
        field(&text, "write_bytes:").unwrap_or(0)
    }

    fn status_kib(&self, name: &str) -> u64 {
        field(&self.proc_file("status"), name).unwrap_or(0)
    }

    fn proc_file(&self, name: &str) -> String {
        let path = format!("/proc/{}/{name}", self.process.id().unwrap_or(0));
        std::fs::read_to_string(path).unwrap_or_default()
    }

    async fn wait_until_ready(&mut self, started: Instant) -> anyhow::Result<()> {
        while started.elapsed() < READY_MAX {
            if is_ready(self.address).await {
                return Ok(());
            }
            if let Some(status) = self.process.try_wait()? {
                bail!("the server ended at once: {status}");
            }
            tokio::time::sleep(READY_PAUSE).await;
        }
        bail!("the server did not answer within {} s", READY_MAX.as_secs())
    }
}

fn program() -> anyhow::Result<Command> {
    Ok(Command::new(std::env::current_exe().context("the path of this program")?))
}

/// Size of this program.
pub(super) fn binary_bytes() -> u64 {
    std::env::current_exe().and_then(std::fs::metadata).map_or(0, |file| file.len())
}

#[expect(clippy::disallowed_methods, reason = "the bench measures elapsed time")]
pub(super) fn now() -> Instant {
    Instant::now()
}

async fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address).await else { return false };
    let request = b"GET /health/ready HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
    let mut answer = Vec::new();
    stream.write_all(request).await.is_ok()
        && stream.read_to_end(&mut answer).await.is_ok()
        && answer.starts_with(b"HTTP/1.1 200")
}

fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?)
}

fn cpu_ms_of(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name may hold spaces and brackets; the fields after the last bracket are numbered from 3.
    let Some((_, rest)) = text.rsplit_once(')') else { return 0.0 };
    let ticks = rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() * 1_000.0 / TICKS_PER_SECOND
}

fn processes_named(name: &str) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name))
        .collect()
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
