//! Timers of runs in memory: retries and short delays. Long waits are jobs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
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

/// Alarms below which nobody looks for those that are of no use any more.
const SWEPT_FROM: usize = 4_096;

/// Alarms, the next one first.
#[derive(Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Timestamp, RunId, Timer)>>,
    /// How many were left by the last sweep.
    swept: usize,
}

impl Timers {
    /// Adds an alarm. Runs that end leave theirs behind, those of workflows for half an hour: whenever there are twice as many as after
    /// the last sweep, those of runs that are not in memory are swept out. A run that comes back sets its own anew.
    fn push(&mut self, at: Timestamp, run: RunId, timer: Timer, is_here: impl Fn(RunId) -> bool) {
        if self.heap.len() >= SWEPT_FROM.max(self.swept * 2) {
            self.heap.retain(|Reverse((_, run, _))| is_here(*run));
            self.swept = self.heap.len();
        }
        self.heap.push(Reverse((at, run, timer)));
    }

    fn peek(&self) -> Option<(Timestamp, RunId, Timer)> {
        self.heap.peek().map(|Reverse(next)| *next)
    }

    fn pop(&mut self) {
        self.heap.pop();
    }

    pub(super) fn clear(&mut self) {
        self.heap.clear();
    }
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
        self.timers.push(at, run, timer, |run| self.runs.contains_key(&run));
    }

    /// Looks at the run of a workflow when its active time ends.
    pub(super) fn set_deadline(&mut self, run: RunId, now: Timestamp) {
        if let Some(at) = self.live(run).and_then(|live| live.take_deadline(now)) {
            self.timers.push(at, run, Timer::Deadline, |run| self.runs.contains_key(&run));
        }
    }

    pub(super) fn until_next_timer(&self) -> Option<Duration> {
        let (at, ..) = self.timers.peek()?;
        let left_us = at.micros() - self.core.platform.clock.now().micros();
        Some(Duration::from_micros(left_us.max(0).unsigned_abs()))
    }

    pub(super) fn fire_timers(&mut self) {
        let now = self.core.platform.clock.now();
        while let Some((at, run, timer)) = self.timers.peek() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_of_runs_that_are_gone_do_not_pile_up() {
        let mut timers = Timers::default();
        let is_here = |run: RunId| run.0.is_multiple_of(100);
        for run in 0..100_000 {
            timers.push(Timestamp(1_000_000), RunId(run), Timer::Deadline, is_here);
            assert!(timers.heap.len() <= SWEPT_FROM);
        }
        let kept = timers.heap.iter().filter(|Reverse((_, run, _))| is_here(*run)).count();
        assert_eq!(kept, 1_000, "those of runs that are here stay");
    }
}
