//! The plan: what a definition of either language is lowered to, and the only thing that the machine reads.
//!
//! A plan is a tree of scopes. A scope is a small acyclic graph of nodes joined by edges; a loop or a parallel block
//! owns child scopes. Every default, alias and rule of the language is explicit here.
//!
//! An edge is settled *live* or *dead*. A node is ready when all its incoming edges are settled and at least one is
//! live; when all are dead it is passed over and its own edges are dead. A chain of steps is the simplest case of this,
//! and joins, fan-out and branching need nothing else.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::expr::{Expression, JsonTemplate};
use crate::inputs::InputField;

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
    /// Starting values of the context.
    pub variables: Vec<(String, Value)>,
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
            next.extend(self.node(at).edges.iter().map(|edge| edge.to).filter(|&to| below.insert(to)));
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
}

/// One way to start a scope, with the counts that hold on that way.
#[derive(Debug, Clone, Default)]
pub struct Way {
    /// Nodes that are ready at once.
    pub starts: Vec<NodeIndex>,
    /// By position in the scope: how many edges lead to the node from nodes that can be reached on this way; `None`
    /// when the node itself cannot be.
    pub incoming: Vec<Option<u16>>,
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
}

/// A way on from a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The port at which it leaves.
    pub port: Port,
    /// The node that it leads to, in the same scope.
    pub to: NodeIndex,
}

/// Where an edge leaves a node. A settled node chooses one port; its edges are live, all others dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Port(pub u16);

impl Port {
    /// The ordinary way on.
    pub const NEXT: Self = Self(0);
    /// After a failure.
    pub const ERROR: Self = Self(1);
    /// After the expiry of a wait.
    pub const TIMEOUT: Self = Self(2);
    /// After a rejection.
    pub const REJECT: Self = Self(3);

    /// The branch at a position.
    #[must_use]
    pub const fn branch(index: u16) -> Self {
        Self(4 + index)
    }

    /// Whether this is [`Port::NEXT`], the port left out of journals.
    #[must_use]
    pub fn is_next(&self) -> bool {
        *self == Self::NEXT
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
    /// A child run.
    Child {
        /// Gives `{flowId, version, inputs}`.
        call: JsonTemplate,
        /// Whether to wait for its end.
        wait: bool,
    },
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
}

impl WaitKind {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserApproval => "user-approval",
            Self::ClientTool => "client-tool",
            Self::ShowForm => "show-form",
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

/// Repeats after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Attempts in all, at least 1.
    pub attempts_max: u32,
    /// Pause before the second attempt, in milliseconds.
    pub interval_ms: u64,
    /// Whether the pause doubles each time.
    pub exponential: bool,
}

impl Retry {
    /// One attempt.
    pub const NONE: Self = Self { attempts_max: 1, interval_ms: 1_000, exponential: false };
    /// Longest pause between two attempts, in milliseconds.
    pub const PAUSE_MS_MAX: u64 = 3_600_000;

    /// Pause after the given attempt (from 1), in milliseconds.
    #[must_use]
    pub fn pause_ms(&self, attempt: u32) -> u64 {
        let factor = if self.exponential { 1_u64 << (attempt - 1).min(20) } else { 1 };
        self.interval_ms.saturating_mul(factor).min(Self::PAUSE_MS_MAX)
    }
}

/// What a failure does after the last attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// The scope fails.
    Fail,
    /// The result is the error; go on by [`Port::NEXT`].
    Continue,
    /// The result is the error; go on by [`Port::ERROR`].
    Branch,
}
