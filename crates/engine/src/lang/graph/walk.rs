//! The nodes and edges of a definition as numbers, and the depth-first walk over them that tells edges forward from edges
//! back (Workflow API contract, section 14).

use std::collections::HashMap;

use super::bits::Bits;
use super::document::{Document, NodeDef};

/// What an edge is to the node that it leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Into the body of a loop, by its handle.
    Body,
    /// Behind a loop, by its handle.
    Done,
    /// After a failure, by its handle.
    Error,
    /// Any other edge.
    Plain,
    /// Not an edge of the file: a failure schedules the target.
    Goto,
}

/// An edge between two nodes, by their positions.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) role: Role,
    /// Its handle, if it has one.
    pub(super) handle: Option<String>,
    /// Whether it leads back to a node on the walk's path.
    pub(super) back: bool,
}

/// The graph of a definition. Edges into nodes at which every run begins are left out: nothing waits for them.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) links: Vec<Link>,
    /// Links that leave a node, in the order of the definition.
    pub(super) out: Vec<Vec<usize>>,
    /// Links that lead to a node.
    pub(super) into: Vec<Vec<usize>>,
    /// Nodes at which a run begins, in the order of the definition.
    pub(super) starts: Vec<usize>,
    /// Whether a start leads to the node, near or far.
    pub(super) reached: Vec<bool>,
    /// Nodes in an order in which every edge that is not a back edge leads on.
    pub(super) order: Vec<usize>,
    /// By position: nodes that edges which are not back edges lead to, the node itself included.
    pub(super) behind: Vec<Bits>,
}

impl Graph {
    /// The graph of a document, walked.
    pub(super) fn of(document: &Document) -> Self {
        let index: HashMap<&str, usize> =
            document.nodes.iter().enumerate().map(|(at, node)| (node.id.as_str(), at)).rev().collect();
        let mut links = Vec::with_capacity(document.edges.len());
        for edge in &document.edges {
            let (Some(&from), Some(&to)) = (index.get(edge.source.as_str()), index.get(edge.target.as_str())) else {
                continue;
            };
            if !document.nodes[to].starts() {
                let role = role(&document.nodes[from], edge.handle.as_deref());
                links.push(Link { from, to, role, handle: edge.handle.clone(), back: false });
            }
        }
        let plain = Self::walked(document, links.clone());
        let gotos = gotos(document, &index, &plain);
        if gotos.is_empty() {
            return plain;
        }
        links.extend(gotos);
        let with = Self::walked(document, links.clone());
        let turned = |link: &Link| link.back && link.role == Role::Goto;
        if !with.links.iter().any(turned) {
            return with;
        }
        // A failure that leads back only because of other failures leads nowhere.
        let kept = with.links.iter().filter(|link| !turned(link));
        Self::walked(document, kept.map(|link| Link { back: false, ..link.clone() }).collect())
    }

    fn walked(document: &Document, links: Vec<Link>) -> Self {
        let count = document.nodes.len();
        let (mut out, mut into) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        for (at, link) in links.iter().enumerate() {
            out[link.from].push(at);
            into[link.to].push(at);
        }
        let starts = (0..count).filter(|&at| document.nodes[at].starts() || into[at].is_empty()).collect();
        let (reached, order, behind) = (vec![false; count], Vec::new(), vec![Bits::new(count); count]);
        let mut graph = Self { links, out, into, starts, reached, order, behind };
        graph.walk();
        graph
    }

    /// Walks from the starts, then from what they do not lead to, so that cycles there are found as well.
    fn walk(&mut self) {
        let count = self.out.len();
        let mut seen = vec![Seen::Not; count];
        let mut finished = Vec::with_capacity(count);
        for start in self.starts.clone() {
            self.descend(start, &mut seen, &mut finished);
        }
        for (reached, seen) in self.reached.iter_mut().zip(&seen) {
            *reached = *seen == Seen::Left;
        }
        for node in 0..count {
            self.descend(node, &mut seen, &mut finished);
        }
        // What stands behind a node was left before it.
        for &node in &finished {
            let mut behind = Bits::new(count);
            behind.put(node);
            self.onward(node).for_each(|link| behind.join(&self.behind[link.to]));
            self.behind[node] = behind;
        }
        finished.reverse();
        self.order = finished;
    }

    fn descend(&mut self, root: usize, seen: &mut [Seen], finished: &mut Vec<usize>) {
        if seen[root] != Seen::Not {
            return;
        }
        seen[root] = Seen::OnPath;
        let mut path = vec![(root, 0)];
        while let Some((node, next)) = path.last_mut() {
            let Some(&link) = self.out[*node].get(*next) else {
                seen[*node] = Seen::Left;
                finished.push(*node);
                path.pop();
                continue;
            };
            *next += 1;
            let to = self.links[link].to;
            match seen[to] {
                Seen::OnPath => self.links[link].back = true,
                Seen::Left => {}
                Seen::Not => {
                    seen[to] = Seen::OnPath;
                    path.push((to, 0));
                }
            }
        }
    }

    /// Links that leave a node and are not back edges.
    pub(super) fn onward(&self, node: usize) -> impl Iterator<Item = &Link> {
        self.out[node].iter().map(|&link| &self.links[link]).filter(|link| !link.back)
    }

    /// Back edges that lead to a node.
    pub(super) fn returning(&self, node: usize) -> impl Iterator<Item = &Link> {
        self.into[node].iter().map(|&link| &self.links[link]).filter(|link| link.back)
    }

    /// Nodes that edges which are not back edges lead to from those nodes, themselves included; `passes` says which may be
    /// entered.
    pub(super) fn onward_from(
        &self,
        from: impl IntoIterator<Item = usize>,
        passes: impl Fn(usize) -> bool,
    ) -> Vec<bool> {
        let mut found = vec![false; self.out.len()];
        let mut ahead: Vec<usize> = from.into_iter().filter(|&node| passes(node)).collect();
        while let Some(node) = ahead.pop() {
            if !std::mem::replace(&mut found[node], true) {
                ahead.extend(self.onward(node).map(|link| link.to).filter(|&to| passes(to)));
            }
        }
        found
    }

    /// Nodes from which edges of any kind lead to those nodes, themselves included; `passes` says which may be entered.
    pub(super) fn leading_to(&self, to: impl IntoIterator<Item = usize>, passes: impl Fn(usize) -> bool) -> Vec<bool> {
        let mut found = vec![false; self.out.len()];
        let mut ahead: Vec<usize> = to.into_iter().filter(|&node| passes(node)).collect();
        while let Some(node) = ahead.pop() {
            if !std::mem::replace(&mut found[node], true) {
                ahead.extend(self.into[node].iter().map(|&link| self.links[link].from).filter(|&from| passes(from)));
            }
        }
        found
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Not,
    OnPath,
    Left,
}

fn role(source: &NodeDef, handle: Option<&str>) -> Role {
    match handle {
        Some("error" | "output-error") => Role::Error,
        Some("body" | "loop-body" | "output-body") if source.is("loop") => Role::Body,
        Some("done" | "exit" | "loop-exit" | "output-done") if source.is("loop") => Role::Done,
        _ => Role::Plain,
    }
}

/// Edges from every node to the one that its failure schedules, unless that is upstream.
fn gotos(document: &Document, index: &HashMap<&str, usize>, graph: &Graph) -> Vec<Link> {
    let mut found = Vec::new();
    for (from, node) in document.nodes.iter().enumerate() {
        let Some(&to) = node.goto().and_then(|id| index.get(id)) else { continue };
        if !document.nodes[to].starts() && !graph.behind[to].has(from) {
            found.push(Link { from, to, role: Role::Goto, handle: None, back: false });
        }
    }
    found
}
