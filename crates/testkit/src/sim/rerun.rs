//! Runs that repeat others, and what must hold of them: what was taken over is not done again, also after a crash.

use std::sync::Arc;

use floe_engine::event::{Beginning, Event, Happening};
use floe_engine::machine::Machine;
use floe_engine::reuse::{From, Past, Wish};
use floe_model::id::RunId;

use super::disk::Shown;
use super::{Broken, Sim};

/// Runs of one story after which none is repeated any more.
const RUNS_MAX: usize = 12;

impl Sim<'_> {
    /// Somebody has a run that is over done again.
    pub(super) fn rerun_any(&mut self) -> Result<(), Broken> {
        let over = self.disk.runs.iter().filter(|(_, row)| row.shown == Shown::Over && row.parent.is_none());
        let over: Vec<RunId> = over.map(|(run, _)| *run).collect();
        if over.is_empty() || self.started.len() >= RUNS_MAX {
            return Ok(());
        }
        let old = over[self.chance.below(over.len())];
        let Some(row) = self.disk.runs.get(&old) else { return Ok(()) };
        let (flow, events) = (row.flow, row.events());
        let plan = Arc::clone(&self.plans[flow]);
        let past = Past::of(Arc::clone(&plan), &events);
        let from = match self.chance.below(3) {
            0 => From::Start,
            1 => From::Unfinished,
            _ => From::Step(self.chance.below(plan.scope(0).len.max(1) as usize) as u32 + plan.scope(0).first),
        };
        self.coverage.met(match from {
            From::Start => "run repeated from the start",
            From::Unfinished => "run repeated from what was not finished",
            From::Step(_) => "run repeated from a step",
        });
        let repeat_effects = self.chance.one_in(4);
        let wish = Wish { from, repeat_effects, same_version: true, sends: &|_, _| true };
        let Some(reuse) = past.reuse(&plan, &wish) else { return Ok(()) };
        let Some(before) = past.beginning() else { return Ok(()) };
        let run = RunId(self.fresh());
        self.tell(|| format!("repeat {old} as {run} from {from:?}, {} results", reuse.steps.len()));
        let beginning = Beginning { run, reuse: Some(Arc::new(reuse)), depth: 0, ..before.clone() };
        self.begin(run, flow, beginning)
    }

    /// What a run takes over is not done by it.
    pub(super) fn check_reused(&mut self, run: RunId, events: &[Event]) -> Result<(), Broken> {
        let Some(row) = self.disk.runs.get(&run) else { return Ok(()) };
        let mut machine = Machine::new(Arc::clone(&self.plans[row.flow]));
        let mut kept = false;
        for event in events {
            if let Some(place) = event.what.place()
                && let Some(step) = machine.reused_at(place)
            {
                let is_reused = matches!(event.what, Happening::Reused { .. });
                kept |= is_reused && step.kept.depends_on_content();
                if !is_reused && !step.kept.depends_on_content() {
                    let why = format!("{run} takes over {} in pass {}, and {:?}", step.step, step.pass, event.what);
                    return Err(self.broken(why));
                }
            }
            machine.apply(event);
        }
        if kept {
            self.coverage.met("approval kept");
        }
        Ok(())
    }
}
