//! The plan: what a definition of either language is lowered to, and the only thing that the machine reads.
//!
//! A plan is a tree of scopes. A scope is a small acyclic graph of nodes joined by edges; a loop or a parallel block
//! owns child scopes. Every default, alias and rule of the language is explicit here.
//!
//! An edge is settled *live* or *dead*. A node is ready when all its incoming edges are settled and at least one is
//! live; when all are dead it is passed over and its own edges are dead. A chain of steps is the simplest case of this,
//! and joins, fan-out and branching need nothing else.
//!
//! Graphs lower to the same. A loop body and a plain cycle are scopes of their own, so that what is inside has no cycle: the edge
//! back is a way *out* of the scope ([`Target::Out`]), as is every edge that leaves the body. When the loop ends its node's ports
//! [`Port::out`] are what those ways came to in the last pass. What else differs between the languages is in [`Rules`].

mod edge;
mod env;
mod failure;
mod graph;
mod rules;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::expr::{Expression, JsonTemplate};
use crate::inputs::InputField;
use crate::lang::graph::GraphInput;
use crate::nodes::Compute;

pub use edge::{Edge, Port, Target};
pub use failure::{Growth, OnError, Retry};
pub use graph::{CYCLE_PASSES_MAX, Gives, Handles, LoopKind, LoopWork, PassFailure, PollWork, Primary, SleepWork};
pub use rules::{
    GRAPH_ACTIVE_MS_MAX, GRAPH_STEPS_MAX, MEMORY_BYTES_MAX, NODES_AT_ONCE, OutcomeRule, RECORD_BYTES_MAX, Rules,
};

/// Key of the mark that stands for a record that was too large (Workflow API contract, section 14).
pub const TRUNCATED: &str = "__truncated";

/// Index of a node in [`Plan::nodes`].
pub type NodeIndex = u32;
/// Index of a scope in [`Plan::scopes`]; 0 is the root.
pub type ScopeIndex = u32;

/// A compiled definition.
#[derive(Debug)]
pub struct Plan {
    /// Scopes; the root first.
    pub scopes: Vec<Scope>,
    /// Nodes; those of one scope stand together.
    pub nodes: Vec<Node>,
    /// Ways into the plan: the triggers.
    pub entries: Vec<Entry>,
    /// What a graph declares to take; a list of steps has that in its entries.
    pub declared: Vec<GraphInput>,
    /// Starting values of the context.
    pub variables: Vec<(String, Value)>,
    /// The rules of its language.
    pub rules: Rules,
}

impl Plan {
    /// The node at an index.
    #[must_use]
    pub fn node(&self, index: NodeIndex) -> &Node {
        &self.nodes[index as usize]
    }

    /// The scope at an index.
    #[must_use]
    pub fn scope(&self, index: ScopeIndex) -> &Scope {
        &self.scopes[index as usize]
    }

    /// Names of all secrets that its steps use, each once.
    #[must_use]
    pub fn secrets(&self) -> BTreeSet<String> {
        let of = |node: &Node| match &node.work {
            Work::Effect(effect) => effect.secrets.clone(),
            _ => Vec::new(),
        };
        self.nodes.iter().flat_map(of).collect()
    }

    /// The node of a step, by its id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<NodeIndex> {
        self.nodes.iter().position(|node| node.id == id).and_then(|index| NodeIndex::try_from(index).ok())
    }

    /// The node of the root scope that a node stands in: itself, or the outermost loop or block around it.
    #[must_use]
    pub fn top_of(&self, index: NodeIndex) -> NodeIndex {
        let mut top = index;
        while let Some(owner) = self.scope(self.node(top).scope).owner {
            top = owner;
        }
        top
    }

    /// Nodes of the same scope to which edges lead from a node, near or far; without the node itself.
    #[must_use]
    pub fn below(&self, index: NodeIndex) -> BTreeSet<NodeIndex> {
        let mut below = BTreeSet::new();
        let mut next = vec![index];
        while let Some(at) = next.pop() {
            next.extend(self.node(at).edges.iter().filter_map(Edge::node).filter(|&to| below.insert(to)));
        }
        below
    }
}

/// A trigger: where a run comes in.
#[derive(Debug)]
pub struct Entry {
    /// Id of the trigger step.
    pub step_id: String,
    /// Type of the trigger: `api`, `form`, …
    pub kind: String,
    /// Which of the root's [`Scope::ways`] it opens.
    pub way: usize,
    /// What it takes.
    pub inputs: Vec<InputField>,
    /// Input values of a schedule, under those of its record (Flow API contract, section 6.4).
    pub defaults: Map<String, Value>,
}

/// A graph of nodes that starts together and ends when all its nodes are settled.
#[derive(Debug)]
pub struct Scope {
    /// First of its nodes.
    pub first: NodeIndex,
    /// How many nodes.
    pub len: u32,
    /// The loop or parallel node that owns it; the root has none.
    pub owner: Option<NodeIndex>,
    /// Name of the branch, in a parallel block.
    pub branch: Option<String>,
    /// Whether it works on its own copy of the context.
    pub isolated: bool,
    /// Ways to start it: the root has one a trigger, others have one.
    pub ways: Vec<Way>,
    /// Ways out of it, the way back to its loop among them.
    pub outs: u16,
}

/// One way to start a scope, with the counts that hold on that way.
#[derive(Debug, Clone, Default)]
pub struct Way {
    /// Nodes that are ready at once.
    pub starts: Vec<NodeIndex>,
    /// By position in the scope: how many edges lead to the node from nodes that can be reached on this way; `None`
    /// when the node itself cannot be.
    pub incoming: Vec<Option<u16>>,
    /// Nodes that are not ready at once and to which a live edge leads from the beginning.
    pub lit: Vec<NodeIndex>,
}

impl Way {
    /// Nodes that can be reached on this way.
    #[must_use]
    pub fn reachable(&self) -> u32 {
        self.incoming.iter().flatten().count() as u32
    }
}

/// One step.
#[derive(Debug)]
pub struct Node {
    /// The step's id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// The step's type, as shown in reads.
    pub kind: String,
    /// The scope that it stands in.
    pub scope: ScopeIndex,
    /// What it does.
    pub work: Work,
    /// Context name for the result.
    pub output: Option<String>,
    /// What that name receives of the result.
    pub primary: Primary,
    /// What the result is to the output of the run.
    pub gives: Gives,
    /// Handles by which it is left when it chooses (graph language).
    pub handles: Handles,
    /// Position in the definition.
    pub order: u32,
    /// Ways on.
    pub edges: Vec<Edge>,
    /// Repeats after a failure.
    pub retry: Retry,
    /// What a failure does after the last attempt.
    pub on_error: OnError,
}

impl Node {
    /// Whether an edge leaves by the port.
    #[must_use]
    pub fn has_port(&self, port: Port) -> bool {
        self.edges.iter().any(|edge| edge.port == port)
    }

    /// Whether the run goes on after a failure of the node as if nothing had happened: something handles it.
    #[must_use]
    pub fn handles_failure(&self) -> bool {
        match self.on_error {
            OnError::Fail => false,
            OnError::Continue | OnError::Branch | OnError::Value(_) => true,
            OnError::Settle => self.has_port(Port::ERROR),
            OnError::Goto => self.has_port(Port::GOTO) || self.has_port(Port::ERROR),
        }
    }

    /// The port of a handle; [`Port::NEXT`] for a node that does not choose.
    #[must_use]
    pub fn port_of(&self, handle: Option<&str>) -> Port {
        let Some(handle) = handle else { return Port::NEXT };
        let of = |wanted: &str| self.handles.iter().find(|(known, _)| known == wanted).map(|(_, port)| *port);
        of(handle).or_else(|| of("default")).unwrap_or(Port::NONE)
    }

    /// The port by which a node is left after that result of its effect.
    #[must_use]
    pub fn port_after(&self, result: &Value) -> Port {
        let Work::Effect(EffectWork { handle: Some(member), .. }) = &self.work else { return Port::NEXT };
        self.port_of(Some(result.get(member).and_then(Value::as_str).unwrap_or("default")))
    }
}

/// What a node does.
#[derive(Debug)]
pub enum Work {
    /// Nothing, with a warning for the log if there is a reason; the step is shown as skipped.
    Skip {
        /// Why, for the step's log.
        warning: Option<&'static str>,
    },
    /// Puts values into the context.
    Assign {
        /// Gives an object of names and values.
        variables: JsonTemplate,
    },
    /// Chooses a port.
    Choose {
        /// Tried in order.
        branches: Vec<Branch>,
        /// Taken when none is true.
        otherwise: Port,
    },
    /// Ends the run.
    Finish {
        /// Gives the run's output.
        outputs: JsonTemplate,
    },
    /// Something outside the machine.
    Effect(EffectWork),
    /// A question to a person or a program.
    Wait(WaitWork),
    /// A pause.
    Delay {
        /// Seconds, when `until` is not given.
        seconds: Option<JsonTemplate>,
        /// RFC 3339 instant.
        until: Option<JsonTemplate>,
    },
    /// One pass of the body for each item.
    Each {
        /// The list.
        source: Source,
        /// Items at most.
        items_max: usize,
        /// Gives a smaller number of items, where the definition computes it.
        items_limit: Option<JsonTemplate>,
        /// Whether a failed pass fails the node.
        fail_on_error: bool,
        /// The body.
        body: ScopeIndex,
    },
    /// Passes of the body while a condition holds.
    While {
        /// Tested before each pass.
        condition: Expression,
        /// Passes at most.
        passes_max: usize,
        /// Whether a failed pass fails the node.
        fail_on_error: bool,
        /// The body.
        body: ScopeIndex,
    },
    /// Branches at the same time.
    Parallel {
        /// Branch scopes in order.
        branches: Vec<ScopeIndex>,
        /// Whether the first success ends the node (`any`), else all are awaited.
        any: bool,
        /// In mode `all`: whether the first failure ends the node.
        fail_fast: bool,
    },
    /// A node of the graph language that only computes.
    Compute(Box<Compute>),
    /// A loop of the graph language.
    Loop(Box<LoopWork>),
    /// A pause of the graph language.
    Sleep(Box<SleepWork>),
    /// A pause until a condition holds.
    Poll(Box<PollWork>),
    /// A child run.
    Child {
        /// What is called.
        callee: Callee,
        /// Gives `{flowId, version, inputs}`; of the graph language `{workflowId, inputs}`; of what is no flow what it takes.
        call: JsonTemplate,
        /// Whether to wait for its end.
        wait: bool,
    },
}

/// What a node calls as a child run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callee {
    /// Another flow.
    Flow,
    /// A payment run, which its own slice plans, has approved and pays. The run that waits for it pauses meanwhile.
    PaymentRun,
}

/// An effect of a step type.
#[derive(Debug)]
pub struct EffectWork {
    /// The step type that performs it.
    pub step: &'static str,
    /// Gives the configuration for one call.
    pub config: JsonTemplate,
    /// Fields that are never templates, such as program text; not repeated in the journal.
    pub fixed: Map<String, Value>,
    /// Fields of the configuration that must be objects; a JSON text in them is read.
    pub key_values: Vec<&'static str>,
    /// Names of the secrets that the configuration holds.
    pub secrets: Vec<String>,
    /// Whether the intent must be on disk before the call.
    pub touches_world: bool,
    /// Limit of one attempt in milliseconds.
    pub timeout_ms: u64,
    /// Member of the result that names the handle by which the node is left, where it chooses one.
    pub handle: Option<String>,
    /// Whether the configuration is given `predecessors: [{id, output, value}]`: the primary values of the nodes before it.
    pub sees_predecessors: bool,
}

/// A wait for an answer.
#[derive(Debug)]
pub struct WaitWork {
    /// What kind of answer.
    pub kind: WaitKind,
    /// Gives the question.
    pub question: JsonTemplate,
    /// Seconds until it expires.
    pub timeout_s: u64,
    /// Gives the seconds instead, where the definition computes them.
    pub timeout: Option<JsonTemplate>,
}

/// Where a loop takes its list from.
#[derive(Debug)]
pub enum Source {
    /// A name in the context and keys below it. Not an expression: keys and step ids may hold `-`.
    Path(Vec<String>),
    /// An expression that gives it.
    Expression(Expression),
}

impl Source {
    /// The text as written.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Path(segments) => segments.join("."),
            Self::Expression(expression) => expression.source().to_owned(),
        }
    }
}

/// Kinds of waits that an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitKind {
    /// Approve or reject.
    UserApproval,
    /// The result of a tool that the client runs.
    ClientTool,
    /// Values of a form.
    ShowForm,
    /// A value, reviewed by a person.
    Review,
    /// Whatever is sent to a wait of the graph language.
    Hook,
}

impl WaitKind {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserApproval => "user-approval",
            Self::ClientTool => "client-tool",
            Self::ShowForm => "show-form",
            Self::Review => "human-review",
            Self::Hook => "webhook-wait",
        }
    }
}

/// One branch of a condition.
#[derive(Debug)]
pub struct Branch {
    /// Id of the branch.
    pub id: String,
    /// Taken when true.
    pub condition: Expression,
    /// Where it leads.
    pub port: Port,
}
