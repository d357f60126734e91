//! Nodes of workflows that only compute (Workflow API contract, sections 16 and 18): nothing outside takes part in them.
//!
//! [`Compute`] is one such node, read once from its configuration and run against names. Beside it are the pure parts of
//! other nodes: where a loop takes its items from ([`items`]), which way a router goes ([`router`]), what an answer to a
//! review is worth ([`review`]).
//!
//! A run may need scripts ([`Env::asked`]): then what it gave, also a failure, counts for nothing, and it is repeated with
//! their answers.

mod conditional;
mod config;
mod convert;
mod input;
mod items;
mod memory;
mod operators;
mod output;
mod reference;
pub mod review;
pub mod router;
mod schema;
mod switch;
mod template_output;
mod transform;
mod trigger;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

pub use self::config::NodeProblem;
pub use self::items::{count, items};
pub use self::reference::reference;
pub use crate::event::SharedChange;
use crate::event::StepError;
use crate::expr::{Env, Names};
use crate::plan::Port;

/// A node that only computes.
#[derive(Debug)]
pub enum Compute {
    /// What started the run.
    Trigger,
    /// One input of the run.
    Input(input::Input),
    /// A choice between two ways.
    Conditional(conditional::Conditional),
    /// A choice between many ways.
    Switch(switch::Switch),
    /// A part of the run's output.
    Output(output::Output),
    /// A part of the run's output, made from a template with blocks.
    TemplateOutput(template_output::TemplateOutput),
    /// A value made from others.
    Transform(transform::Transform),
    /// The run's shared memory.
    Memory(memory::Memory),
    /// Nothing: a joint (`merge`, `parallel`).
    Joint,
}

/// What a computation is told of its node.
pub struct NodeInfo<'a> {
    /// The node's id.
    pub id: &'a str,
    /// Its shown name.
    pub name: &'a str,
    /// Its output variable.
    pub output: Option<&'a str>,
    /// The run's inputs.
    pub inputs: &'a Map<String, Value>,
    /// What started the run.
    pub trigger: &'a Value,
    /// The run's shared memory.
    pub shared: &'a Map<String, Value>,
    /// Keys of it that searches by meaning pass over.
    pub unsearchable: Option<&'a BTreeSet<String>>,
    /// The nodes right before it that have completed, in definition order.
    pub before: Vec<Before<'a>>,
}

/// A node right before another one.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its output variable.
    pub output: Option<&'a str>,
    /// The primary value of its record.
    pub value: &'a Value,
    /// Whether that is the whole record.
    pub is_record: bool,
}

/// What came of a computation.
#[derive(Debug, PartialEq)]
pub struct Computed {
    /// The node's record.
    pub record: Value,
    /// The port by which the node is left.
    pub port: Port,
    /// Variables that get a value.
    pub variables: Map<String, Value>,
    /// Changes of the run's shared memory.
    pub shared: Vec<SharedChange>,
}

impl Computed {
    /// A record, left by the ordinary way.
    fn record(record: Value) -> Self {
        Self { record, port: Port::NEXT, variables: Map::new(), shared: Vec::new() }
    }

    /// `{<name>: value}`.
    fn named(name: &str, value: Value) -> Self {
        Self::record(Value::Object(Map::from_iter([(name.to_owned(), value)])))
    }
}

impl Compute {
    /// Reads the configuration of a node of the given type, both in the spelling of the stored form (section 19).
    ///
    /// # Errors
    /// What is wrong with it; a type that is not among these is a problem too.
    pub fn parse(kind: &str, config: &Map<String, Value>) -> Result<Self, Vec<NodeProblem>> {
        match kind {
            "trigger" => Ok(Self::Trigger),
            "input" => input::Input::parse(config).map(Self::Input),
            "conditional" => conditional::Conditional::parse(config).map(Self::Conditional),
            "switch" => switch::Switch::parse(config).map(Self::Switch),
            "output" => output::Output::parse(config).map(Self::Output),
            "templateOutput" => template_output::TemplateOutput::parse(config).map(Self::TemplateOutput),
            "transform" => transform::Transform::parse(config).map(Self::Transform),
            "shared-memory" => memory::Memory::parse(config).map(Self::Memory),
            "merge" | "parallel" => Ok(Self::Joint),
            other => Err(vec![NodeProblem::invalid("type", format!("`{other}` does not only compute"))]),
        }
    }

    /// Whether it chooses its way on.
    #[must_use]
    pub const fn branches(&self) -> bool {
        matches!(self, Self::Conditional(_) | Self::Switch(_))
    }

    /// The port of a handle of a node that chooses; none when it has no such handle.
    #[must_use]
    pub fn port(&self, handle: &str) -> Option<Port> {
        match self {
            Self::Conditional(_) => conditional::port(handle),
            Self::Switch(switch) => switch.port(handle),
            _ => None,
        }
    }

    /// The root names that it may read.
    #[must_use]
    pub fn roots(&self) -> Vec<&str> {
        self.sources().iter().flat_map(|source| source.roots()).collect()
    }

    /// The members that it reads of a root name: `NAME` for `env.NAME`.
    #[must_use]
    pub fn members<'s>(&'s self, root: &'s str) -> Vec<&'s str> {
        self.sources().iter().flat_map(|source| source.members(root)).collect()
    }

    fn sources(&self) -> Vec<config::Parsed<'_>> {
        match self {
            Self::Trigger | Self::Joint => Vec::new(),
            Self::Input(input) => input.sources(),
            Self::Conditional(conditional) => conditional.sources(),
            Self::Switch(switch) => switch.sources(),
            Self::Output(output) => output.sources(),
            Self::TemplateOutput(output) => output.sources(),
            Self::Transform(transform) => transform.sources(),
            Self::Memory(memory) => memory.sources(),
        }
    }

    /// Computes.
    ///
    /// # Errors
    /// Why the node fails; the codes are those of section 17.
    pub fn run(&self, info: &NodeInfo<'_>, names: &dyn Names, env: &mut Env<'_>) -> Result<Computed, StepError> {
        match self {
            Self::Trigger => Ok(trigger::run(info)),
            Self::Input(input) => input.run(info, names, env),
            Self::Conditional(conditional) => conditional.run(names, env),
            Self::Switch(switch) => switch.run(names, env),
            Self::Output(output) => output.run(names, env),
            Self::TemplateOutput(output) => output.run(names, env),
            Self::Transform(transform) => transform.run(info, names, env),
            Self::Memory(memory) => memory.run(info, names, env),
            Self::Joint => Ok(Computed::record(Value::Object(Map::new()))),
        }
    }
}
