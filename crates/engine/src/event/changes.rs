//! What a computation changes besides its own record.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Changes that come with the result of a node of the graph language.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// Variables that get a value.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub variables: Map<String, Value>,
    /// Changes of the run's shared memory, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared: Vec<SharedChange>,
}

impl Changes {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.variables.is_empty() && self.shared.is_empty()
    }
}

/// One change of the run's shared memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharedChange {
    /// An entry gets a value.
    Set {
        /// Its key.
        key: String,
        /// Its value.
        value: Value,
        /// Whether searches by meaning pass it over.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unsearchable: bool,
    },
    /// An entry goes.
    Delete {
        /// Its key.
        key: String,
    },
}
