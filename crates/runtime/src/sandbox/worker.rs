//! One child process as the parent sees it.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, timeout};

use super::job::{CodeFailure, FailureCode, JobLimits};
use super::limits::{READY_BYTES_MAX, READY_MS, REAP_MS};
use super::pool::SandboxConfig;
use super::protocol::{Reply, header, receive_frame};

/// A child that waits for a job or runs one. Dropping it kills the process.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    /// Jobs given to it so far.
    pub(super) jobs: u32,
    /// Since when it waits in the pool.
    pub(super) idle_since: Instant,
}

/// Why a child gave no answer. The child must be ended.
#[derive(Debug)]
pub(super) enum Broken {
    /// It did not answer in time.
    Late,
    /// It closed its streams, most likely because it ended.
    Closed,
    /// It sent what no honest child sends.
    Protocol(String),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late => f.write_str("no answer in time"),
            Self::Closed => f.write_str("closed its streams"),
            Self::Protocol(what) => write!(f, "broke the protocol: {what}"),
        }
    }
}

impl Worker {
    /// Starts a child with no stream but the two of the protocol, and with no environment but a word to the server's
    /// allocator: it would reserve more address space at once than the limits of a child leave it.
    ///
    /// # Errors
    /// The program cannot be started.
    pub(super) fn spawn(config: &SandboxConfig) -> io::Result<Self> {
        let mut child = Command::new(&config.program)
            .args(&config.args)
            .env_clear()
            .env("MIMALLOC_ARENA_RESERVE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        Ok(Self { child, input, output, jobs: 0, idle_since: Instant::now() })
    }

    /// Waits until the child can take a job: it has started, or has torn down the job before.
    pub(super) async fn ready(&mut self) -> Result<(), Broken> {
        let exchange = async {
            self.send(&[]).await.map_err(|_| Broken::Closed)?;
            self.receive(READY_BYTES_MAX).await
        };
        match timeout(Duration::from_millis(READY_MS), exchange).await {
            Ok(Ok(Reply::Ready)) => Ok(()),
            Ok(Ok(_)) => Err(Broken::Protocol("an answer without a job".to_owned())),
            Ok(Err(broken)) => Err(broken),
            Err(_) => Err(Broken::Late),
        }
    }

    /// Sends one job and waits for its answer, at most `grace_ms` longer than the job may run.
    pub(super) async fn run(&mut self, job: &[u8], limits: JobLimits, grace_ms: u64) -> Result<Reply<Value>, Broken> {
        self.jobs += 1;
        let exchange = async {
            // A child that ended before it read the whole job is found by the missing answer.
            let _ = self.send(job).await;
            self.receive(limits.reply_bytes_max()).await
        };
        match timeout(Duration::from_millis(limits.time_ms.saturating_add(grace_ms)), exchange).await {
            Ok(Ok(Reply::Ready)) => Err(Broken::Protocol("no answer to a job".to_owned())),
            Ok(answer) => answer,
            Err(_) => Err(Broken::Late),
        }
    }

    /// Ends the child. Gives how it had ended by itself, if it had.
    pub(super) async fn end(mut self, broken: &Broken) -> Option<ExitStatus> {
        let patience = Duration::from_millis(REAP_MS);
        if matches!(broken, Broken::Closed)
            && let Ok(Ok(status)) = timeout(patience, self.child.wait()).await
        {
            return Some(status);
        }
        // What cannot be reaped in time is reaped by the runtime later.
        let _ = timeout(patience, self.child.kill()).await;
        None
    }

    async fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        self.input.write_all(&header(frame)?).await?;
        self.input.write_all(frame).await?;
        self.input.flush().await
    }

    async fn receive(&mut self, bytes_max: usize) -> Result<Reply<Value>, Broken> {
        let frame = receive_frame(&mut self.output, bytes_max).await.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => Broken::Protocol(error.to_string()),
            _ => Broken::Closed,
        })?;
        serde_json::from_slice(&frame).map_err(|error| Broken::Protocol(error.to_string()))
    }
}

/// What a job's caller is told about a child that broke while it ran the job.
pub(super) fn failure(broken: &Broken, status: Option<ExitStatus>, limits: JobLimits) -> CodeFailure {
    let signal = status.and_then(|status| status.signal());
    let late = || CodeFailure::new(FailureCode::Timeout, format!("the code ran longer than {} ms", limits.time_ms));
    match (broken, signal) {
        (Broken::Late, _) => late(),
        (_, Some(signal)) if signal == rustix::process::Signal::XCPU.as_raw() => late(),
        // The system kills the largest process when memory is short.
        (_, Some(signal)) if signal == rustix::process::Signal::KILL.as_raw() => {
            CodeFailure::new(FailureCode::Memory, "the code was ended by the system, most likely for its use of memory")
        }
        _ => CodeFailure::new(FailureCode::Error, "the code made the JavaScript engine fail"),
    }
}
