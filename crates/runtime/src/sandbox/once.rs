//! One piece of work in a child process of its own: for reading what others wrote, such as uploaded files, with libraries that may crash,
//! loop or take all memory. The child gives up what it does not need, does its work, answers and ends.
//!
//! It answers on its standard error: libraries print to standard output, and a word between would spoil the answer.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Resource;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::child::{confine, set_soft};
use super::limits::{ADDRESS_SLACK_BYTES, CPU_SLACK_SECONDS, REAP_MS};
use super::protocol::{header, read_frame, receive_frame, write_frame};

const EXIT_NOT_CONFINED: u8 = 3;
const EXIT_PROTOCOL: u8 = 4;
/// The work panicked.
const EXIT_PANIC: u8 = 5;
/// The answer is larger than allowed.
const EXIT_TOO_LARGE: u8 = 6;

/// What one piece of work may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnceLimits {
    /// Wall time in milliseconds.
    pub time_ms: u64,
    /// Memory in bytes, beside what the program itself takes.
    pub memory_bytes: u64,
    /// Largest input in bytes.
    pub input_bytes: usize,
    /// Largest answer in bytes.
    pub output_bytes: usize,
}

/// How children are started and how many.
#[derive(Debug, Clone)]
pub struct OnceConfig {
    /// The program that calls [`once_main`].
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Children at a time.
    pub children_max: usize,
    /// How long work may wait for its turn, in milliseconds.
    pub queue_wait_ms: u64,
}

impl OnceConfig {
    /// The running program itself with an argument; on Linux `/proc/self/exe` stays right when the file on disk is replaced.
    #[must_use]
    pub fn own(argument: &str) -> Self {
        let program = PathBuf::from("/proc/self/exe");
        Self { program, args: vec![argument.to_owned()], children_max: 2, queue_wait_ms: 15_000 }
    }
}

/// Why work gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OnceFailure {
    /// Other work took too long; try again later.
    #[error("too much other work waits")]
    Overloaded,
    /// No child could be started; the reason is for the operator's log.
    #[error("no child process could be started: {0}")]
    Unavailable(String),
    /// It did not end in time.
    #[error("it took longer than {0} ms")]
    Late(u64),
    /// The child ended without an answer: it crashed, or used more memory than it may.
    #[error("it crashed or used too much memory")]
    Crashed,
    /// The input or the answer is larger than allowed.
    #[error("it is too large")]
    TooLarge,
}

/// Runs work in children, one child for each piece. Clones share the bound. Needs a tokio runtime with I/O and time.
#[derive(Debug, Clone)]
pub struct Once {
    config: Arc<OnceConfig>,
    slots: Arc<Semaphore>,
}

impl Once {
    /// No child runs until there is work.
    #[must_use]
    pub fn new(config: OnceConfig) -> Self {
        let slots = Arc::new(Semaphore::new(config.children_max.clamp(1, Semaphore::MAX_PERMITS)));
        Self { config: Arc::new(config), slots }
    }

    /// Gives the input to a child and returns its answer. Dropping the future kills the child.
    ///
    /// # Errors
    /// See [`OnceFailure`].
    pub async fn run(&self, input: &[u8], limits: OnceLimits) -> Result<Vec<u8>, OnceFailure> {
        if input.len() > limits.input_bytes {
            return Err(OnceFailure::TooLarge);
        }
        let wait = Duration::from_millis(self.config.queue_wait_ms);
        let Ok(Ok(slot)) = timeout(wait, self.slots.acquire()).await else { return Err(OnceFailure::Overloaded) };
        let mut child = self.spawn().map_err(|error| OnceFailure::Unavailable(error.to_string()))?;
        let limit = Duration::from_millis(limits.time_ms);
        let answer = match timeout(limit, exchange(&mut child, input, limits.output_bytes)).await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(end_of(&mut child).await),
            Err(_) => Err(OnceFailure::Late(limits.time_ms)),
        };
        // Whatever it answered, its work is done; what cannot be reaped in time is reaped by the runtime later.
        let _ = timeout(Duration::from_millis(REAP_MS), child.kill()).await;
        drop(slot);
        answer
    }

    fn spawn(&self) -> io::Result<Child> {
        Command::new(&self.config.program)
            .args(&self.config.args)
            .env_clear()
            .env("MIMALLOC_ARENA_RESERVE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }
}

/// The answer of the child; none when it gave none, or something else: what the system says of a crash stands there too.
async fn exchange(child: &mut Child, input: &[u8], output_bytes: usize) -> Option<Vec<u8>> {
    let (mut to, mut from) = (child.stdin.take()?, child.stderr.take()?);
    // A child that ended before it read everything is found by the missing answer.
    if to.write_all(&header(input).ok()?).await.is_ok() {
        let _ = to.write_all(input).await;
    }
    let _ = to.shutdown().await;
    receive_frame(&mut from, output_bytes).await.ok()
}

/// How a child ended that gave no answer.
async fn end_of(child: &mut Child) -> OnceFailure {
    match timeout(Duration::from_millis(REAP_MS), child.wait()).await {
        Ok(Ok(status)) if status.code() == Some(i32::from(EXIT_TOO_LARGE)) => OnceFailure::TooLarge,
        _ => OnceFailure::Crashed,
    }
}

/// The child's side: call it first thing in `main`, before any thread is started. Gives up files, core dumps, further processes, unbounded
/// memory and processor time, then does the work. A panic of the work ends the process without an answer.
pub fn once_main(limits: OnceLimits, work: impl FnOnce(&[u8]) -> Vec<u8>) -> ExitCode {
    let seconds = limits.time_ms.div_ceil(1_000) + CPU_SLACK_SECONDS;
    let confined = confine()
        .and_then(|()| set_soft(Resource::Cpu, seconds))
        .and_then(|()| set_soft(Resource::As, ADDRESS_SLACK_BYTES + limits.memory_bytes));
    if confined.is_err() {
        return ExitCode::from(EXIT_NOT_CONFINED);
    }
    // What a panic prints would stand before the answer.
    std::panic::set_hook(Box::new(|_| {}));
    let Ok(Some(input)) = read_frame(&mut io::stdin().lock(), limits.input_bytes) else {
        return ExitCode::from(EXIT_PROTOCOL);
    };
    let Ok(answer) = catch_unwind(AssertUnwindSafe(|| work(&input))) else { return ExitCode::from(EXIT_PANIC) };
    if answer.len() > limits.output_bytes {
        return ExitCode::from(EXIT_TOO_LARGE);
    }
    match write_frame(&mut io::stderr().lock(), &answer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(EXIT_PROTOCOL),
    }
}
