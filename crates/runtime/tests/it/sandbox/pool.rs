//! The pool: children are started late, shared, replaced and ended; waiting is bounded; a broken child hurts one job.

use std::process::Stdio;
use std::time::Duration;

use floe_runtime::sandbox::{FailureCode, Job, Outcome, Sandbox, SandboxConfig};
use floe_testkit::wait::until;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Map, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::{child_program, config, failure_code, job, sandbox, value};

/// The processes that have this word on their command line.
fn marked(mark: &str) -> Vec<Pid> {
    let folders = std::fs::read_dir("/proc").expect("the process table");
    let ids = folders.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let is_marked = |id: &i32| {
        let line = std::fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default();
        line.split('\0').any(|word| word == mark)
    };
    ids.filter(is_marked).filter_map(Pid::from_raw).collect()
}

/// The children of this test with this word; another run of the tests may have its own.
fn children(mark: &str) -> Vec<Pid> {
    let parent = format!("\nPPid:\t{}\n", std::process::id());
    let is_child = |id: &Pid| {
        let status = std::fs::read_to_string(format!("/proc/{}/status", id.as_raw_nonzero())).unwrap_or_default();
        status.contains(&parent)
    };
    marked(mark).into_iter().filter(is_child).collect()
}

#[tokio::test]
async fn children_start_late_and_are_shared() {
    let sandbox = sandbox();
    assert_eq!(sandbox.stats().started, 0);
    for number in 0..20 {
        assert_eq!(value(&sandbox, &format!("return {number}")).await, json!(number));
    }
    assert_eq!((sandbox.stats().started, sandbox.stats().idle, sandbox.stats().running), (1, 1, 0));
}

#[tokio::test]
async fn many_jobs_at_once_all_get_their_own_answer() {
    let sandbox = Sandbox::new(SandboxConfig { queue_max: 100, queue_wait_ms: 60_000, ..config(&[]) });
    let jobs = (0..60).map(|number| {
        let sandbox = sandbox.clone();
        tokio::spawn(
            async move { (number, value(&sandbox, &format!("console.log(1); return {number} * inputs.a")).await) },
        )
    });
    for task in jobs.collect::<Vec<_>>() {
        let (number, value) = task.await.expect("no panic");
        assert_eq!(value, json!(number * 20));
    }
    assert!(sandbox.stats().started <= 2);
}

#[tokio::test]
async fn children_are_replaced_after_their_jobs() {
    let sandbox = Sandbox::new(SandboxConfig { jobs_per_child_max: 3, ..config(&[]) });
    for _ in 0..7 {
        value(&sandbox, "return 1").await;
    }
    assert_eq!(sandbox.stats().started, 3);
}

#[tokio::test]
async fn a_full_queue_refuses() {
    let sandbox = Sandbox::new(SandboxConfig { children_max: 1, queue_max: 1, ..config(&[]) });
    let run = |code: &'static str| {
        let sandbox = sandbox.clone();
        tokio::spawn(async move { sandbox.run(job(code, 1_000)).await })
    };
    let first = run("while (true) {}");
    until("the first job runs", || async { sandbox.stats().running == 1 }).await;
    let second = run("return 2");
    until("the second job waits", || async { sandbox.stats().waiting == 1 }).await;
    assert_eq!(sandbox.run(job("return 3", 1_000)).await, Outcome::Overloaded);
    assert!(matches!(first.await, Ok(Outcome::Err(_))));
    assert_eq!(second.await.expect("no panic"), Outcome::Ok { value: json!(2), logs: Vec::new() });
    assert_eq!(sandbox.stats().waiting, 0);
}

#[tokio::test]
async fn waiting_too_long_refuses() {
    let sandbox = Sandbox::new(SandboxConfig { children_max: 1, queue_wait_ms: 50, ..config(&[]) });
    let other = sandbox.clone();
    let first = tokio::spawn(async move { other.run(job("while (true) {}", 2_000)).await });
    until("the first job runs", || async { sandbox.stats().running == 1 }).await;
    assert_eq!(sandbox.run(job("return 3", 1_000)).await, Outcome::Overloaded);
    first.abort();
    let _ = first.await;
    assert_eq!(value(&sandbox, "return 4").await, json!(4));
}

#[tokio::test]
async fn a_child_killed_from_outside_fails_its_job_only() {
    let mark = "--mark-killed";
    let sandbox = Sandbox::new(config(&[mark]));
    value(&sandbox, "return 1").await;
    let other = sandbox.clone();
    let victim = tokio::spawn(async move { other.run(job("while (true) {}", 20_000)).await });
    until("the job runs", || async { sandbox.stats().running == 1 && sandbox.stats().idle == 0 }).await;
    until("the child lives", || async { children(mark).len() == 1 }).await;
    kill_process(children(mark)[0], Signal::KILL).expect("own child");
    let Outcome::Err(failure) = victim.await.expect("no panic") else { panic!("the job cannot have ended") };
    assert_eq!(failure.code, FailureCode::Memory);
    assert_eq!(value(&sandbox, "return 2").await, json!(2));
}

#[tokio::test]
async fn a_child_that_ended_while_it_waited_is_replaced_unseen() {
    let mark = "--mark-waiting";
    let sandbox = Sandbox::new(config(&[mark]));
    for signal in [Signal::KILL, Signal::ABORT, Signal::TERM] {
        value(&sandbox, "return 1").await;
        kill_process(children(mark)[0], signal).expect("own child");
        assert_eq!(value(&sandbox, "return 2").await, json!(2));
    }
}

#[tokio::test]
async fn a_crash_is_an_error_of_the_code() {
    let mark = "--mark-crash";
    for signal in [Signal::ABORT, Signal::TERM] {
        let sandbox = Sandbox::new(config(&[mark]));
        let other = sandbox.clone();
        let victim = tokio::spawn(async move { failure_code(&other, "while (true) {}", 20_000).await });
        until("the job runs", || async { children(mark).iter().map(cpu_ticks).sum::<u64>() > 2 }).await;
        kill_process(children(mark)[0], signal).expect("own child");
        assert_eq!(victim.await.expect("no panic"), FailureCode::Error);
    }
}

/// Processor time of a process in the system's ticks, 0 when it is gone.
fn cpu_ticks(id: &Pid) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero())).unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    after_name.split(' ').nth(11).and_then(|ticks| ticks.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn a_child_has_given_up_what_it_does_not_need() {
    let mark = "--mark-confined";
    let sandbox = Sandbox::new(config(&[mark]));
    value(&sandbox, "return 1").await;
    let folder = format!("/proc/{}", children(mark)[0].as_raw_nonzero());
    let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}")).expect("own child");
    // Nothing of the parent's environment; the one word keeps the allocator within the child's memory.
    assert_eq!(read("environ"), "MIMALLOC_ARENA_RESERVE=0\0");
    let limits = read("limits");
    let soft = |name: &str| {
        let row = limits.lines().find_map(|line| line.strip_prefix(name)).expect("a known limit");
        row.split_whitespace().next().and_then(|value| value.parse::<u64>().ok()).expect("a number, not unlimited")
    };
    assert_eq!(["Max open files", "Max core file size", "Max file size", "Max processes"].map(soft), [3, 0, 0, 0]);
    assert!(soft("Max cpu time") < 20);
    assert!(soft("Max address space") <= 1 << 30);
}

#[tokio::test]
async fn a_dropped_job_ends_its_child() {
    let mark = "--mark-dropped";
    let sandbox = Sandbox::new(config(&[mark]));
    let job = sandbox.run(job("while (true) {}", 20_000));
    assert!(tokio::time::timeout(Duration::from_millis(300), job).await.is_err());
    until("the child is gone", || async { children(mark).is_empty() }).await;
    assert_eq!(value(&sandbox, "return 1").await, json!(1));
}

#[tokio::test]
async fn a_busy_child_ends_when_its_parent_is_gone() {
    let mark = &format!("--mark-orphan-{}", std::process::id());
    let mut parent = Command::new("sh")
        .args(["-c", "exec 3<&0; \"$0\" \"$1\" <&3 & wait"])
        .arg(child_program())
        .arg(mark)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("a shell");
    let frame = serde_json::to_vec(&job("while (true) {}", 300_000)).expect("a job is JSON");
    let mut input = parent.stdin.take().expect("piped");
    input.write_all(&u32::try_from(frame.len()).expect("short").to_le_bytes()).await.expect("the child reads");
    input.write_all(&frame).await.expect("the child reads");
    drop(input);
    // The child is the shell's, so it is found by its word alone; the shell itself has the word too.
    until("the job runs", || async { marked(mark).iter().map(cpu_ticks).sum::<u64>() > 2 }).await;
    parent.kill().await.expect("own child");
    until("the child is gone", || async { marked(mark).is_empty() }).await;
}

#[tokio::test]
async fn waiting_children_end_after_a_while_and_with_the_pool() {
    let mark = "--mark-idle";
    let sandbox = Sandbox::new(SandboxConfig { idle_ms: 100, ..config(&[mark]) });
    for _ in 0..2 {
        value(&sandbox, "return 1").await;
        assert_eq!(sandbox.stats().idle, 1);
        until("the child is gone", || async { sandbox.stats().idle == 0 && children(mark).is_empty() }).await;
    }
    let sandbox = Sandbox::new(config(&[mark]));
    value(&sandbox, "return 1").await;
    drop(sandbox);
    until("the child is gone", || async { children(mark).is_empty() }).await;
}

#[tokio::test]
async fn broken_children_are_not_believed() {
    for (mode, during_job) in [
        ("--garbage", false),
        ("--huge-frame", false),
        ("--exit", false),
        ("--garbage-after-ready", true),
        ("--unasked", true),
    ] {
        let sandbox = Sandbox::new(config(&[mode]));
        let outcome = sandbox.run(job("return 1", 1_000)).await;
        match outcome {
            Outcome::Unavailable(_) => assert!(!during_job, "{mode}"),
            Outcome::Err(failure) => assert!(during_job && failure.code == FailureCode::Error, "{mode}"),
            other => panic!("{mode}: {other:?}"),
        }
        until("no child is left", || async { children(mode).is_empty() }).await;
    }
    let missing = SandboxConfig { program: "/no/such/program".into(), ..config(&[]) };
    assert!(matches!(Sandbox::new(missing).run(job("return 1", 1_000)).await, Outcome::Unavailable(_)));
}

#[tokio::test]
async fn too_much_code_or_data_is_refused() {
    let sandbox = sandbox();
    assert_eq!(failure_code(&sandbox, &" ".repeat(2 << 20), 1_000).await, FailureCode::Error);
    let globals = Map::from_iter([("inputs".to_owned(), json!("x".repeat(17 << 20)))]);
    let outcome = sandbox.run(Job::new("return 1", globals)).await;
    assert!(matches!(outcome, Outcome::Err(failure) if failure.code == FailureCode::Memory));
    assert_eq!(sandbox.stats().started, 0);
    let globals = Map::from_iter([("inputs".to_owned(), json!("x".repeat(8 << 20)))]);
    let outcome = sandbox.run(Job::new("return inputs.length", globals)).await;
    assert_eq!(outcome, Outcome::Ok { value: json!(8 << 20), logs: Vec::new() });
}
