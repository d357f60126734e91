//! The simulation of runs: generated flows are driven by the engine against a model of a durable journal and of a world
//! that both fail, and what is promised is checked at every step (`cargo xtask sim`).
//!
//! One seed is one story: some flows, some runs of them, and a few hundred moves (begin a write, end it, perform an effect,
//! answer, let time pass, cancel, crash, …). The same seed always tells the same story. What is modelled of the server:
//!
//! - events that one drive returns are written in one write, with the children and jobs that belong to them;
//! - commands are carried out after that write, but for what the world cannot see;
//! - a crash takes everything in memory; a write under way is on disk or not; runs go on from their journals;
//! - effects are performed at least once, with a key that must be the same for every repeat;
//! - a job is done only when what it led to is on disk;
//! - scripts and the variables of a workspace are read outside of the machine, and a crash forgets that they were asked for.
//!
//! What is checked: nothing finished is repeated, no effect begins before its intent (and no repeat of one after its
//! result) is on disk, of several answers one counts and it is the one that was confirmed, final states never change,
//! a recovered machine equals the one that lived, step records agree with the outcome, which nodes of a graph have run is what its edges tell, and every run comes to its
//! end.

mod catalogue;
mod chance;
mod check;
mod coverage;
mod disk;
mod generate;
mod graph_check;
mod graphs;
mod memory;
mod moves;
mod payments;
mod rerun;
mod server;
mod shorten;
mod story;
mod world;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use floe_engine::catalog::Catalog;
use floe_engine::event::Answer;
use floe_engine::lang;
use floe_engine::plan::Plan;
use floe_model::Timestamp;
use floe_model::id::{RunId, WaitId};
use serde_json::Value;

pub use coverage::Coverage;
pub use shorten::shortest;

use chance::Chance;
use disk::Disk;
use memory::Memory;
use story::Story;
use world::World;

/// Steps of a generated flow at most, unless asked otherwise.
pub const STEPS_MAX: usize = 20;
/// Workflows drawn at most until one is accepted.
const DRAWS_MAX: usize = 50;
/// Moves of the troubled part of a story.
const MOVES_MAX: usize = 160;
/// Moves after which a run that has not come to its end never will.
const REST_MOVES_MAX: usize = 20_000;
/// The instant at which every story begins: 2026-01-01T00:00:00Z.
const BEGINNING: Timestamp = Timestamp(1_767_225_600_000_000);

/// A promise that was not kept.
#[derive(Debug, Clone)]
pub struct Broken {
    /// What was not kept.
    pub why: String,
    /// What happened before, line by line, if the story was to be told.
    pub story: Vec<String>,
}

/// Plays the story of a seed; gives the number of flows in it.
///
/// # Errors
/// The first promise that is not kept; that nothing panics is one of them.
pub fn play(seed: u64, steps_max: usize, told: bool, coverage: &mut Coverage) -> Result<usize, Broken> {
    let mut story = Story::new(told);
    let played = catch_unwind(AssertUnwindSafe(|| tell(seed, steps_max, coverage, &mut story)));
    played.unwrap_or_else(|_| Err(Broken { why: "a panic, printed above".to_owned(), story: story.take() }))
}

fn tell(seed: u64, steps_max: usize, coverage: &mut Coverage, story: &mut Story) -> Result<usize, Broken> {
    let mut chance = Chance::new(seed);
    let flows = chance.between(1, 4);
    let (plans, definitions) = plans(&mut chance, steps_max, flows, story)?;
    let mut sim = Sim {
        chance,
        now: BEGINNING,
        next_id: 0,
        plans,
        definitions,
        disk: Disk::default(),
        memory: Memory::default(),
        world: World::default(),
        started: Vec::new(),
        answers: BTreeMap::new(),
        cancelled: Vec::new(),
        coverage,
        story,
    };
    sim.tell_story()?;
    Ok(flows)
}

/// Flows and workflows, in either language, with their definitions.
type Generated = (Vec<Arc<Plan>>, Vec<Value>);

fn plans(chance: &mut Chance, steps_max: usize, flows: usize, story: &mut Story) -> Result<Generated, Broken> {
    let catalogue = catalogue::catalogue();
    let (mut plans, mut definitions) = (Vec::with_capacity(flows), Vec::with_capacity(flows));
    for flow in 0..flows {
        let definition = if chance.one_in(2) {
            graph(chance, steps_max, (flow, flows), &catalogue)
        } else {
            generate::definition(chance, steps_max, flow, flows)
        };
        story.line(|| format!("f{flow}: {definition}"));
        match lang::plan(&definition, &catalogue) {
            Ok(plan) => plans.push(Arc::new(plan)),
            Err(refused) => {
                let why = format!("a generated flow is refused: {}", refused.problems);
                return Err(Broken { why, story: story.take() });
            }
        }
        definitions.push(definition);
    }
    Ok((plans, definitions))
}

/// A workflow that is accepted: edges that are joined by chance may form a cycle that is not.
fn graph(chance: &mut Chance, nodes_max: usize, (flow, flows): (usize, usize), catalogue: &Catalog) -> Value {
    let mut definition = graphs::definition(chance, nodes_max, flow, flows);
    for _ in 0..DRAWS_MAX {
        if lang::plan(&definition, catalogue).is_ok() {
            break;
        }
        definition = graphs::definition(chance, nodes_max, flow, flows);
    }
    definition
}

/// One story under way.
struct Sim<'c> {
    chance: Chance,
    now: Timestamp,
    next_id: u128,
    plans: Vec<Arc<Plan>>,
    definitions: Vec<Value>,
    disk: Disk,
    memory: Memory,
    world: World,
    /// Starts that were confirmed.
    started: Vec<RunId>,
    /// Answers that were confirmed.
    answers: BTreeMap<WaitId, (RunId, Answer)>,
    /// Cancellations that were confirmed.
    cancelled: Vec<RunId>,
    coverage: &'c mut Coverage,
    story: &'c mut Story,
}

impl Sim<'_> {
    fn fresh(&mut self) -> u128 {
        self.next_id += 1;
        self.next_id
    }

    fn tell(&mut self, line: impl FnOnce() -> String) {
        let now = self.now;
        self.story.line(|| format!("{now} {}", line()));
    }

    fn broken(&self, why: impl Into<String>) -> Broken {
        Broken { why: why.into(), story: self.story.clone().take() }
    }
}

#[cfg(test)]
mod tests;
