//! The order of one list of steps: which step leads to which, cycles, and what can be reached.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::definition::StepDef;
use crate::plan::{OnError, Port};

/// A way from one step to another as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    /// Port at which it leaves.
    pub(super) port: Port,
    /// Id of the target as written.
    pub(super) to: String,
    /// JSON pointer below the step.
    pub(super) below: String,
}

/// Every way on from a step.
pub(super) fn links(step: &StepDef) -> Vec<Link> {
    let plain = [
        (Port::NEXT, &step.next, "/nextStepId"),
        (Port::REJECT, &step.reject, "/rejectNextStepId"),
        (Port::TIMEOUT, &step.timeout, "/timeoutNextStepId"),
        (Port::ERROR, &step.error, "/errorNextStepId"),
    ];
    let mut links: Vec<Link> = plain
        .into_iter()
        .filter(|(port, ..)| *port != Port::ERROR || step.on_error == OnError::Branch)
        .filter_map(|(port, to, below)| link(port, to.as_deref()?, below.to_owned()))
        .collect();
    if step.kind == "condition" && !step.disabled {
        links.extend(condition_links(step));
    }
    links
}

/// Ports of a condition: one a branch, then the one of `elseNextStepId`.
fn condition_links(step: &StepDef) -> Vec<Link> {
    let branches = step.data.get("branches").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let target = |branch: &Value| branch.get("nextStepId").and_then(Value::as_str).map(str::to_owned);
    let mut links: Vec<Link> = branches
        .iter()
        .enumerate()
        .filter_map(|(index, branch)| {
            link(Port::branch(index as u16), &target(branch)?, format!("/data/branches/{index}/nextStepId"))
        })
        .collect();
    let otherwise = step.data.get("elseNextStepId").and_then(Value::as_str);
    let port = Port::branch(branches.len() as u16);
    links.extend(otherwise.and_then(|to| link(port, to, "/data/elseNextStepId".to_owned())));
    links
}

fn link(port: Port, to: &str, below: String) -> Option<Link> {
    (!to.is_empty()).then(|| Link { port, to: to.to_owned(), below })
}

/// The steps of a list that can be reached from some of them.
pub(super) fn reachable<'s>(steps: &'s [StepDef], starts: impl IntoIterator<Item = &'s str>) -> HashSet<&'s str> {
    let by_id: HashMap<&str, &StepDef> = steps.iter().map(|step| (step.id.as_str(), step)).collect();
    let mut found = HashSet::new();
    let mut ahead: Vec<&str> = starts.into_iter().collect();
    while let Some(id) = ahead.pop() {
        let Some((&id, step)) = by_id.get_key_value(id) else { continue };
        if found.insert(id) {
            ahead
                .extend(links(step).iter().filter_map(|link| by_id.get_key_value(link.to.as_str()).map(|(id, _)| *id)));
        }
    }
    found
}

/// A step that leads back to itself, if there is one: the step whose link closes the circle.
pub(super) fn cycle(steps: &[StepDef]) -> Option<&StepDef> {
    let index: HashMap<&str, usize> = steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect();
    let targets: Vec<Vec<usize>> = steps
        .iter()
        .map(|step| links(step).iter().filter_map(|link| index.get(link.to.as_str()).copied()).collect())
        .collect();
    let mut state = vec![Mark::New; steps.len()];
    for start in 0..steps.len() {
        let mut walk = vec![(start, 0)];
        while let Some((at, next)) = walk.pop() {
            if next == 0 {
                if state[at] != Mark::New {
                    continue;
                }
                state[at] = Mark::OnPath;
            }
            match targets[at].get(next) {
                Some(&to) if state[to] == Mark::OnPath => return Some(&steps[at]),
                Some(&to) => {
                    walk.push((at, next + 1));
                    walk.push((to, 0));
                }
                None => state[at] = Mark::Done,
            }
        }
    }
    None
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    OnPath,
    Done,
}
