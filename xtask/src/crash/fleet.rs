//! The storm over several nodes that share one database: any of them is killed, stopped politely, or made to stand still past its lease,
//! while the others go on.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::chance::Chance;
use super::http::Request;
use super::options::{Database, Options};
use super::server::{Launch, Server};
use super::storm::{POLITE_STOPS, PROGRESS_PAUSE, STARTS_PER_KILL, come_to_an_end, end, progress};
use super::time;
use super::world::World;
use crate::workspace::{Failure, Outcome};

/// Halts in a hundred.
const HALTS: u64 = 20;
/// How long a node stands still, in milliseconds: longer than its lease of 6 s.
const HALT_MS: (u64, u64) = (6_800, 8_500);
/// Time between two blows, in milliseconds.
const PAUSE_MS: (u64, u64) = (5, 900);
/// How long the storm lasts at least: the schedule has to fire in it.
const LASTS_AT_LEAST: Duration = Duration::from_secs(65);
/// Rows of a page.
const PAGE: usize = 100;

/// A node.
struct Node {
    launch: Launch,
    server: Option<Server>,
    /// When it goes on, while it stands still.
    resumes: Option<Instant>,
}

/// Breaks nodes again and again, then lets everything come to its end on all of them. Answers the first one's server, which alone is left.
pub(super) fn storm(options: &Options, launches: Vec<Launch>, world: &World, first: Server) -> Outcome<Server> {
    let mut chance = Chance::new(options.seed, 1);
    let mut nodes: Vec<Node> =
        launches.into_iter().map(|launch| Node { launch, server: None, resumes: None }).collect();
    world.open(0, first.address);
    nodes[0].server = Some(first);
    for (number, node) in nodes.iter_mut().enumerate().skip(1) {
        node.start(number, world)?;
    }
    let kills = options.kills(Database::Postgres);
    let began = time::now();
    let mut shown = time::now();
    let mut done = 0;
    while done < kills || began.elapsed() < LASTS_AT_LEAST {
        done += 1;
        world.budget.fetch_add(STARTS_PER_KILL, Ordering::SeqCst);
        time::pause_ms(chance.between(PAUSE_MS.0, PAUSE_MS.1));
        go_on(&mut nodes, world);
        // One node at least is always at work.
        let awake: Vec<usize> = (0..nodes.len()).filter(|node| nodes[*node].resumes.is_none()).collect();
        if awake.len() < 2 {
            continue;
        }
        let node = awake[chance.index(awake.len())];
        if chance.percent(HALTS) {
            nodes[node].halt(node, world, chance.between(HALT_MS.0, HALT_MS.1));
        } else {
            if let Some(server) = nodes[node].server.take() {
                end(world, node, server, chance.percent(POLITE_STOPS));
            }
            nodes[node].start(node, world)?;
        }
        if shown.elapsed() > PROGRESS_PAUSE {
            shown = time::now();
            progress(world, done, kills, began);
        }
    }
    progress(world, done, kills, began);
    world.budget.store(0, Ordering::SeqCst);
    while nodes.iter().any(|node| node.resumes.is_some()) {
        time::pause_ms(50);
        go_on(&mut nodes, world);
    }
    let address = nodes[0].server.as_ref().map(|server| server.address);
    come_to_an_end(world, address.ok_or_else(|| Failure::new("the first node has no server"))?)?;
    for (number, node) in nodes.iter_mut().enumerate().skip(1) {
        if let Some(server) = node.server.take() {
            end(world, number, server, true);
        }
    }
    nodes.swap_remove(0).server.ok_or_else(|| Failure::new("the first node has no server"))
}

/// Lets those go on whose time has come.
fn go_on(nodes: &mut [Node], world: &World) {
    for (number, node) in nodes.iter_mut().enumerate() {
        let Some(server) = node.server.as_ref().filter(|_| node.resumes.is_some_and(|at| at <= time::now())) else {
            continue;
        };
        node.resumes = None;
        world.ledger().resumed.push(time::now());
        server.resume();
        world.open(number, server.address);
    }
}

impl Node {
    fn start(&mut self, number: usize, world: &World) -> Outcome {
        let server = self.launch.start()?;
        world.open(number, server.address);
        self.server = Some(server);
        Ok(())
    }

    fn halt(&mut self, number: usize, world: &World, ms: u64) {
        let Some(server) = &self.server else { return };
        world.close(number);
        server.halt();
        self.resumes = Some(time::now() + Duration::from_millis(ms));
        world.ledger().count("halts past the lease");
    }
}

/// A flow that is started every minute.
pub(super) struct Clock {
    flow: String,
}

/// Publishes a flow with a schedule.
pub(super) fn clock(address: SocketAddr, token: &str) -> Outcome<Clock> {
    let ask = |path: String, body: Value| {
        let answer = Request::post(path.clone(), token, body).send(address);
        let answer = answer.map_err(|broken| Failure(format!("{path}: {broken:?}")))?;
        if answer.status < 300 {
            Ok(answer.body)
        } else {
            Err(Failure(format!("{path}: {} {}", answer.status, answer.body)))
        }
    };
    let definition = json!({ "steps": [
        { "id": "start", "type": "schedule", "nextStepId": "end" },
        { "id": "end", "type": "final", "data": { "outputs": {} } },
    ] });
    let made =
        ask("/v1/flow".to_owned(), json!({ "name": "clock", "definition": definition, "visibility": "public" }))?;
    let flow = made["_id"].as_str().ok_or_else(|| Failure::new("a flow without an id"))?.to_owned();
    ask(format!("/v1/flow/{flow}/publish"), json!({}))?;
    ask(format!("/v1/flow/{flow}/schedule"), json!({ "cron": "* * * * *", "timezone": "UTC" }))?;
    Ok(Clock { flow })
}

/// Each minute started the flow once, and none was left out between the first and the last.
pub(super) fn judge_clock(world: &World, address: SocketAddr, clock: &Clock) -> Outcome<Vec<String>> {
    let mut fired: BTreeMap<String, usize> = BTreeMap::new();
    for page in 0.. {
        let path = format!("/v1/flowrun/{}?limit={PAGE}&skip={}", clock.flow, page * PAGE);
        let rows = super::storm::list(world, address, &path)?;
        for row in &rows {
            let minute: String = row["startedAt"].as_str().unwrap_or_default().chars().take(16).collect();
            *fired.entry(minute).or_default() += 1;
        }
        if rows.len() < PAGE {
            break;
        }
    }
    world
        .ledger()
        .counts
        .insert("times that a schedule fired".to_owned(), fired.values().map(|count| *count as u64).sum());
    let twice = fired.iter().filter(|(_, count)| **count > 1);
    Ok(twice.map(|(minute, count)| format!("the schedule fired {count} times at {minute}")).collect())
}
