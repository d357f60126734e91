//! Calls that the design keeps in one place, and words that are not left behind.

use super::Finding;
use super::arrows::{Layer, layer_of};
use super::source::has_word;
use super::tree::{File, Tree};

/// The only files that read the wall clock or draw randomness.
const CLOCK_AND_CHANCE: [&str; 2] = ["crates/runtime/src/clock.rs", "crates/runtime/src/ids.rs"];
/// The only places that open a connection, each with its reason.
const OUTSIDE: &[&str] = &[
    // The guarded client itself.
    "crates/runtime/src/outside/",
    // The command line as a client of our own API: the person at the terminal names the address.
    "crates/server/src/cli/",
    "crates/server/src/cli.rs",
    // Commands on the data folder speak to the server that runs on it, over a socket in that folder. It never leaves the machine.
    "crates/server/src/operator/socket.rs",
    // The bench loads the server that it started itself, on loopback.
    "crates/server/src/bench/",
];
/// The only business code that measures time or lets it pass, each with its reason. What it decides, it decides by `ctx.now()`.
const TIMING: &[&str] = &[
    // The loop that wakes at the next due time of a run; a pause before a run that could not be read is tried again.
    "crates/flows/src/runs/shard",
    // A starting server takes up a run that made no progress at its last starts after a pause, behind the others.
    "crates/flows/src/runs/recover.rs",
    // Runs wait, after a write that failed, until the database takes writes again.
    "crates/flows/src/runs/room.rs",
    // What several nodes do about each other's runs: looks from time to time, and short pauses before a request is made again.
    "crates/flows/src/runs/nodes",
    "crates/flows/src/runs/engine.rs",
    // How long a caller is held: on a clock that never jumps, whatever happens to the wall clock.
    "crates/flows/src/execute.rs",
    "crates/flows/src/results.rs",
    "crates/flows/src/run_feed.rs",
    // A job that lasts longer than its lease says now and then that it is still at work.
    "crates/operation/src/claim.rs",
    // The loop that wakes at the next due time of a delivery; pauses before a database that refused, or a lane that another node holds, is
    // looked at again; the moment after which an attempt counts as slow.
    "crates/webhooks/src/engine",
    // A rail that did not answer a name enquiry is asked again within the job, which is safe to repeat.
    "crates/treasury/src/runs/score.rs",
    // What answers of placements leave behind is gathered for some hundred milliseconds; snapshots are compared with the database from
    // time to time.
    "crates/placements/src/serving/run.rs",
    // How long a model took, the end of a call with all its tries, and short pauses before a busy provider is asked again.
    "crates/agents/src/models/",
    // A direct call waits for its turn in its thread; whoever waits for exchanges looks again from time to time; short pauses before a
    // database that refused is asked again.
    "crates/agents/src/exchanges",
    // The simulated rail takes as long as an operator says.
    "crates/treasury/src/payouts/rails/simulator.rs",
];

/// A group of calls, where they are forbidden, and what to do instead.
struct Ban {
    rule: &'static str,
    calls: &'static [&'static str],
    forbidden_in: fn(&File) -> bool,
    /// Also in `#[cfg(test)]` items.
    in_tests: bool,
    instead: &'static str,
}

static BANS: &[Ban] = &[
    Ban {
        rule: "clock",
        calls: &["SystemTime::now", "Timestamp::now", "Zoned::now", "Utc::now", "Local::now"],
        forbidden_in: |file| !file.is_test() && !CLOCK_AND_CHANCE.contains(&file.path.as_str()),
        in_tests: false,
        instead: "time is an argument: take `now: Timestamp`, or call `ctx.now()`",
    },
    Ban {
        rule: "clock",
        calls: &["Instant::now"],
        forbidden_in: |file| !file.is_test() && is_business(file) && !is_timing(file),
        in_tests: false,
        instead: "business code decides by `ctx.now()`; measuring belongs to store, runtime or server",
    },
    Ban {
        rule: "chance",
        calls: &["getrandom", "rand", "fastrand", "Uuid::new_v4", "Uuid::now_v7", "OsRng", "RandomState::new"],
        forbidden_in: |file| !file.is_test() && !CLOCK_AND_CHANCE.contains(&file.path.as_str()),
        in_tests: false,
        instead: "randomness is an argument, so that one seed replays everything: `ctx.ids.next()`, `ctx.ids.secret()`",
    },
    Ban {
        rule: "sleep",
        calls: &["sleep(", "sleep_until(", "time::interval("],
        forbidden_in: |file| !file.is_test() && is_business(file) && !is_timing(file),
        in_tests: false,
        instead: "nothing sleeps in a task: a wait is a job or a timer with a due time",
    },
    Ban {
        rule: "outside",
        calls: &[
            "reqwest",
            "ureq",
            "hyper::client",
            "hyper_util::client",
            "client::conn",
            "TcpStream::connect",
            "TcpSocket",
            "UdpSocket",
        ],
        forbidden_in: |file| !file.is_test() && !OUTSIDE.iter().any(|place| file.path.starts_with(place)),
        in_tests: false,
        instead: "everything that leaves goes through `ctx.outside`, which checks addresses, redirects, sizes and time",
    },
    Ban {
        rule: "unfinished",
        calls: &["todo!", "unimplemented!", "dbg!"],
        forbidden_in: |_| true,
        in_tests: true,
        instead: "finish it, or answer a Fault that says what is missing",
    },
    Ban {
        rule: "ignored-test",
        calls: &["#[ignore"],
        forbidden_in: |_| true,
        in_tests: true,
        instead: "assert the present behaviour and say why it is wrong, or remove the test",
    },
];

/// Forbidden calls in code. Comments and texts do not count.
pub(super) fn forbidden(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, source) in tree.rust() {
        for ban in BANS.iter().filter(|ban| (ban.forbidden_in)(file)) {
            for (number, line) in source.lines(ban.in_tests) {
                let found = ban.calls.iter().find(|call| has_word(line, call));
                findings.extend(found.map(|call| {
                    let call = call.trim_end_matches('(');
                    Finding::new(&file.path, number, ban.rule, format!("`{call}`: {}", ban.instead))
                }));
            }
        }
    }
    findings
}

fn is_timing(file: &File) -> bool {
    TIMING.iter().any(|place| file.path.starts_with(place))
}

/// Whether the file decides about the business: the model, the engine and the slices.
fn is_business(file: &File) -> bool {
    let name = file.crate_name();
    name == Some("engine") || matches!(name.and_then(layer_of), Some(Layer::Model | Layer::Slice))
}
