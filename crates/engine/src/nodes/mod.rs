//! Nodes of the graph language that only compute (Workflow API contract, section 18): nothing outside takes part in them.

use serde_json::{Map, Value};

pub use crate::event::SharedChange;
use crate::event::StepError;
use crate::expr::{Env, Names};
use crate::plan::Port;

/// What a node computes.
#[derive(Debug)]
pub enum Compute {
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
#[derive(Debug)]
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

impl Compute {
    /// Computes.
    ///
    /// # Errors
    /// Why the node fails.
    pub fn run(&self, _: &NodeInfo<'_>, _: &dyn Names, _: &mut Env<'_>) -> Result<Computed, StepError> {
        match self {
            Self::Joint => {
                let record = Value::Object(Map::new());
                Ok(Computed { record, port: Port::NEXT, variables: Map::new(), shared: Vec::new() })
            }
        }
    }
}
