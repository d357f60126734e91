//! Which nodes are the body of a loop, and which a plain cycle (Workflow API contract, section 16).

use std::collections::BTreeMap;

use super::bits::Bits;
use super::document::{Document, NodeDef};
use super::mention::Mentions;
use super::walk::{Graph, Link, Role};

/// Which of the three notations told the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    /// Edges with the handle `body`.
    Labelled,
    /// An edge back to the loop.
    BackEdge,
    /// What mentions the item, or all there is.
    Inferred,
}

/// The body of a loop.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) notation: Notation,
    /// By position: whether the node is in it. The loop is not.
    pub(super) members: Vec<bool>,
}

impl Body {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        !self.members.contains(&true)
    }
}

/// Everything that repeats, by position of the loop or of the head of the cycle.
#[derive(Debug)]
pub(super) struct Repeats {
    /// Bodies of loops.
    pub(super) bodies: Vec<Option<Body>>,
    /// Plain cycles: all nodes of the cycle, its head included.
    pub(super) cycles: Vec<Option<Vec<bool>>>,
}

/// Finds what repeats.
pub(super) fn find(document: &Document, graph: &Graph, mentions: &[Mentions]) -> Repeats {
    let count = document.nodes.len();
    let mut repeats =
        Repeats { bodies: (0..count).map(|_| None).collect(), cycles: (0..count).map(|_| None).collect() };
    for (at, node) in document.nodes.iter().enumerate() {
        let body = node.is("loop").then(|| body(document, graph, mentions, at));
        repeats.cycles[at] = cycle(graph, at, body.as_ref());
        repeats.bodies[at] = body;
    }
    repeats
}

/// The nodes of the cycle of which that node is the head. Ways back that belong to the node's own body are no cycle.
fn cycle(graph: &Graph, head: usize, body: Option<&Body>) -> Option<Vec<bool>> {
    let own = |link: &Link| body.is_some_and(|body| body.members[link.from]);
    let sources: Vec<usize> = graph.returning(head).filter(|link| !own(link)).map(|link| link.from).collect();
    if sources.is_empty() {
        return None;
    }
    let below = &graph.behind[head];
    let mut members = graph.leading_to(sources, |node| node != head && below.has(node));
    members[head] = true;
    Some(members)
}

/// The body of a loop, by the first rule that fits.
fn body(document: &Document, graph: &Graph, mentions: &[Mentions], at: usize) -> Body {
    let leaving: Vec<&Link> = graph.onward(at).collect();
    let of = |role: Role| leaving.iter().filter(move |link| link.role == role).map(|link| link.to);
    let labelled: Vec<usize> = of(Role::Body).collect();
    let plain: Vec<usize> = of(Role::Plain).collect();
    // What a loop goes on to afterwards is not in it, even where a node of the body leads there as well.
    let mut after = vec![false; document.nodes.len()];
    of(Role::Done).chain(of(Role::Error)).chain(of(Role::Goto)).for_each(|to| after[to] = true);
    if !labelled.is_empty() {
        plain.iter().filter(|to| !labelled.contains(to)).for_each(|&to| after[to] = true);
        let members = graph.onward_from(labelled, |node| node != at && !after[node]);
        return Body { notation: Notation::Labelled, members };
    }
    let inside = graph.onward_from(plain, |node| node != at && !after[node]);
    let sources = graph.returning(at).map(|link| link.from).filter(|&from| inside[from]);
    let members = graph.leading_to(sources, |node| node != at && inside[node]);
    if members.contains(&true) {
        return Body { notation: Notation::BackEdge, members };
    }
    Body { notation: Notation::Inferred, members: infer(document, graph, mentions, at, &inside) }
}

/// The third rule: paths to the nodes that mention the loop's names, with whole branches; else all but outputs.
fn infer(document: &Document, graph: &Graph, mentions: &[Mentions], at: usize, inside: &[bool]) -> Vec<bool> {
    let may = |node: usize| inside[node] && !document.nodes[node].gives_output();
    let first = graph.onward(at).filter(|link| link.role == Role::Plain).map(|link| link.to);
    let region = graph.onward_from(first, may);
    let names = names_of(&document.nodes[at]);
    let says = |node: &usize| region[*node] && names.iter().any(|name| mentions[*node].contains(*name));
    let mentions: Vec<usize> = (0..region.len()).filter(says).collect();
    if mentions.is_empty() {
        return region;
    }
    let mut members = graph.leading_to(mentions, |node| region[node]);
    // Nodes are added in the order of the graph, so that a branch inside a branch is seen.
    for &node in &graph.order {
        if members[node] && document.nodes[node].spec.is_some_and(|spec| spec.chooses()) {
            for (other, inside) in branches(graph, node, &region).into_iter().enumerate() {
                members[other] |= inside;
            }
        }
    }
    members
}

/// All nodes behind the branches of a node up to the first one that they have in common.
fn branches(graph: &Graph, node: usize, region: &[bool]) -> Vec<bool> {
    let mut behind: BTreeMap<Option<&str>, Bits> = BTreeMap::new();
    for link in graph.onward(node).filter(|link| link.role == Role::Plain) {
        behind.entry(link.handle.as_deref()).or_insert_with(|| Bits::new(region.len())).join(&graph.behind[link.to]);
    }
    let all = |other: usize| behind.values().all(|branch| branch.has(other));
    // One wired branch has nothing in common with those that are not.
    let common = |other: &usize| behind.len() > 1 && region[*other] && all(*other);
    let join = graph.order.iter().copied().find(common);
    let within = |other: usize| {
        let joined = join.is_some_and(|join| graph.behind[join].has(other));
        region[other] && !joined && behind.values().any(|branch| branch.has(other))
    };
    (0..region.len()).map(within).collect()
}

/// The names that a node mentions when it is about the passes of a loop.
fn names_of(looping: &NodeDef) -> [&str; 3] {
    let of = |key: &str, default: &'static str| looping.text(key).unwrap_or(default);
    [of("itemVariable", "item"), of("indexVariable", "index"), "loop"]
}
