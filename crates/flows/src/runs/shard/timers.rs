//! Timers of runs in memory: retries and short delays. Long waits are jobs.

use std::cmp::Reverse;
use std::time::Duration;

use floe_engine::event::Place;
use floe_engine::machine::Alarm;
use floe_model::Timestamp;
use floe_model::id::{RunId, WaitId};

use super::super::live::Live;
use super::super::message::Request;
use super::{Shard, Slot};

/// An alarm in the order of the timer heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    Retry {
        frame: u32,
        node: u32,
    },
    Look {
        frame: u32,
        node: u32,
    },
    /// The active time of the run ends.
    Deadline,
    Wait(WaitId),
}

impl Shard {
    /// Long waits are jobs; everything else that waits for time waits here.
    pub(super) fn set_timer(&mut self, run: RunId, at: Timestamp, alarm: Alarm) {
        let timer = match alarm {
            Alarm::Retry(place) => Timer::Retry { frame: place.frame, node: place.node },
            Alarm::Look(place) => Timer::Look { frame: place.frame, node: place.node },
            Alarm::Wait(wait) => {
                let is_long = |live: &mut Live| live.machine.questions().any(|question| question.wait == wait);
                if self.live(run).is_some_and(is_long) {
                    return;
                }
                Timer::Wait(wait)
            }
        };
        self.timers.push(Reverse((at, run, timer)));
    }

    /// Looks at the run of a workflow when its active time ends.
    pub(super) fn set_deadline(&mut self, run: RunId) {
        let now = self.core.platform.clock.now();
        if let Some(at) = self.live(run).and_then(|live| live.take_deadline(now)) {
            self.timers.push(Reverse((at, run, Timer::Deadline)));
        }
    }

    pub(super) fn until_next_timer(&self) -> Option<Duration> {
        let Reverse((at, ..)) = self.timers.peek()?;
        let left_us = at.micros() - self.core.platform.clock.now().micros();
        Some(Duration::from_micros(left_us.max(0).unsigned_abs()))
    }

    pub(super) fn fire_timers(&mut self) {
        let now = self.core.platform.clock.now();
        while let Some(&Reverse((at, run, timer))) = self.timers.peek() {
            if at > now {
                break;
            }
            self.timers.pop();
            let alarm = match timer {
                Timer::Deadline => {
                    self.happen(run, None);
                    continue;
                }
                Timer::Retry { frame, node } => Alarm::Retry(Place { frame, node }),
                Timer::Look { frame, node } => Alarm::Look(Place { frame, node }),
                Timer::Wait(wait) => Alarm::Wait(wait),
            };
            if matches!(self.runs.get(&run), Some(Slot::Live(_))) {
                self.serve(run, Request::Alarm(alarm));
            }
        }
    }
}
