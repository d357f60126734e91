//! The flows slice: definitions and their versions, runs, waits, and the step types that touch the outside.
//!
//! It knows no HTTP and no SQL: surfaces call its services, and it calls the store's table functions inside one
//! transaction each. It never talks to another slice.
//!
//! Start reading with [`Flows`], then [`runs`] for what happens to a run and [`definitions`] for what is edited.

mod cancel;
pub mod definitions;
pub mod editor;
pub mod enhance;
mod execute;
pub mod files;
mod form;
pub mod history;
pub mod logs;
pub mod nodes;
pub mod questions;
pub mod reruns;
pub mod results;
mod run_counts;
pub mod run_feed;
pub mod run_list;
pub mod runs;
pub mod schedules;
pub mod scripts;
pub mod serving;
pub mod sharing;
pub mod steps;
pub mod tools;
pub mod totals;
pub mod transfer;
pub mod triggers;
pub mod workflows;

use std::sync::Arc;

use floe_engine::catalog::Catalog;
use floe_runtime::Platform;
use floe_runtime::child_runs::ChildRuns;
use floe_runtime::directory::{Directory, Nothing};
use floe_runtime::effect::Effect;
use floe_runtime::models::Models;

pub use execute::{Execute, WAIT_MS_MAX, WayIn, parse_version, started_by};
use runs::{Limits, Plans, RunEngine};
use serving::Serving;

/// The slice's services.
pub struct Flows {
    /// The process-wide services.
    pub platform: Arc<Platform>,
    /// The step types that run here.
    pub catalog: Arc<Catalog>,
    /// Compiled definitions.
    pub plans: Arc<Plans>,
    /// What clients run.
    latest: definitions::LatestVersions,
    /// How many runs each flow has.
    counts: Arc<run_counts::RunCounts>,
    /// What moves the runs.
    pub runs: RunEngine,
    /// Calls whose answer is being worked out.
    pub serving: Arc<Serving>,
    /// What runs that are over have come to.
    results: results::Results,
    /// What definitions may name beside flows.
    pub directory: Arc<dyn Directory>,
    /// Models, for editing with their help; none where no slice brings some.
    pub models: Option<Arc<dyn Models>>,
}

impl Flows {
    /// Builds the slice from the step types of the registry, and what runs can call beside flows, and starts its shards.
    #[must_use]
    pub fn start(
        platform: Arc<Platform>,
        effects: Vec<Arc<dyn Effect>>,
        child_runs: Vec<Arc<dyn ChildRuns>>,
        limits: Limits,
    ) -> Self {
        let catalog = Arc::new(steps::catalog(&effects));
        let plans = Arc::new(Plans::new(Arc::clone(&catalog)));
        let latest = definitions::LatestVersions::new(&platform.store);
        let runs = RunEngine::start(Arc::clone(&platform), Arc::clone(&plans), effects, child_runs, limits);
        Self {
            platform,
            catalog,
            plans,
            latest,
            counts: Arc::new(run_counts::RunCounts::new()),
            runs,
            serving: Arc::default(),
            results: results::Results::default(),
            directory: Arc::new(Nothing),
            models: None,
        }
    }

    /// The same with what another slice brings: models, and what can be named.
    #[must_use]
    pub fn with(self, models: Arc<dyn Models>, directory: Arc<dyn Directory>) -> Self {
        Self { models: Some(models), directory, ..self }
    }
}
