//! How many runs may move at a time: fair between workspaces, bounded in all.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use floe_model::flows::FlowSettings;
use floe_model::id::{FlowId, RunId, WorkspaceId};

/// Counts the runs that move and queues those that have to wait for a place.
pub(super) struct Admission {
    per_workspace: usize,
    queue_max: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    workspaces: HashMap<WorkspaceId, Places>,
    flows: HashMap<FlowId, usize>,
    queued: usize,
}

#[derive(Default)]
struct Places {
    moving: usize,
    queue: VecDeque<Ticket>,
}

/// A run that asks for a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    pub(super) workspace: WorkspaceId,
    pub(super) flow: FlowId,
    pub(super) run: RunId,
    /// `settings.maxConcurrentRuns` of its flow.
    pub(super) flow_max: Option<usize>,
}

impl Ticket {
    /// The ticket of a run under the settings of its flow.
    pub(super) fn new(workspace: WorkspaceId, flow: FlowId, run: RunId, settings: &FlowSettings) -> Self {
        Self { workspace, flow, run, flow_max: settings.max_concurrent_runs.map(|max| max as usize) }
    }
}

/// What became of a request for a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// The run may move.
    In,
    /// It has to wait for its turn.
    Queued,
    /// There is no room in the queue either.
    Full,
}

impl Admission {
    pub(super) fn new(per_workspace: usize, queue_max: usize) -> Self {
        Self { per_workspace, queue_max, state: Mutex::default() }
    }

    /// Asks for a place. A run that is on disk already (`must_queue`) is never turned away.
    pub(super) fn enter(&self, ticket: Ticket, must_queue: bool) -> Entry {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.try_enter(&ticket, self.per_workspace) {
            return Entry::In;
        }
        if !must_queue && state.queued >= self.queue_max {
            return Entry::Full;
        }
        state.queued += 1;
        state.workspaces.entry(ticket.workspace).or_default().queue.push_back(ticket);
        Entry::Queued
    }

    /// Takes a place even when there is none: a run that was answered does not queue again.
    pub(super) fn enter_anyway(&self, ticket: Ticket) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.try_enter(&ticket, usize::MAX);
    }

    /// Gives a place back; returns runs that may move now.
    pub(super) fn leave(&self, workspace: WorkspaceId, flow: FlowId) -> Vec<Ticket> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.leave(workspace, flow);
        state.next(workspace, self.per_workspace)
    }

    /// Runs that wait for a place.
    pub(super) fn queued(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).queued
    }
}

impl State {
    fn try_enter(&mut self, ticket: &Ticket, per_workspace: usize) -> bool {
        let places = self.workspaces.entry(ticket.workspace).or_default();
        let of_flow = self.flows.get(&ticket.flow).copied().unwrap_or(0);
        let flow_is_full = per_workspace != usize::MAX && ticket.flow_max.is_some_and(|max| of_flow >= max);
        if places.moving >= per_workspace || flow_is_full {
            return false;
        }
        places.moving += 1;
        *self.flows.entry(ticket.flow).or_default() += 1;
        true
    }

    fn leave(&mut self, workspace: WorkspaceId, flow: FlowId) {
        if let Some(places) = self.workspaces.get_mut(&workspace) {
            places.moving = places.moving.saturating_sub(1);
        }
        if let Some(count) = self.flows.get_mut(&flow) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.flows.remove(&flow);
            }
        }
    }

    /// Lets queued runs of a workspace in, in order, passing over those whose flow is full.
    fn next(&mut self, workspace: WorkspaceId, per_workspace: usize) -> Vec<Ticket> {
        let Some(places) = self.workspaces.get_mut(&workspace) else { return Vec::new() };
        let mut waiting = std::mem::take(&mut places.queue);
        let mut admitted = Vec::new();
        let mut passed_over = VecDeque::new();
        while let Some(ticket) = waiting.pop_front() {
            if self.try_enter(&ticket, per_workspace) {
                self.queued -= 1;
                admitted.push(ticket);
            } else {
                passed_over.push_back(ticket);
                if self.workspaces.get(&workspace).is_some_and(|places| places.moving >= per_workspace) {
                    break;
                }
            }
        }
        passed_over.append(&mut waiting);
        match self.workspaces.get_mut(&workspace) {
            Some(places) if passed_over.is_empty() && places.moving == 0 => {
                self.workspaces.remove(&workspace);
            }
            Some(places) => places.queue = passed_over,
            None => {}
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(workspace: u128, flow: u128, run: u128, flow_max: Option<usize>) -> Ticket {
        Ticket { workspace: WorkspaceId(workspace), flow: FlowId(flow), run: RunId(run), flow_max }
    }

    #[test]
    fn places_are_per_workspace_and_flow_and_queued_runs_follow_in_order() {
        let admission = Admission::new(2, 3);
        assert_eq!(admission.enter(ticket(1, 1, 1, None), false), Entry::In);
        assert_eq!(admission.enter(ticket(1, 2, 2, Some(1)), false), Entry::In);
        assert_eq!(admission.enter(ticket(1, 2, 3, Some(1)), false), Entry::Queued);
        assert_eq!(admission.enter(ticket(1, 1, 4, None), false), Entry::Queued);
        assert_eq!(admission.enter(ticket(2, 3, 5, None), false), Entry::In, "another workspace has its own places");
        assert_eq!(admission.enter(ticket(1, 1, 6, None), false), Entry::Queued);
        assert_eq!(admission.enter(ticket(1, 1, 7, None), false), Entry::Full);
        let runs = |tickets: Vec<Ticket>| tickets.into_iter().map(|ticket| ticket.run.0).collect::<Vec<_>>();
        assert_eq!(runs(admission.leave(WorkspaceId(1), FlowId(1))), [4], "run 3 is passed over: its flow is full");
        assert_eq!(runs(admission.leave(WorkspaceId(1), FlowId(2))), [3]);
        assert_eq!(runs(admission.leave(WorkspaceId(1), FlowId(1))), [6]);
        assert_eq!(admission.queued(), 0);
    }
}
