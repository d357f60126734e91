//! The child process: reads jobs from its standard input, runs one at a time, answers on its standard output.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use rustix::process::{Pid, Resource, Rlimit, getppid, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

use super::engine::{Engine, Watch};
use super::job::{CodeFailure, FailureCode};
use super::limits;
use super::protocol::{JobIn, Reply, read_frame, write_frame};

/// Standard input, output and error; nothing more can be opened.
const OPEN_FILES_MAX: u64 = 3;
const EXIT_NOT_CONFINED: u8 = 3;
const EXIT_PROTOCOL: u8 = 4;

/// Runs the child until its standard input ends. Call it first thing in `main`, before any thread is started.
///
/// The process gives up what the code must not have: files, core dumps, unbounded address space and processor time. It
/// exits with a failure when it cannot, and when the parent's frames are broken.
pub fn child_main() -> ExitCode {
    let parent = getppid();
    if confine().is_err() {
        return ExitCode::from(EXIT_NOT_CONFINED);
    }
    match serve(&mut io::stdin().lock(), &mut io::stdout().lock(), parent) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(EXIT_PROTOCOL),
    }
}

fn serve(input: &mut impl Read, output: &mut impl Write, parent: Option<Pid>) -> io::Result<()> {
    let ready = serde_json::to_vec(&Reply::<Value>::Ready)?;
    while let Some(frame) = read_frame(input, limits::JOB_FRAME_BYTES_MAX)? {
        if frame.is_empty() {
            write_frame(output, &ready)?;
            continue;
        }
        let job: JobIn = serde_json::from_slice(&frame)?;
        drop(frame);
        let watch = Watch::start(job.limits.time_ms, parent);
        confine_job(&job)?;
        match Engine::try_new(job.limits, watch) {
            Ok(engine) => {
                let reply = checked(&engine.run(&job))?;
                // The answer leaves before the engine is freed, which takes time after a job that used much memory.
                write_frame(output, &reply)?;
            }
            Err(failure) => write_frame(output, &serde_json::to_vec(&Reply::<Value>::Failed(failure))?)?,
        }
    }
    Ok(())
}

/// The answer as bytes that the parent can read back. Values nested too deep and texts that are no Unicode are found here,
/// as a failure of the code instead of a broken frame.
fn checked(reply: &Reply<Box<serde_json::value::RawValue>>) -> io::Result<Vec<u8>> {
    let bytes = serde_json::to_vec(reply)?;
    match (serde_json::from_slice::<Reply<Value>>(&bytes), reply) {
        (Err(_), Reply::Done { logs, .. }) => {
            let message = "the returned value is nested too deep or holds a key that is no Unicode text";
            let failure = CodeFailure { logs: logs.clone(), ..CodeFailure::new(FailureCode::Error, message) };
            Ok(serde_json::to_vec(&Reply::<Value>::Failed(failure))?)
        }
        _ => Ok(bytes),
    }
}

/// Limits for the life of the process.
pub(super) fn confine() -> io::Result<()> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none)?;
    setrlimit(Resource::Fsize, none)?;
    setrlimit(Resource::Nproc, none)?;
    setrlimit(Resource::Nofile, Rlimit { current: Some(OPEN_FILES_MAX), maximum: Some(OPEN_FILES_MAX) })?;
    set_soft(Resource::Stack, limits::THREAD_STACK_BYTES)?;
    set_soft(Resource::As, limits::ADDRESS_SLACK_BYTES + limits::MEMORY_BYTES_CEILING)
}

/// Limits for one job: processor time counts from the start of the process, so the limit moves on with each job.
fn confine_job(job: &JobIn) -> io::Result<()> {
    let used = u64::try_from(clock_gettime(ClockId::ProcessCPUTime).tv_sec).unwrap_or(0);
    set_soft(Resource::Cpu, used + job.limits.time_ms.div_ceil(1_000) + limits::CPU_SLACK_SECONDS)?;
    set_soft(Resource::As, limits::ADDRESS_SLACK_BYTES + job.limits.memory_bytes)
}

/// Sets the limit that is in force, within what the process may have at most.
pub(super) fn set_soft(resource: Resource, value: u64) -> io::Result<()> {
    let maximum = getrlimit(resource).maximum;
    let current = Some(maximum.map_or(value, |maximum| maximum.min(value)));
    Ok(setrlimit(resource, Rlimit { current, maximum })?)
}
