//! Lowering: the regions of a checked definition become the scopes of a plan.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::bodies::Repeats;
use super::document::{Document, NodeDef};
use super::problem::{Problems, code};
use super::region::{Item, Leads, Leaves, Owner, Region};
use super::types::NodeTypes;
use super::walk::{Graph, Link, Role};
use super::{inputs, names, triggers, work};
use crate::nodes::Compute;
use crate::nodes::router::Routes;
use crate::plan::{
    CYCLE_PASSES_MAX, Edge, Entry, GRAPH_ACTIVE_MS_MAX, Gives, LoopKind, LoopWork, Node, NodeIndex, OnError,
    PassFailure, Plan, Port, Primary, Retry, Rules, Scope, ScopeIndex, Target, Way, Work,
};

/// Type of the nodes that no definition holds.
const MADE_UP: &str = "cycle";
/// Nodes that work at the same time at most, whatever a definition says.
const AT_ONCE_MAX: f64 = 1_000.0;

/// Lowers a definition that was checked without errors. What cannot be read after all is a problem.
pub(super) fn lower(
    document: &Document,
    graph: &Graph,
    repeats: &Repeats,
    region: &Region,
    types: &NodeTypes,
    problems: &mut Problems,
) -> Option<Plan> {
    let handles: Vec<Handles> = document.nodes.iter().map(Handles::of).collect();
    let named = |link: &Link| link.handle.as_deref().and_then(|handle| handles[link.from].port(handle));
    let ports = graph.links.iter().map(named).collect();
    let mut lowering =
        Lowering { document, graph, repeats, types, handles, ports, scopes: Vec::new(), nodes: Vec::new(), problems };
    lowering.scope(region, None);
    let Lowering { scopes, nodes, problems, .. } = lowering;
    if problems.has_errors() {
        return None;
    }
    let nodes = nodes.into_iter().flatten().collect();
    let declared = inputs::declared(document);
    let entries = entries(document, region);
    Some(Plan { scopes, nodes, entries, declared, variables: Vec::new(), rules: rules(document) })
}

struct Lowering<'a> {
    document: &'a Document,
    graph: &'a Graph,
    repeats: &'a Repeats,
    types: &'a NodeTypes,
    /// By position: what its handles mean.
    handles: Vec<Handles>,
    /// By link: the port that its handle names.
    ports: Vec<Option<Port>>,
    scopes: Vec<Scope>,
    nodes: Vec<Option<Node>>,
    problems: &'a mut Problems,
}

/// The meaning of the handles of a node that chooses.
enum Handles {
    /// It does not choose.
    None,
    Choice(Box<Compute>),
    Routes(Routes),
}

impl Handles {
    fn of(node: &NodeDef) -> Self {
        match node.kind.as_str() {
            "conditional" | "switch" => {
                let compute = Compute::parse(&node.kind, &node.config);
                compute.map_or(Self::None, |compute| Self::Choice(Box::new(compute)))
            }
            "router" => Routes::parse(&node.config).map_or(Self::None, Self::Routes),
            _ => Self::None,
        }
    }

    fn port(&self, handle: &str) -> Option<Port> {
        match self {
            Self::None => None,
            Self::Choice(compute) => compute.port(handle),
            Self::Routes(routes) => routes.port(handle),
        }
    }
}

impl Lowering<'_> {
    /// Lowers a region to a scope; its nodes stand together, those of inner regions behind them.
    fn scope(&mut self, region: &Region, owner: Option<NodeIndex>) -> ScopeIndex {
        let scope = self.scopes.len() as ScopeIndex;
        let first = self.nodes.len() as NodeIndex;
        let edges = self.edges(region, first);
        let isolated = match region.owner {
            Owner::Loop(node) => work::concurrency(&self.document.nodes[node]) > 1,
            _ => false,
        };
        let len = region.items.len().max(1) as u32;
        let ways = ways(self.document, region, first, &edges);
        let outs = region.outs;
        self.scopes.push(Scope { first, len, owner, branch: None, isolated, ways, outs });
        self.nodes.resize_with(self.nodes.len() + len as usize, || None);
        if let (Owner::Loop(node), true) = (region.owner, region.items.is_empty()) {
            self.nodes[first as usize] = Some(self.joint(node, scope));
        }
        for (at, (item, edges)) in region.items.iter().zip(edges).enumerate() {
            let index = first + at as NodeIndex;
            let body = item.inner.as_ref().map(|inner| self.scope(inner, Some(index)));
            let node = if item.is_cycle() {
                self.cycle(item, scope, body.unwrap_or_default(), edges)
            } else {
                self.node(item, scope, body, edges)
            };
            self.nodes[index as usize] = Some(node);
        }
        scope
    }

    fn edges(&self, region: &Region, first: NodeIndex) -> Vec<Vec<Edge>> {
        let mut edges = vec![Vec::new(); region.items.len()];
        for way in &region.ways {
            let to = match way.leads {
                Leads::Item(item) => Target::Node(first + item as NodeIndex),
                Leads::Out(out) => Target::Out(out),
            };
            let port = match way.leaves {
                Leaves::Link(link) => self.port(link),
                Leaves::Out(out) => Port::out(out),
                Leaves::Order => Port::NEVER,
            };
            edges[way.from].push(Edge { port, to });
        }
        edges
    }

    /// The port at which a link leaves its node.
    fn port(&self, at: usize) -> Port {
        match self.graph.links[at].role {
            Role::Goto => Port::GOTO,
            Role::Error => Port::ERROR,
            Role::Done => Port::NEXT,
            Role::Body => Port::NEVER,
            Role::Plain => self.plain_port(at),
        }
    }

    fn plain_port(&self, at: usize) -> Port {
        let link = &self.graph.links[at];
        let handles = &self.handles[link.from];
        if matches!(handles, Handles::None) {
            return Port::NEXT;
        }
        let Some(handle) = link.handle.as_deref() else { return Port::ANY };
        let Some(port) = self.ports[at] else {
            return if names::is_any(handle) { Port::ANY } else { Port::NEVER };
        };
        // Without an edge of the default case, `default` stands for it.
        let node = &self.document.nodes[link.from];
        let default = node.text("defaultCase").or_else(|| node.text("defaultRoute"));
        let instead = default.filter(|_| handle == "default").and_then(|default| handles.port(default));
        let has_edge = |wanted: Port| self.graph.out[link.from].iter().any(|&other| self.ports[other] == Some(wanted));
        instead.filter(|instead| *instead != port && !has_edge(*instead)).unwrap_or(port)
    }

    fn node(&mut self, item: &Item, scope: ScopeIndex, body: Option<ScopeIndex>, edges: Vec<Edge>) -> Node {
        let node = &self.document.nodes[item.node];
        let again = item.inner.as_ref().and_then(|inner| inner.again);
        let work = work::work(node, self.types, body, again).unwrap_or_else(|found| {
            for problem in found {
                if !self.problems.has(problem.code, &node.id, &problem.field) {
                    self.problems.error(problem.code, &node.id, &problem.field, problem.message);
                }
            }
            Work::Skip { warning: None }
        });
        let handles = match &self.handles[item.node] {
            Handles::Routes(routes) => {
                let all = routes.all().iter().map(|route| route.value.as_str()).chain(["default"]);
                all.filter_map(|handle| Some((handle.to_owned(), routes.port(handle)?))).collect()
            }
            _ => Vec::new(),
        };
        let leaves = |id: &str| self.document.edges.iter().any(|edge| edge.source == id);
        Node {
            id: node.id.clone(),
            name: node.name.clone(),
            kind: node.kind.clone(),
            scope,
            output: work::output(node),
            primary: work::primary(node),
            gives: match node.gives_output() {
                true => Gives::Output,
                false if leaves(&node.id) => Gives::Nothing,
                false => Gives::End,
            },
            handles,
            order: item.node as u32,
            retry: work::retry(node),
            on_error: work::on_error(node),
            work,
            edges,
        }
    }

    /// The node that stands for a plain cycle.
    fn cycle(&self, item: &Item, scope: ScopeIndex, body: ScopeIndex, edges: Vec<Edge>) -> Node {
        let head = &self.document.nodes[item.node];
        let work = LoopWork {
            kind: LoopKind::Cycle,
            item: String::new(),
            index: String::new(),
            variables: None,
            passes_max: CYCLE_PASSES_MAX,
            concurrency: 1,
            on_failure: PassFailure::Fail,
            body,
            again: item.inner.as_ref().and_then(|inner| inner.again),
        };
        let id = format!("cycle:{}", head.id);
        made_up(id, &head.name, scope, item.node, Work::Loop(Box::new(work)), edges)
    }

    /// The one node of a body that holds only what no body can hold.
    fn joint(&self, node: usize, scope: ScopeIndex) -> Node {
        let looping = &self.document.nodes[node];
        debug_assert!(self.repeats.bodies[node].is_some(), "only loops have bodies");
        let id = format!("body:{}", looping.id);
        made_up(id, &looping.name, scope, node, Work::Compute(Box::new(Compute::Joint)), Vec::new())
    }
}

/// A node that no definition holds: it stands for a plain cycle, or for the body of a loop that has none. Its type is a word of its
/// own, so that whoever tells of nodes can leave it out.
fn made_up(id: String, name: &str, scope: ScopeIndex, order: usize, work: Work, edges: Vec<Edge>) -> Node {
    Node {
        id,
        name: name.to_owned(),
        kind: MADE_UP.to_owned(),
        scope,
        work,
        output: None,
        primary: Primary::Whole,
        gives: Gives::Nothing,
        handles: Vec::new(),
        order: order as u32,
        edges,
        retry: Retry::NONE,
        on_error: OnError::Settle,
    }
}

/// The ways to start a region: the root has one for all starts and one for each trigger node.
fn ways(document: &Document, region: &Region, first: NodeIndex, edges: &[Vec<Edge>]) -> Vec<Way> {
    if region.items.is_empty() {
        return vec![Way { starts: vec![first], incoming: vec![Some(0)], lit: Vec::new() }];
    }
    let mut ways = vec![way(&region.entered, first, edges)];
    if region.owner == Owner::Root {
        let is_trigger = |item: usize| document.nodes[region.items[item].node].is("trigger");
        for &trigger in region.entered.iter().filter(|&&item| is_trigger(item)) {
            let entered: Vec<usize> =
                region.entered.iter().copied().filter(|&item| item == trigger || !is_trigger(item)).collect();
            ways.push(way(&entered, first, edges));
        }
    }
    ways
}

fn way(entered: &[usize], first: NodeIndex, edges: &[Vec<Edge>]) -> Way {
    let mut incoming: Vec<Option<u16>> = vec![None; edges.len()];
    let mut reached = vec![false; edges.len()];
    let mut ahead = entered.to_vec();
    for &item in entered {
        incoming[item] = Some(0);
    }
    while let Some(item) = ahead.pop() {
        if std::mem::replace(&mut reached[item], true) {
            continue;
        }
        for to in edges[item].iter().filter_map(Edge::node).map(|to| (to - first) as usize) {
            *incoming[to].get_or_insert(0) += 1;
            ahead.push(to);
        }
    }
    let index = |item: &usize| first + *item as NodeIndex;
    let (starts, lit): (Vec<usize>, Vec<usize>) = entered.iter().partition(|&&item| incoming[item] == Some(0));
    Way { starts: starts.iter().map(index).collect(), incoming, lit: lit.iter().map(index).collect() }
}

/// Entry 0 starts everything; then one a trigger node, in the order of its ways.
fn entries(document: &Document, region: &Region) -> Vec<Entry> {
    let entry = |step_id: &str, kind: &str, way: usize| Entry {
        step_id: step_id.to_owned(),
        kind: kind.to_owned(),
        way,
        inputs: Vec::new(),
        defaults: Map::new(),
    };
    let nodes = region.entered.iter().map(|&item| &document.nodes[region.items[item].node]);
    let triggers = nodes.filter(|node| node.is("trigger")).enumerate();
    let triggers = triggers.map(|(at, node)| entry(&node.id, triggers::kind_of(node), at + 1));
    [entry("", "api", 0)].into_iter().chain(triggers).collect()
}

/// The rules that the settings of a definition change. A setting that is out of its range counts as its bound.
fn rules(document: &Document) -> Rules {
    let number = |key: &str| document.settings.get(key).and_then(Value::as_f64).filter(|number| *number >= 1.0);
    let mut rules = Rules::graph();
    if let Some(count) = number("maxConcurrentNodes") {
        rules.concurrency_max = Some(count.min(AT_ONCE_MAX) as u32);
    }
    if let Some(limit) = number("timeout") {
        rules.active_ms_max = Some((limit as i64).min(GRAPH_ACTIVE_MS_MAX));
    }
    rules
}

/// Problems of computations that no check of fields sees.
pub(super) fn check_computations(document: &Document, problems: &mut Problems) {
    let mut found: BTreeMap<(usize, String), (&'static str, String)> = BTreeMap::new();
    for (at, node) in document.nodes.iter().enumerate() {
        let Some(Err(wrong)) = work::computation(node) else { continue };
        for one in wrong {
            found.insert((at, one.field), (one.code, one.message));
        }
    }
    for ((at, field), (word, message)) in found {
        let id = &document.nodes[at].id;
        if !problems.has(word, id, &field) && !problems.has(code::MISSING_FIELD, id, &field) {
            problems.error(word, id, &field, message);
        }
    }
}
