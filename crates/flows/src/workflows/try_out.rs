//! Trying out what is edited: a run of test mode that takes the outputs of pinned steps, and may stop after one (console contract,
//! section 5.3).
//!
//! What such a run does not do itself is laid down in its first event, as what a repetition takes over is.

use std::sync::Arc;

use floe_engine::plan::Plan;
use floe_engine::reuse::{EVERY_PASS, Kept, Reuse, ReusedStep};
use floe_model::Fault;
use floe_model::id::{EventId, RunId};
use floe_runtime::Ctx;
use floe_store::flows::files as file_rows;
use serde_json::{Map, Value};

use super::pins;
use super::start::{Start, Started};
use crate::Flows;
use crate::definitions::VersionChoice;
use crate::files;

impl Flows {
    /// Starts a test. Of what is edited the pins count; with `stop_after` nothing runs but what leads to that step, and the step.
    ///
    /// # Errors
    /// As [`Flows::start_workflow`]; 400 for a `stop_after` that the definition does not have.
    pub async fn try_out(&self, ctx: &Ctx, start: Start, stop_after: Option<&str>) -> Result<Started, Fault> {
        let uses_pins = start.version == VersionChoice::DraftElseLatest;
        let (new, engine) = self.prepare_start(ctx, start).await?;
        let (run, workflow, shown_id, inputs) = (new.run, new.flow, new.shown_id.clone(), new.inputs.clone());
        let pinned = if uses_pins {
            let (reader, plan) = (ctx.clone(), Arc::clone(&new.plan));
            ctx.store.read(move |tx| pins::of_plan(tx, &reader, workflow, &plan)).await?
        } else {
            Vec::new()
        };
        match laid_down(&new.plan, run, pinned, stop_after)? {
            None => drop(self.runs.run(new, 0).await?),
            Some(reuse) => {
                let rows = new.first_rows(new.beginning_with(Some(Arc::new(reuse)), None), ctx.now())?;
                let (written, claims, event) = (rows.clone(), files::claims_of(&new), ctx.ids.next::<EventId>());
                let write = move |tx: &mut floe_store::Tx<'_>| {
                    written.write(tx, event)?;
                    claims.iter().try_for_each(|claim| file_rows::claim(tx, claim))
                };
                ctx.store.write(write).await?;
                self.runs.take_up_row(&rows.row);
            }
        }
        Ok(Started { run, workflow, engine, shown_id, inputs })
    }
}

/// What a test takes over: the outputs of pinned steps, and that steps which do not lead to the last one are passed over.
fn laid_down(
    plan: &Plan,
    run: RunId,
    pinned: Vec<(String, Value)>,
    stop_after: Option<&str>,
) -> Result<Option<Reuse>, Fault> {
    let held = |step: String, kept: Kept| ReusedStep { step, pass: EVERY_PASS.to_owned(), kept, input: None };
    let done = |output: Value| Kept::Done {
        result: Arc::new(output),
        port: floe_engine::plan::Port::NEXT,
        values: Map::new(),
        steps: Map::new(),
    };
    let mut steps: Vec<ReusedStep> = Vec::new();
    let beyond = stop_after.map(|step| beyond(plan, step)).transpose()?.unwrap_or_default();
    steps.extend(beyond.iter().map(|step| held(step.clone(), Kept::Skipped)));
    steps.extend(
        pinned.into_iter().filter(|(step, _)| !beyond.contains(step)).map(|(step, output)| held(step, done(output))),
    );
    Ok((!steps.is_empty()).then_some(Reuse { of: run, steps, lists: Vec::new() }))
}

/// The steps at the top that do not lead to a step, nor hold it.
fn beyond(plan: &Plan, step: &str) -> Result<Vec<String>, Fault> {
    let unknown = || Fault::field("/stop_after", "unknown", format!("There is no step {step}"));
    let last = plan.top_of(plan.find(step).ok_or_else(unknown)?);
    let root = plan.scope(0);
    let others = (root.first..root.first + root.len).filter(|&at| at != last && !plan.below(at).contains(&last));
    Ok(others.map(|at| plan.node(at).id.clone()).collect())
}
