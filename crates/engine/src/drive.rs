//! Driving: everything that a run can do by itself until it needs the world, an answer, or time.

use floe_model::Timestamp;

use crate::event::{Event, Happening, StepError};
use crate::interpret::{Evaluated, Moment, evaluate};
use crate::machine::{Command, Machine};

/// Active time of a run at most, in milliseconds; waiting does not count (Flow API contract, section 6.7).
pub const ACTIVE_MS_MAX: i64 = 1_200_000;

/// What came of driving a run: events to be written together, and commands to be carried out once they are on disk.
#[derive(Debug, Default)]
pub struct Drive {
    /// New events, already applied.
    pub events: Vec<Event>,
    /// What should happen once the events are on disk.
    pub commands: Vec<Command>,
    /// Whether there is more to be done at once: call again.
    pub is_cut: bool,
}

/// Applies an event from outside, then evaluates whatever is ready until nothing is.
///
/// An event that does not fit the run's state is left out and nothing else happens on its account.
pub fn drive(machine: &mut Machine, happening: Option<Happening>, moment: &mut Moment<'_>) -> Drive {
    drive_some(machine, happening, moment, usize::MAX)
}

/// [`drive`] that stops after so many evaluations, so that a long run of pure nodes does not keep others waiting.
pub fn drive_some(
    machine: &mut Machine,
    happening: Option<Happening>,
    moment: &mut Moment<'_>,
    evaluations_max: usize,
) -> Drive {
    let mut evaluations = 0;
    let mut drive = Drive::default();
    if let Some(what) = happening.filter(|what| machine.accepts(what)) {
        drive.push(machine, what, moment.now);
    }
    if machine.outcome().is_none()
        && machine.beginning().is_some()
        && machine.active_ms(moment.now) > moment.active_ms_max
    {
        let seconds = moment.active_ms_max / 1_000;
        let error = StepError::new("run_timeout", format!("The run was active for more than {seconds} seconds"));
        drive.push(machine, Happening::Stopped { error }, moment.now);
    }
    // Bounded: every evaluation counts as a step, or is a loop's test after a pass that counted at least one; a run has
    // at most as many of them as the rules of its language say, and asks for scripts a few times each.
    while let Some(command) = machine.next() {
        match command {
            Command::Evaluate(_) if evaluations >= evaluations_max => {
                drive.is_cut = true;
                break;
            }
            Command::Evaluate(place) => {
                evaluations += 1;
                match evaluate(machine, place, moment) {
                    Evaluated::Happened(what) => drive.push(machine, what, moment.now),
                    Evaluated::Asked(scripts, mark) => machine.ask_scripts(place, scripts, mark),
                }
            }
            other => drive.commands.push(other),
        }
    }
    drive
}

impl Drive {
    fn push(&mut self, machine: &mut Machine, what: Happening, now: Timestamp) {
        let what = if machine.is_graph() { machine.as_in_graphs(what) } else { what };
        // The journal's clock never goes back, even when the machine's clock does.
        let event = Event { at: now.max(machine.last_at()), what };
        debug_assert!(machine.accepts(&event.what), "an event was made that does not fit: {:?}", event.what);
        machine.apply(&event);
        self.events.push(event);
    }
}
