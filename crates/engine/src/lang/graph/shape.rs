//! Checks of the whole: starts, cycles, bodies, branches, and names that nothing defines (Workflow API contract, section 20).

use std::collections::{BTreeSet, HashMap};

use super::bodies::{Notation, Repeats};
use super::document::{Document, NodeDef};
use super::problem::{Problems, code};
use super::region::{LEVELS_MAX, Owner, Region};
use super::walk::{Graph, Role};
use super::{inputs, names, triggers};

/// Loops inside of loops at most (section 16).
const LOOP_LEVELS_MAX: usize = 5;

/// Errors of the graph.
pub(super) fn errors(document: &Document, graph: &Graph, repeats: &Repeats, problems: &mut Problems) {
    if graph.starts.is_empty() && !document.nodes.is_empty() {
        let message = "No node has nothing before it: a run has nowhere to begin";
        problems.error(code::MISSING_ENTRY_POINT, "", "entryPoint", message);
    }
    for (at, node) in document.nodes.iter().enumerate() {
        if node.is("loop")
            && repeats.bodies[at].as_ref().is_some_and(|body| body.is_empty())
            && leads_nowhere(graph, at)
        {
            problems.error(code::LOOP_NO_BODY, &node.id, "", format!("Nothing is inside of {}", node.name));
        }
        if let Some(members) = &repeats.cycles[at]
            && !has_exit(document, graph, members)
        {
            let message = format!("The cycle through {} has no branch that leaves it", node.name);
            problems.error(code::CYCLE, &node.id, "", message);
        }
        check_goto(document, graph, at, problems);
    }
}

/// Whether a loop has no edge on which a pass could begin.
fn leads_nowhere(graph: &Graph, at: usize) -> bool {
    !graph.onward(at).any(|link| matches!(link.role, Role::Body | Role::Plain))
}

/// Whether a node of the cycle that chooses can choose to leave it.
fn has_exit(document: &Document, graph: &Graph, members: &[bool]) -> bool {
    let exits = |node: usize| {
        let chooses = document.nodes[node].spec.is_some_and(|spec| spec.chooses());
        chooses && graph.out[node].iter().any(|&link| !members[graph.links[link].to])
    };
    (0..members.len()).any(|node| members[node] && exits(node))
}

fn check_goto(document: &Document, graph: &Graph, at: usize, problems: &mut Problems) {
    let node = &document.nodes[at];
    let Some(target) = node.goto() else { return };
    let field = if node.strategy() == "goto" { "onError.gotoNode" } else { "onError.fallbackNodeId" };
    let Some(to) = document.nodes.iter().position(|other| other.id == target) else {
        problems.error(code::INVALID_FIELD, &node.id, field, format!("There is no node {target}"));
        return;
    };
    let there = graph.out[at].iter().any(|&link| graph.links[link].role == Role::Goto);
    if !there && !document.nodes[to].starts() {
        problems.error(code::INVALID_FIELD, &node.id, field, format!("{target} stands before {}", node.id));
    }
}

/// Loops too deep in each other.
pub(super) fn levels(document: &Document, region: &Region, problems: &mut Problems) {
    deeper(document, region, 0, 0, problems);
}

fn deeper(document: &Document, region: &Region, loops: usize, all: usize, problems: &mut Problems) {
    for (item, inner) in region.items.iter().filter_map(|item| Some((item, item.inner.as_ref()?))) {
        let loops = loops + usize::from(matches!(inner.owner, Owner::Loop(_)));
        let node = &document.nodes[item.node];
        if loops > LOOP_LEVELS_MAX {
            let message = format!("Loops stand in each other at most {LOOP_LEVELS_MAX} levels deep");
            problems.error(code::INVALID_FIELD, &node.id, "", message);
        } else if all >= LEVELS_MAX {
            let message = format!("Cycles stand in each other at most {LEVELS_MAX} levels deep");
            problems.error(code::CYCLE, &node.id, "", message);
        } else {
            deeper(document, inner, loops, all + 1, problems);
        }
    }
}

/// What blocks nothing.
pub(super) fn warnings(document: &Document, graph: &Graph, repeats: &Repeats, problems: &mut Problems) {
    for (at, node) in document.nodes.iter().enumerate() {
        let alone = graph.out[at].is_empty() && graph.into[at].is_empty();
        let linked =
            |node: &NodeDef| document.edges.iter().any(|edge| edge.source == node.id || edge.target == node.id);
        if !graph.reached[at] {
            problems.warn(code::UNREACHABLE_NODE, &node.id, "", format!("No start leads to {}", node.name));
        } else if alone && document.nodes.len() > 1 && !linked(node) {
            problems.warn(code::ORPHAN_NODE, &node.id, "", format!("{} is joined to nothing", node.name));
        }
        let inferred = |notation| notation == Notation::Inferred;
        if repeats.bodies[at].as_ref().is_some_and(|body| inferred(body.notation)) {
            problems.warn(code::LOOP_BODY_INFERRED, &node.id, "", inside_of(document, repeats, at));
        }
        dead_ends(document, graph, at, problems);
    }
    conflicts(document, problems);
    undefined(document, problems);
}

fn inside_of(document: &Document, repeats: &Repeats, at: usize) -> String {
    let members = repeats.bodies[at].iter().flat_map(|body| body.members.iter().enumerate());
    let ids: Vec<&str> =
        members.filter(|(_, inside)| **inside).map(|(node, _)| document.nodes[node].id.as_str()).collect();
    let name = &document.nodes[at].name;
    if ids.is_empty() { format!("Nothing repeats in {name}") } else { format!("{name} repeats {}", ids.join(", ")) }
}

/// Branches that no edge takes, and edges that no branch takes.
fn dead_ends(document: &Document, graph: &Graph, at: usize, problems: &mut Problems) {
    let node = &document.nodes[at];
    if !node.spec.is_some_and(|spec| spec.chooses()) || graph.out[at].is_empty() {
        return;
    }
    let chosen = names::branches(node);
    let handles: Vec<Option<&str>> = graph.out[at]
        .iter()
        .map(|&link| &graph.links[link])
        .filter(|link| link.role == Role::Plain)
        .map(|link| link.handle.as_deref().filter(|handle| !names::is_any(handle)))
        .collect();
    if handles.contains(&None) {
        return;
    }
    for branch in &chosen {
        if !handles.iter().flatten().any(|handle| branch.takes(handle)) {
            let message = format!("No edge leaves {} by {}", node.name, branch.name);
            problems.warn(code::DEAD_END_BRANCH, &node.id, &branch.name, message);
        }
    }
    for handle in handles.into_iter().flatten().collect::<BTreeSet<_>>() {
        let taken = chosen.iter().any(|branch| branch.takes(handle)) || names::is_default(node, handle);
        if !taken {
            let message = format!("{} never leaves by {handle}", node.name);
            problems.warn(code::DEAD_END_BRANCH, &node.id, "sourceHandle", message);
        }
    }
}

/// Two nodes that write one variable.
fn conflicts(document: &Document, problems: &mut Problems) {
    let mut writers: HashMap<&str, &NodeDef> = HashMap::new();
    for node in &document.nodes {
        let Some(name) = node.text("outputVariable") else { continue };
        if let Some(first) = writers.get(name) {
            let message = format!("{name} is written by {} as well", first.id);
            problems.warn(code::OUTPUT_VARIABLE_CONFLICT, &node.id, "outputVariable", message);
        } else {
            writers.insert(name, node);
        }
    }
}

/// Placeholders whose first name nothing defines.
fn undefined(document: &Document, problems: &mut Problems) {
    // A payload of a trigger has names that only the run knows.
    let payload = |node: &NodeDef| node.is("trigger") && triggers::kind_of(node) != "schedule";
    if document.nodes.iter().any(payload) {
        return;
    }
    let mut known = names::known(document);
    known.extend(inputs::declared(document).into_iter().map(|input| input.name));
    for node in &document.nodes {
        for root in names::placeholders(node) {
            if !known.contains(&root) {
                let message = format!("Nothing defines {root}");
                problems.warn(code::UNDEFINED_VARIABLE, &node.id, &root, message);
            }
        }
    }
}
