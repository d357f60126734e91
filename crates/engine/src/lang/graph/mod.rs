//! The graph language: a workflow as nodes joined by edges (Workflow API contract, sections 13 to 20).
//!
//! [`compile`] is the way in. A file is read in either of its shapes and gets its canonical names (`document.rs`, `aliases.rs`);
//! its nodes are checked one by one by the [table of types](types); a depth-first walk tells edges forward from edges back
//! (`walk.rs`); bodies of loops and plain cycles are found (`bodies.rs`) and become regions without cycles, one inside of the
//! other (`region.rs`); regions are lowered to the scopes of a [`Plan`] (`lower.rs`, `work.rs`).
//!
//! What the contract leaves open is decided here:
//! - An edge into a `trigger` or `input` node keeps nothing waiting, since a run begins there.
//! - An edge from outside into the middle of a loop's body, or of a plain cycle, makes the whole loop wait for its source and
//!   says nothing else.
//! - A loop whose body is told by labels has in it what `body` edges lead to, up to what its other edges lead to.
//! - A back edge is one to a node on the path of the walk. Where it leads to a loop without labels that loop's body is on it; any
//!   other one makes a plain cycle, also around a whole loop.
//! - A node that a failure schedules belongs where its edges put it; from outside of a loop the loop around it is scheduled.

mod aliases;
mod bits;
mod bodies;
mod catalogue;
mod check;
mod document;
mod inputs;
mod lower;
mod mention;
mod names;
mod problem;
pub mod providers;
mod record;
mod region;
mod shape;
mod triggers;
pub mod types;
mod walk;
mod work;

use serde_json::Value;

pub use catalogue::catalogue;
pub use inputs::{GraphInput, GraphInputKind, convert_inputs};
pub use problem::{GraphProblem, code};
pub use record::canvas;
pub use triggers::{DEFAULT_TRIGGER, TriggerNode};
pub use types::{NodeType, NodeTypes};

use crate::lang::Severity;
use crate::plan::Plan;
use problem::Problems;

/// Nodes of a workflow at most (section 23).
pub const NODES_MAX: usize = 500;
/// Edges of a workflow at most.
pub const EDGES_MAX: usize = 10_000;
/// Bytes of a definition at most (section 23).
pub const DEFINITION_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Problems listed at most, of each severity.
pub const PROBLEMS_MAX: usize = 200;

/// What came of a file.
#[derive(Debug)]
pub struct Compiled {
    /// Everything found, errors first.
    pub problems: Vec<GraphProblem>,
    /// The plan, when there is no error.
    pub plan: Option<Plan>,
    /// The stored form: the record form under canonical names. Compiled again it gives the same.
    pub record: Value,
    /// Declared inputs as the API shows them; none when there are none.
    pub inputs: Option<Value>,
    /// The same as a JSON Schema.
    pub input_schema: Value,
    /// The same, to convert given values.
    pub fields: Vec<GraphInput>,
    /// Triggers that it asks for.
    pub triggers: Vec<TriggerNode>,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// Its description, where it has one.
    pub description: Option<String>,
}

impl Compiled {
    /// How many errors were found.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.severity == Severity::Error).count()
    }
}

/// Reads, checks and lowers a file of either shape.
#[must_use]
pub fn compile(file: &Value, types: &NodeTypes) -> Compiled {
    let mut problems = Problems::default();
    let document = document::read(file, types, &mut problems);
    let unread = problems.has_errors();
    check::nodes(&document, types, &mut problems);
    lower::check_computations(&document, &mut problems);
    let graph = walk::Graph::of(&document);
    let mentions: Vec<mention::Mentions> = document.nodes.iter().map(mention::roots).collect();
    let repeats = bodies::find(&document, &graph, &mentions);
    shape::errors(&document, &graph, &repeats, &mut problems);
    let region = region::build(&graph, &repeats);
    shape::levels(&document, &region, &mut problems);
    shape::warnings(&document, &graph, &repeats, &mut problems);
    let plan = if problems.has_errors() {
        None
    } else {
        lower::lower(&document, &graph, &repeats, &region, types, &mut problems)
    };
    let entry = graph.starts.first().map(|&start| document.nodes[start].id.as_str());
    let fields = inputs::declared(&document);
    Compiled {
        plan,
        record: if unread { record::unread(file, &document) } else { record::record(&document, entry) },
        inputs: inputs::shown(&fields),
        input_schema: inputs::schema(&fields),
        triggers: triggers::of(&document),
        name: document.name,
        description: document.description,
        problems: problems.take(),
        fields,
    }
}

#[cfg(test)]
mod tests;
