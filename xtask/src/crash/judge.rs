//! The judgement: everything is read back and compared with what was answered and what was received.
//!
//! [`effects`] judges the calls, [`answers`] the answers to questions; this file judges starts, outputs, and the server itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::http::Request;
use super::ledger::Ledger;
use super::server::{Launch, Server};
use super::world::World;
use super::{answers, effects, time};
use crate::workspace::{Failure, Outcome};

/// Threads that read runs back.
const READERS: usize = 4;
/// Rows of a page.
const PAGE: usize = 100;
/// How long an idle server is watched.
const IDLE_WATCH: Duration = Duration::from_millis(1_500);
/// Time in which a server comes to rest after its last request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Clock ticks of the processor that an idle server may use while it is watched.
const IDLE_TICKS_MAX: u64 = 8;
/// Time in which the children of killed servers have to end.
const LEFTOVERS_TIMEOUT: Duration = Duration::from_secs(20);
/// Errors in the log that belong to a kill. None so far.
const EXPECTED_ERRORS: &[&str] = &[];
/// Errors in the log that belong to a node which stood still: the database ended its transactions meanwhile.
const EXPECTED_AFTER_HALTS: &[&str] =
    &["the outcome of a commit is not known", "a run could not be written; it goes on from what is on disk"];

/// What is found.
pub(super) struct Report {
    pub(super) table: Vec<(String, u64)>,
    pub(super) violations: Vec<String>,
}

/// A run as it is read back.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) id: String,
    /// Index of its flow.
    pub(super) flow: usize,
    pub(super) tag: String,
    pub(super) parent: Option<String>,
    pub(super) status: String,
    pub(super) output: Value,
    error: Value,
    pub(super) steps: Vec<Step>,
}

/// A step as it is read back.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) id: String,
    pub(super) kind: String,
    /// Loop indexes from the outside in, joined by `.`; `0` outside of loops.
    pub(super) pass: String,
    pub(super) status: String,
    pub(super) output: Value,
}

/// Judges everything, with a server that has come to rest; ends that server.
///
/// # Errors
/// When runs cannot be read.
pub(super) fn judge(world: &World, launch: &Launch, server: Server, folder: &Path) -> Outcome<Report> {
    let facts = read_all(world, server.address)?;
    let received = world.receivers.received();
    let mut ledger = std::mem::take(&mut *world.ledger());
    let mut found = std::mem::take(&mut ledger.violations);
    found.extend(judge_runs(&ledger, &facts));
    found.extend(judge_starts(&ledger, &facts));
    found.extend(judge_ends(&ledger, &facts));
    found.extend(effects::judge(&facts, &received, &ledger.resumed));
    found.extend(answers::judge(&ledger, &facts, &received));
    found.extend(judge_idle(&server, folder));
    found.extend(server.stop().err());
    found.extend(judge_log(launch, &mut ledger));
    found.extend(judge_leftovers(folder));
    let mut table = effects::table(&received);
    table.extend(tell(world, &ledger, &facts));
    found.sort();
    Ok(Report { table, violations: found })
}

/// Every run ended well, and each of its steps is shown completed once. A run that was cancelled is, with those that it called.
fn judge_runs(ledger: &Ledger, facts: &[Facts]) -> Vec<String> {
    let mut found = Vec::new();
    for run in facts {
        let known = ledger.runs.get(&run.id);
        if known.is_some_and(|known| known.cancel_told) && run.status != "cancelled" {
            found.push(format!("run {} was told to be cancelled, and is {}", run.id, run.status));
        }
        let wanted = |id: &String| ledger.runs.get(id).is_some_and(|known| known.cancel_asked);
        if run.status == "cancelled" && (wanted(&run.id) || run.parent.as_ref().is_some_and(wanted)) {
            continue;
        }
        if run.status != "completed" {
            found.push(format!("run {} ({}) is {}: {}", run.id, run.tag, run.status, run.error));
            continue;
        }
        let mut seen = BTreeSet::new();
        for step in &run.steps {
            if step.status != "completed" {
                found.push(format!("run {}: step {} of pass {} is {}", run.id, step.id, step.pass, step.status));
            }
            if !seen.insert((&step.id, &step.pass)) {
                found.push(format!("run {}: step {} of pass {} is shown twice", run.id, step.id, step.pass));
            }
        }
    }
    found
}

/// An answered start exists; a key or a request that was sent once makes one run at most.
fn judge_starts(ledger: &Ledger, facts: &[Facts]) -> Vec<String> {
    let mut by_tag: HashMap<&str, Vec<&Facts>> = HashMap::new();
    for run in facts.iter().filter(|run| run.parent.is_none()) {
        by_tag.entry(&run.tag).or_default().push(run);
    }
    let mut found = Vec::new();
    for start in &ledger.starts {
        let runs = by_tag.get(start.tag.as_str()).map_or(&[][..], Vec::as_slice);
        let what = format!("start {} (key {:?})", start.tag, start.key);
        if runs.len() > 1 {
            let ids: Vec<&str> = runs.iter().map(|run| run.id.as_str()).collect();
            found.push(format!("{what} made {} runs: {ids:?}", runs.len()));
        }
        if start.runs.len() > 1 {
            found.push(format!("{what} was answered with several runs: {:?}", start.runs));
        }
        for named in &start.runs {
            if !runs.iter().any(|run| run.id == *named && run.flow == start.flow) {
                found.push(format!("{what} was answered with run {named}, which is not there"));
            }
        }
    }
    found
}

/// What was told of a run's end is what reading it gives.
fn judge_ends(ledger: &Ledger, facts: &[Facts]) -> Vec<String> {
    let by_id: HashMap<&str, &Facts> = facts.iter().map(|run| (run.id.as_str(), run)).collect();
    let mut found = Vec::new();
    for (id, run) in &ledger.runs {
        let Some(read) = by_id.get(id.as_str()) else {
            found.push(format!("run {id} was named in an answer and is not there"));
            continue;
        };
        let Some((end, _)) = &run.end else { continue };
        if end.status != read.status || end.output.as_ref().is_some_and(|output| *output != read.output) {
            found.push(format!("run {id} was told as {end:?}, and is read as {} {}", read.status, read.output));
        }
        if end.status == "completed" && read.output["tag"] != read.tag.as_str() {
            found.push(format!("run {id} has the output of another: {}", read.output));
        }
    }
    found
}

/// A server with nothing to do uses no processor and writes nothing.
pub(super) fn judge_idle(server: &Server, folder: &Path) -> Option<String> {
    let mut last = String::new();
    let is_idle = time::wait_until(IDLE_TIMEOUT, || {
        let (ticks, files) = (processor_ticks(server.id()), database_files(folder));
        time::pause_ms(u64::try_from(IDLE_WATCH.as_millis()).unwrap_or(0));
        let used = processor_ticks(server.id()).saturating_sub(ticks);
        let wrote = database_files(folder) != files;
        last =
            format!("{used} clock ticks in {IDLE_WATCH:?}, database {}", if wrote { "written" } else { "untouched" });
        used <= IDLE_TICKS_MAX && !wrote
    });
    (!is_idle).then(|| format!("a server without work is not idle: {last}"))
}

fn processor_ticks(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(") ").map(|(_, rest)| rest).unwrap_or_default();
    fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

fn database_files(folder: &Path) -> Vec<(std::ffi::OsString, u64, Option<std::time::SystemTime>)> {
    let entries = std::fs::read_dir(folder.join("data")).into_iter().flatten().flatten();
    let of_database = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("floe.db"));
    let mut files: Vec<_> = of_database
        .filter_map(|entry| entry.metadata().ok().map(|data| (entry.file_name(), data.len(), data.modified().ok())))
        .collect();
    files.sort();
    files
}

/// No errors and no panics in the log; warnings are counted.
pub(super) fn judge_log(launch: &Launch, ledger: &mut Ledger) -> Vec<String> {
    let text = std::fs::read_to_string(launch.log()).unwrap_or_default();
    let after_halts = if ledger.resumed.is_empty() { &[][..] } else { EXPECTED_AFTER_HALTS };
    let mut errors: BTreeMap<String, (u64, String)> = BTreeMap::new();
    for line in text.lines() {
        let entry: Option<Value> = serde_json::from_str(line).ok();
        let Some(entry) = entry else {
            if line.contains("panicked") {
                errors.entry("panic".to_owned()).or_insert((0, line.to_owned())).0 += 1;
            }
            continue;
        };
        let message = entry["message"].as_str().unwrap_or_default();
        match entry["level"].as_str() {
            Some("ERROR") if !EXPECTED_ERRORS.contains(&message) && !after_halts.contains(&message) => {
                errors.entry(message.to_owned()).or_insert((0, line.to_owned())).0 += 1;
            }
            Some("WARN") => ledger.count(&format!("log, WARN: {}", message.chars().take(46).collect::<String>())),
            _ => {}
        }
    }
    let shown = |(message, (count, first)): (String, (u64, String))| format!("log, {count} times: {message}: {first}");
    errors.into_iter().map(shown).collect()
}

/// Killed servers leave no processes behind: the sandboxes of code steps end with them.
pub(super) fn judge_leftovers(folder: &Path) -> Option<String> {
    let mut left = Vec::new();
    let is_clean = time::wait_until(LEFTOVERS_TIMEOUT, || {
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let here =
            |entry: &std::fs::DirEntry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == folder);
        left = processes.filter(here).map(|entry| entry.file_name()).collect();
        left.is_empty()
    });
    (!is_clean).then(|| format!("processes of killed servers are still there: {left:?}"))
}

fn tell(world: &World, ledger: &Ledger, facts: &[Facts]) -> Vec<(String, u64)> {
    let number = |count: usize| count as u64;
    let with_key = ledger.starts.iter().filter(|start| start.key.is_some()).count();
    let unanswered = ledger.starts.iter().filter(|start| start.runs.is_empty()).count();
    let children = facts.iter().filter(|run| run.parent.is_some()).count();
    let mut table = vec![
        ("starts".to_owned(), number(ledger.starts.len())),
        ("  with an Idempotency-Key".to_owned(), number(with_key)),
        ("  never answered".to_owned(), number(unanswered)),
        ("runs read back".to_owned(), number(facts.len())),
        ("  children".to_owned(), number(children)),
        ("  steps".to_owned(), facts.iter().map(|run| number(run.steps.len())).sum()),
        ("questions".to_owned(), number(ledger.waits.len())),
        ("answers sent".to_owned(), number(ledger.answers.len())),
    ];
    table.extend(ledger.counts.iter().map(|(what, count)| (what.clone(), *count)));
    for (index, flow) in world.flows.iter().enumerate() {
        let runs = facts.iter().filter(|run| run.flow == index).count();
        table.push((format!("runs: {}", flow.shape.name), number(runs)));
    }
    table
}

/// Reads every run of every flow.
fn read_all(world: &World, address: SocketAddr) -> Outcome<Vec<Facts>> {
    let mut ids = Vec::new();
    for (index, flow) in world.flows.iter().enumerate() {
        for page in 0.. {
            let skip = page * PAGE;
            let path = format!("/v1/flowrun/light/{}?limit={PAGE}&skip={skip}", flow.id);
            let body = get(world, address, &path)?;
            let rows = body["data"].as_array().map_or(&[][..], Vec::as_slice);
            ids.extend(rows.iter().filter_map(|row| Some((index, row["appRunId"].as_str()?.to_owned()))));
            if rows.len() < PAGE {
                break;
            }
        }
    }
    let (next, facts) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(ids.len())));
    let read = || -> Outcome {
        while let Some((flow, id)) = ids.get(next.fetch_add(1, Ordering::SeqCst)) {
            let body = get(world, address, &format!("/v1/flowrun/detailed/{id}"))?;
            let read = Facts::of(id, *flow, &body);
            facts.lock().map_err(|_| Failure::new("a reader panicked"))?.push(read);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(read)).collect();
        readers.into_iter().try_for_each(|reader| reader.join().map_err(|_| Failure::new("a reader panicked"))?)
    })?;
    facts.into_inner().map_err(|_| Failure::new("a reader panicked"))
}

fn get(world: &World, address: SocketAddr, path: &str) -> Outcome<Value> {
    match Request::get(path, &world.credentials.token).send(address) {
        Ok(answer) if answer.status == 200 => Ok(answer.body),
        Ok(answer) => Err(Failure(format!("{path}: {} {}", answer.status, answer.body))),
        Err(broken) => Err(Failure(format!("{path}: {broken:?}"))),
    }
}

impl Facts {
    fn of(id: &str, flow: usize, body: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let step = |step: &Value| {
            let passes = step["iteration"].as_array().into_iter().flatten();
            let pass: Vec<String> = passes.map(|pass| pass["index"].to_string()).collect();
            Step {
                id: text(&step["stepId"]),
                kind: text(&step["type"]),
                pass: if pass.is_empty() { "0".to_owned() } else { pass.join(".") },
                status: text(&step["status"]),
                output: step["output"].clone(),
            }
        };
        Self {
            id: id.to_owned(),
            flow,
            tag: text(&body["inputs"]["tag"]),
            parent: body["parentRunId"].as_str().map(str::to_owned),
            status: text(&body["status"]),
            output: body["output"].clone(),
            error: body["error"].clone(),
            steps: body["steps"].as_array().into_iter().flatten().map(step).collect(),
        }
    }
}
