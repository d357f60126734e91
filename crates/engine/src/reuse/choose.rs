//! Which of a run's results the run that repeats it takes over.

use std::collections::BTreeSet;

use serde_json::Value;

use super::past::{Past, PastStep};
use super::{Kept, Reuse, ReusedList, ReusedStep};
use crate::nodes::Compute;
use crate::plan::{Node, NodeIndex, Plan, Port, WaitKind, Work};

/// Where a repetition begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// At the trigger.
    Start,
    /// At whatever the run had not finished.
    Unfinished,
    /// At a step of the root scope, by its node in the plan of the new run.
    Step(NodeIndex),
}

/// How a run is to be repeated.
pub struct Wish<'a> {
    /// Where it begins.
    pub from: From,
    /// Whether what was sent is sent again.
    pub repeat_effects: bool,
    /// Whether the new run follows the same version: an approval of another one is no approval of this one.
    pub same_version: bool,
    /// Whether an effect of a step type with that configuration has changed something outside.
    pub sends: &'a dyn Fn(&str, &Value) -> bool,
}

impl Past {
    /// What a run of `plan` takes over.
    ///
    /// - Steps of the root scope before the beginning: whatever they came to, if the run went on after them. Before it is
    ///   every step that the beginning does not lead to.
    /// - All other steps, those inside of loops too: what they have sent, unless it is to be repeated; and approvals, for the
    ///   same question of the same version.
    ///
    /// A step is the same step when it has the same id and type. The step that ends a run is never taken over.
    #[must_use]
    pub fn reuse(&self, plan: &Plan, wish: &Wish<'_>) -> Option<Reuse> {
        let of = self.beginning()?.run;
        let after = match wish.from {
            From::Start => None,
            From::Unfinished => Some(BTreeSet::new()),
            From::Step(step) => {
                let mut after = plan.below(step);
                after.insert(step);
                Some(after)
            }
        };
        let is_before = |top: NodeIndex| after.as_ref().is_some_and(|after| !after.contains(&top));
        let mut whole = BTreeSet::new();
        let mut steps = Vec::new();
        for (spot, past) in self.steps.iter().filter(|((node, _), _)| self.plan.node(*node).scope == 0) {
            if let Some(node) = self.same_node(plan, spot.0).filter(|&node| is_before(node))
                && let Some(kept) = before(self.plan.node(spot.0), plan.node(node), &past.kept)
            {
                whole.insert(spot.0);
                steps.push(self.step(spot.0, &spot.1, kept, past));
            }
        }
        for ((index, pass), past) in &self.steps {
            let Some(node) = self.same_node(plan, *index).filter(|_| !whole.contains(&self.plan.top_of(*index))) else {
                continue;
            };
            let kept = self.kept_after(*index, past, wish);
            let is_beginning = wish.from == From::Step(node);
            if let Some(kept) = kept.filter(|kept| !(is_beginning && kept.depends_on_content())) {
                steps.push(self.step(*index, pass, kept, past));
            }
        }
        Some(Reuse { of, lists: self.lists_around(&steps), steps })
    }

    fn step(&self, node: NodeIndex, pass: &str, kept: Kept, past: &PastStep) -> ReusedStep {
        ReusedStep { step: self.plan.node(node).id.clone(), pass: pass.to_owned(), kept, input: past.input.clone() }
    }

    /// The node of the same step in another plan, unless it ends the run.
    fn same_node(&self, plan: &Plan, index: NodeIndex) -> Option<NodeIndex> {
        let old = self.plan.node(index);
        let found = plan.find(&old.id)?;
        let new = plan.node(found);
        let stands_alike = (old.scope == 0) == (new.scope == 0);
        let is_kept = match &new.work {
            // A computation costs nothing, and may have changed more than its record tells.
            Work::Finish { .. } | Work::Compute(_) => false,
            // By which ways the body was left is not kept, nor what it did to the shared memory.
            Work::Loop(work) => plan.scope(work.body).outs == 0 && !shares_inside(plan, found),
            _ => true,
        };
        (new.kind == old.kind && stands_alike && is_kept).then_some(found)
    }

    /// What is taken over of a step that is not before the beginning.
    fn kept_after(&self, index: NodeIndex, past: &PastStep, wish: &Wish<'_>) -> Option<Kept> {
        let input = past.input.as_deref().unwrap_or(&Value::Null);
        match (&self.plan.node(index).work, &past.kept) {
            (Work::Wait(wait), Kept::Decided { decision, .. }) if wait.kind == WaitKind::UserApproval => {
                let holds = wish.same_version && decision.approve;
                holds.then(|| Kept::Decided { decision: decision.clone(), same_question: true })
            }
            (work, Kept::Done { port: Port::NEXT, .. }) => {
                let has_sent = match work {
                    Work::Effect(effect) => (wish.sends)(effect.step, input),
                    // What a called flow or the client has done is not known here, so it counts as done.
                    Work::Child { .. } => true,
                    Work::Wait(wait) => wait.kind == WaitKind::ClientTool,
                    _ => false,
                };
                (has_sent && !wish.repeat_effects).then(|| past.kept.clone())
            }
            _ => None,
        }
    }

    /// The lists of the loops around steps that are taken over.
    fn lists_around(&self, steps: &[ReusedStep]) -> Vec<ReusedList> {
        let mut around = BTreeSet::new();
        for step in steps {
            let mut at = self.plan.find(&step.step);
            while let Some(owner) = at.and_then(|node| self.plan.scope(self.plan.node(node).scope).owner) {
                around.insert(owner);
                at = Some(owner);
            }
        }
        let wanted = self.lists.iter().filter(|((node, _), _)| around.contains(node));
        let list = |((node, pass), items): (&(NodeIndex, String), &_)| ReusedList {
            step: self.plan.node(*node).id.clone(),
            pass: pass.clone(),
            items: std::sync::Arc::clone(items),
        };
        wanted.map(list).collect()
    }
}

/// Whether a node inside of a loop changes the shared memory.
fn shares_inside(plan: &Plan, owner: NodeIndex) -> bool {
    let shares = |node: &Node| matches!(&node.work, Work::Compute(compute) if matches!(**compute, Compute::Memory(_)));
    (0..).zip(&plan.nodes).any(|(index, node)| plan.top_of(index) == owner && shares(node))
}

/// What is taken over of a step before the beginning: what it came to, with the port that leads on in the new plan.
fn before(old: &Node, new: &Node, kept: &Kept) -> Option<Kept> {
    match kept {
        Kept::Done { result, port, values, steps } => {
            let port = port_in(new, result, *port)?;
            Some(Kept::Done { result: result.clone(), port, values: values.clone(), steps: steps.clone() })
        }
        Kept::Failed { .. } => (old.handles_failure() && new.handles_failure()).then(|| kept.clone()),
        Kept::Skipped => Some(Kept::Skipped),
        Kept::Decided { decision, .. } => Some(Kept::Decided { decision: decision.clone(), same_question: false }),
    }
}

/// The port by which the same result leaves a node: branches are known by their ids, since another version may have others.
fn port_in(node: &Node, result: &Value, port: Port) -> Option<Port> {
    match &node.work {
        Work::Choose { branches, otherwise } => match result.get("branchId").and_then(Value::as_str) {
            Some(id) => branches.iter().find(|branch| branch.id == id).map(|branch| branch.port),
            None => Some(*otherwise),
        },
        Work::Effect(effect) if effect.handle.is_some() => Some(node.port_after(result)),
        _ if port == Port::TIMEOUT => node.has_port(port).then_some(port),
        _ => (port == Port::NEXT).then_some(port),
    }
}
