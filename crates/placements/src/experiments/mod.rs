//! Experiments on placements: their life, who gets what whatever the hash says, and what came of them (Placements contract, section 9).
//!
//! Every change first counts a change of the workspace's configuration (`revisions::bump`), which makes it alone with that configuration
//! until its end: two starts on one placement never meet.
//!
//! Start reading with [`create`] and [`transit`]; the rules are in `floe_model::placements::experiment`.

mod assignments;
mod change;
mod create;
mod jobs;
mod overrides;
mod results;
mod tally;
mod transit;

use floe_model::Fault;
use floe_model::id::{AppId, ExperimentId, VariantId, WorkspaceId};
use floe_store::Tx;
use floe_store::placements::experiments::{self as rows, Experiment, Filter};
use floe_store::placements::variants::{self, Variant};

pub use assignments::{Given, Source, assignment, forget};
pub use change::{Patch, change, delete};
pub use create::{NewExperiment, VariantIn, create, duplicate};
pub(crate) use jobs::{enter as enter_times, handlers, job, subject};
pub use overrides::{override_of, remove_override, set_override};
pub use results::{ArmResult, Earned, Look, Point, Results, results};
pub use transit::transit;

/// An experiment with its variants in the order of their buckets, the control first.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole {
    /// The experiment.
    pub experiment: Experiment,
    /// Its variants.
    pub variants: Vec<Variant>,
}

impl Whole {
    /// The variant of this id.
    #[must_use]
    pub fn variant(&self, id: VariantId) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.id == id)
    }
}

/// An experiment of an app.
///
/// # Errors
/// `not_found`.
pub fn get(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, id: ExperimentId) -> Result<Whole, Fault> {
    let experiment = rows::find(tx, workspace, app, id)?.ok_or_else(|| Fault::not_found("Experiment"))?;
    Ok(Whole { variants: variants::of(tx, workspace, id)?, experiment })
}

/// A page of the experiments of an app, newest first, and how many the filter lets through.
///
/// # Errors
/// `not_found` for the app.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    app: AppId,
    filter: &Filter,
    limit: usize,
    offset: i64,
) -> Result<(Vec<Whole>, i64), Fault> {
    create::app(tx, workspace, app)?;
    let (experiments, total) = rows::list(tx, workspace, app, filter, limit, offset)?;
    let ids: Vec<ExperimentId> = experiments.iter().map(|one| one.id).collect();
    let mut variants = variants::of_all(tx, workspace, &ids)?;
    let whole = |experiment: Experiment| {
        let variants = variants.remove(&experiment.id).unwrap_or_default();
        Whole { experiment, variants }
    };
    Ok((experiments.into_iter().map(whole).collect(), total))
}
