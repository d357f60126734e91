//! `cargo xtask crash`: the proof of the promises about killing (Flow API contract, sections 6.7 and 14).
//!
//! The real server runs on a folder of its own. Clients start runs of every shape and answer their questions, small receivers
//! record every call that the runs make, and the server is killed again and again, at any moment, also while it starts.
//! At the end everything is read back and judged against what was answered and what was received. The receivers are the
//! judges that nobody can talk round: they live outside of the process that is killed.
//!
//! The proof is that everything comes to its end, not how soon: its time limits have room for a machine that is busy with other
//! things, and a server that keeps its word never waits for them.
//!
//! Start reading with [`storm`], then [`judge`] for what must hold.

mod agents;
mod answers;
mod chance;
mod clients;
mod effects;
mod events;
mod fleet;
mod flows;
pub(crate) mod http;
mod judge;
mod ledger;
mod options;
mod place;
mod prepare;
mod proof;
mod receiver;
mod server;
mod storm;
mod time;
mod treasury;
mod workflows;
mod world;

use std::collections::BTreeMap;

use crate::process::Stopwatch;
use crate::workspace::{Failure, Outcome, Workspace, in_ci};

use options::{Database, Options};
use place::Place;

/// Violations of a kind that are printed; the rest is counted.
const SHOWN_MAX: usize = 5;
/// Words that tell kinds of violations apart.
const WORDS_OF_A_KIND: usize = 6;

/// Runs the proof on each database that was asked for.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Outcome {
    let options = Options::parse(arguments)?;
    let binary = workspace.server_binary()?;
    println!("seed {} (repeat with --seed {})", options.seed, options.seed);
    let mut violations = Vec::new();
    for round in std::iter::once(options.clone()).chain(options.then()) {
        violations.extend(prove_all(workspace, &round, &binary)?);
    }
    if violations.is_empty() {
        return Ok(());
    }
    let seed = options.seed;
    Err(Failure(format!("seed {seed}, {} violations\n{}", violations.len(), violations.join("\n"))))
}

/// Each database that was asked for; answers what was violated, with the round in front.
fn prove_all(workspace: &Workspace, options: &Options, binary: &std::path::Path) -> Outcome<Vec<String>> {
    let mut violations = Vec::new();
    for database in options.databases() {
        let place = match Place::make(workspace, database) {
            Ok(place) => place,
            Err(reason) if database == Database::Postgres && !options.insists() && !in_ci() => {
                println!("not run on PostgreSQL: {reason}");
                continue;
            }
            Err(reason) => return Err(Failure(format!("{}: {reason}", database.name()))),
        };
        let round = format!("{}, {}", database.name(), subject(options));
        let found = prove(&round, options, binary, database, place);
        let found = found.map_err(|Failure(reason)| Failure(format!("seed {}, {round}: {reason}", options.seed)))?;
        violations.extend(found.into_iter().map(|violation| format!("{round}: {violation}")));
    }
    Ok(violations)
}

/// What a round is about.
fn subject(options: &Options) -> String {
    match options.nodes {
        _ if options.treasury => "payment runs".to_owned(),
        _ if options.events => "events of apps".to_owned(),
        _ if options.agents => "exchanges of agents".to_owned(),
        _ if options.workflows => "executions of workflows".to_owned(),
        1 => "flows".to_owned(),
        nodes => format!("{nodes} nodes"),
    }
}

/// One round; answers what was violated.
fn prove(
    round: &str,
    options: &Options,
    binary: &std::path::Path,
    database: Database,
    mut place: Place,
) -> Outcome<Vec<String>> {
    let watch = Stopwatch::start();
    println!("\n{round}: {} kills", options.kills(database));
    let prove = match options {
        _ if options.treasury => treasury::run,
        _ if options.events => proof::run::<events::App>,
        _ if options.agents => proof::run::<agents::Agent>,
        _ if options.workflows => proof::run::<workflows::Desk>,
        _ => storm::run,
    };
    let report = prove(options, binary, database, &place)?;
    println!("\n{round}, seed {}, {:.0} s", options.seed, watch.elapsed().as_secs_f64());
    for (what, count) in &report.table {
        println!("  {what:<58} {count:>8}");
    }
    show(&report.violations);
    if options.keep || !report.violations.is_empty() {
        println!("  kept: {}", place.keep().display());
    }
    Ok(report.violations)
}

/// Prints the first ones of each kind.
fn show(violations: &[String]) {
    let mut kinds: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for violation in violations {
        let is_fixed = |word: &&str| !word.chars().any(|letter| letter.is_ascii_digit());
        let kind: Vec<&str> = violation.split_whitespace().filter(is_fixed).take(WORDS_OF_A_KIND).collect();
        kinds.entry(kind.join(" ")).or_default().push(violation);
    }
    for of_kind in kinds.values() {
        for violation in of_kind.iter().take(SHOWN_MAX) {
            println!("  VIOLATION {violation}");
        }
        if of_kind.len() > SHOWN_MAX {
            println!("    and {} more like these", of_kind.len() - SHOWN_MAX);
        }
    }
}
