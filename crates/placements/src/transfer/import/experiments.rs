//! Experiments. One that was started here is left as it is: what its users were given, and what its results say, hangs on it.

use floe_model::Fault;
use floe_model::id::ScreenVersionId;
use floe_model::placements::experiment::Status;
use floe_store::Tx;
use floe_store::placements::experiments::{self, EXPERIMENTS_MAX, Experiment};
use floe_store::placements::overrides::{self, Override};
use floe_store::placements::placements;
use floe_store::placements::variants::{self, Variant};

use super::{Target, taken};
use crate::experiments::enter_times;

impl Target<'_> {
    pub(super) fn experiments(
        &mut self,
        tx: &mut Tx<'_>,
        list: &[(Experiment, Vec<Variant>, Vec<Override>)],
    ) -> Result<(), Fault> {
        for (index, (one, own, forced)) in list.iter().enumerate() {
            self.experiment(tx, one, own, forced, &format!("/experiments/{index}"))?;
        }
        self.room("experiments", experiments::count(tx, self.workspace, self.app)?, EXPERIMENTS_MAX)
    }

    fn experiment(
        &mut self,
        tx: &mut Tx<'_>,
        wanted: &Experiment,
        own: &[Variant],
        forced: &[Override],
        path: &str,
    ) -> Result<(), Fault> {
        let (workspace, app) = (self.workspace, self.app);
        if placements::find(tx, workspace, app, &wanted.placement_key)?.is_none() {
            let message = format!("There is no placement {}", wanted.placement_key);
            return Err(Fault::field(format!("{path}/placement_id"), "unknown", message));
        }
        let versions: Vec<ScreenVersionId> = own.iter().map(|variant| variant.version).collect();
        self.published(tx, &versions, &format!("{path}/variants"))?;
        let found = experiments::find(tx, workspace, app, wanted.id)?;
        if found.as_ref().is_some_and(|found| found.status != Status::Draft) {
            self.done.kept.experiments += 1;
            return Ok(());
        }
        if wanted.status.is_bound()
            && let Some(other) = experiments::bound(tx, workspace, app, &wanted.placement_key)?
        {
            let message = format!("the experiment {other} runs or pauses on the placement {}", wanted.placement_key);
            return Err(taken(path, message));
        }
        match found {
            None => {
                experiments::put(tx, workspace, wanted, own).map_err(|fault| match fault.code() {
                    "already_exists" => {
                        taken(path, "the id of the experiment or of a variant is taken here".to_owned())
                    }
                    _ => fault,
                })?;
                self.done.created.experiments += 1;
            }
            Some(found) => {
                let mut row = Experiment { revision: found.revision, created_at: found.created_at, ..wanted.clone() };
                experiments::save(tx, workspace, &mut row)?;
                variants::replace(tx, workspace, row.id, own)?;
                overrides::delete_all(tx, workspace, row.id)?;
                self.done.updated.experiments += 1;
            }
        }
        for one in forced {
            overrides::put(tx, workspace, wanted.id, one)?;
        }
        enter_times(tx, self.ctx, workspace, wanted)
    }
}
