//! The storm: clients at work, a server that is killed again and again, and the calm in which everything has to come to
//! its end.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::chance::Chance;
use super::clients::Client;
use super::fleet;
use super::http::Request;
use super::judge::{self, Report};
use super::options::{Database, Options};
use super::place::Place;
use super::prepare::{self, Credentials};
use super::receiver::Receivers;
use super::server::{Launch, Server};
use super::time;
use super::world::World;
use crate::workspace::{Failure, Outcome};

/// Starts that are paid for by each kill; it bounds what has to be judged.
pub(super) const STARTS_PER_KILL: u64 = 14;
/// Kills in a hundred that come while the server starts.
const STARTUP_KILLS: u64 = 15;
/// Polite stops in a hundred.
pub(super) const POLITE_STOPS: u64 = 4;
/// Time without any progress after which what is still open is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(60);
/// Time in which the children of cancelled runs have to be cancelled.
const ORPHANS_TIMEOUT: Duration = Duration::from_secs(20);
/// The query for runs that have not ended.
const OPEN: &str = "status=queued,running,waiting&limit=100";
/// Pause between two lines of progress.
pub(super) const PROGRESS_PAUSE: Duration = Duration::from_secs(5);

/// Runs the proof on one database.
///
/// # Errors
/// When it cannot be carried out. What it finds is in the report.
pub(super) fn run(options: &Options, binary: &Path, database: Database, place: &Place) -> Outcome<Report> {
    let receivers = Receivers::start(options.seed)?;
    let allow = receivers.allow_list();
    let nodes = options.nodes;
    let launch_of =
        |node| Launch::new(binary, &place.folder, place.database_url.as_deref(), allow.clone(), (node, nodes));
    let launch = launch_of(0);
    let key = prepare::owner(&launch)?;
    let server = launch.start()?;
    let token = prepare::token(server.address, prepare::SCOPES)?;
    let flows = prepare::flows(server.address, &token, &receivers)?;
    let clock = if nodes > 1 { Some(fleet::clock(server.address, &token)?) } else { None };
    let world = Arc::new(World::new(Credentials { key, token }, flows, receivers, nodes));
    let clients = start_clients(options, &world);
    let outcome = if nodes > 1 {
        fleet::storm(options, (0..nodes).map(launch_of).collect(), &world, server)
    } else {
        storm_and_calm(options, database, &launch, &world, server)
    };
    world.is_over.store(true, Ordering::SeqCst);
    let server = outcome?;
    for client in clients {
        if client.join().is_err() {
            world.ledger().violation("a client of this tool panicked");
        }
    }
    let twice = match clock {
        Some(clock) => fleet::judge_clock(&world, server.address, &clock)?,
        None => Vec::new(),
    };
    let mut report = judge::judge(&world, &launch, server, &place.folder)?;
    report.violations.extend(twice);
    Ok(report)
}

fn start_clients(options: &Options, world: &Arc<World>) -> Vec<JoinHandle<()>> {
    (0..options.clients)
        .map(|number| {
            let client = Client::new(Arc::clone(world), Chance::new(options.seed, 1_000 + number as u64));
            std::thread::spawn(move || client.run())
        })
        .collect()
}

pub(super) fn storm_and_calm(
    options: &Options,
    database: Database,
    launch: &Launch,
    world: &World,
    first: Server,
) -> Outcome<Server> {
    let mut chance = Chance::new(options.seed, 1);
    let kills = options.kills(database);
    // PostgreSQL takes longer until a server has work in its hands.
    let longest_ms = if database == Database::Sqlite { 400 } else { 900 };
    let began = time::now();
    let mut shown = time::now();
    let mut server = Some(first);
    let mut done = 0;
    while done < kills {
        if server.is_none() && chance.percent(STARTUP_KILLS) {
            launch.start_and_kill(chance.between(1, 160))?;
            world.ledger().count("kills during a start");
            done += 1;
            continue;
        }
        let running = match server.take() {
            Some(running) => running,
            None => launch.start()?,
        };
        world.budget.fetch_add(STARTS_PER_KILL, Ordering::SeqCst);
        world.open(0, running.address);
        time::pause_ms(chance.between(5, longest_ms));
        end(world, 0, running, chance.percent(POLITE_STOPS));
        done += 1;
        if shown.elapsed() > PROGRESS_PAUSE {
            shown = time::now();
            progress(world, done, kills, began);
        }
    }
    progress(world, kills, kills, began);
    world.budget.store(0, Ordering::SeqCst);
    drop(server);
    let last = launch.start()?;
    world.open(0, last.address);
    come_to_an_end(world, last.address)?;
    Ok(last)
}

/// Lets everything that is open come to its end.
pub(super) fn come_to_an_end(world: &World, address: SocketAddr) -> Outcome {
    children_end_with_parents(world, address)?;
    world.is_ending.store(true, Ordering::SeqCst);
    calm(world, address)
}

/// Ends a node's server, and waits until the receivers have read everything that it sent.
pub(super) fn end(world: &World, node: usize, server: Server, politely: bool) {
    if politely {
        world.stopping(node);
        world.ledger().count("polite stops");
        if let Err(reason) = server.stop() {
            world.ledger().violation(reason);
        }
        world.close(node);
    } else {
        server.kill();
        world.close(node);
        world.ledger().count("kills of a running server");
    }
    // Where others go on calling, the receivers are never at rest.
    if world.nodes() == 1 && !world.receivers.is_quiet() {
        world.ledger().violation("this tool: a receiver did not come to rest");
    }
}

pub(super) fn progress(world: &World, done: u32, kills: u32, began: Instant) {
    let ledger = world.ledger();
    let rate = f64::from(done) / began.elapsed().as_secs_f64().max(0.001);
    let (calls, violations) = (world.receivers.count(), ledger.violations.len());
    let flows = match world.flows.len() {
        0 => String::new(),
        _ => format!(
            "{} starts, {} runs known ({} open), {} questions, ",
            ledger.starts.len(),
            ledger.runs.len(),
            ledger.open.len(),
            ledger.waits.len()
        ),
    };
    println!("  {done}/{kills} kills ({rate:.1}/s), {flows}{calls} calls received, {violations} violations");
}

/// A run that was called by one that is cancelled is cancelled too, whatever was killed in between.
fn children_end_with_parents(world: &World, address: SocketAddr) -> Outcome {
    let began = time::now();
    loop {
        let mut orphans = Vec::new();
        for flow in world.flows.iter().filter(|flow| flow.shape.weight == 0) {
            let rows = list(world, address, &format!("/v1/flowrun/{}?{OPEN}", flow.id))?;
            let ledger = world.ledger();
            orphans.extend(rows.iter().filter_map(|row| {
                let parent = ledger.runs.get(row["parentRunId"].as_str()?)?;
                parent
                    .cancel_told
                    .then(|| format!("run {} goes on, the run that called it is cancelled", row["appRunId"]))
            }));
        }
        if orphans.is_empty() {
            return Ok(());
        }
        if began.elapsed() > ORPHANS_TIMEOUT {
            world.ledger().violations.extend(orphans);
            return Ok(());
        }
        time::pause_ms(100);
    }
}

/// Lets everything come to its end: finds runs that nobody was told of, and waits until none is open.
fn calm(world: &World, address: SocketAddr) -> Outcome {
    let mut before = (usize::MAX, 0);
    let mut moved = time::now();
    loop {
        let open = open_runs(world, address)?;
        let mut ledger = world.ledger();
        for run in &open {
            ledger.know(run, false);
        }
        let is_calm = open.is_empty() && ledger.open.is_empty() && ledger.tasks.is_empty();
        let under_way: usize = ledger.waits.values().map(|wait| wait.under_way).sum();
        drop(ledger);
        if is_calm && under_way == 0 {
            return Ok(());
        }
        let now = (open.len(), world.receivers.count());
        if now != before {
            (before, moved) = (now, time::now());
        } else if moved.elapsed() > STUCK_AFTER {
            let mut ledger = world.ledger();
            for run in &open {
                let wanted = [("status", ""), ("currentStepId", "at ")];
                let shown = Request::get(format!("/v1/flowrun/poll/{run}"), &world.credentials.token).send(address);
                let body = shown.map(|answer| answer.body).unwrap_or_default();
                let facts: Vec<String> = wanted.iter().map(|(key, word)| format!("{word}{}", body[*key])).collect();
                ledger.violation(format!("run {run} is stuck: {} {}", facts.join(" "), body["waitState"]));
            }
            if open.is_empty() {
                let (looked_at, planned) = (ledger.open.len(), ledger.tasks.len());
                ledger.violation(format!(
                    "clients are still at work although no run is open: {under_way} answers on their way, {planned} planned, {looked_at} runs to look at"
                ));
            }
            return Ok(());
        }
        time::pause_ms(150);
    }
}

/// Ids of runs that have not ended, of every flow.
fn open_runs(world: &World, address: SocketAddr) -> Outcome<Vec<String>> {
    let mut open = Vec::new();
    for flow in &world.flows {
        let rows = list(world, address, &format!("/v1/flowrun/light/{}?{OPEN}", flow.id))?;
        open.extend(rows.iter().filter_map(|row| row["appRunId"].as_str().map(str::to_owned)));
    }
    Ok(open)
}

pub(super) fn list(world: &World, address: SocketAddr, path: &str) -> Outcome<Vec<Value>> {
    let answer = Request::get(path, &world.credentials.token).send(address);
    let answer = answer.map_err(|broken| Failure(format!("{path}: {broken:?}")))?;
    let rows = answer.body["data"].as_array().cloned();
    rows.ok_or_else(|| Failure(format!("{path}: {} {}", answer.status, answer.body)))
}
