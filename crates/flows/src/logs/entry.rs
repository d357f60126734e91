//! An entry as the log shows it, wherever it comes from.

use floe_model::Timestamp;
use floe_model::id::{LogId, RunId};
use floe_store::flows::flow_logs::LogRow;
use serde_json::Value;

/// An entry of a flow's log.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its id, the same at each reading.
    pub id: LogId,
    /// When it happened.
    pub at: Timestamp,
    /// `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// E.g. `run.failed`.
    pub event: String,
    /// Sentence for a person.
    pub message: String,
    /// The run.
    pub run: Option<RunId>,
    /// The step.
    pub step: Option<String>,
    /// The version.
    pub version: Option<u32>,
    /// `{type, id, name}` or null.
    pub actor: Value,
    /// Facts for programs.
    pub data: Value,
}

impl Entry {
    /// A stored entry.
    pub(super) fn of(row: LogRow) -> Self {
        let json = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
        Self {
            id: row.id,
            at: row.at,
            actor: json(&row.actor),
            data: json(&row.data),
            level: row.level,
            event: row.event,
            message: row.message,
            run: row.run,
            step: None,
            version: row.version,
        }
    }

    pub(super) fn at_step(&mut self, step: Option<String>) -> &mut Self {
        self.step = step;
        self
    }

    pub(super) fn of_level(&mut self, level: &str) -> &mut Self {
        level.clone_into(&mut self.level);
        self
    }

    pub(super) fn about(&mut self, actor: Value, data: Value) -> &mut Self {
        self.actor = actor;
        self.with(data)
    }

    pub(super) fn with(&mut self, data: Value) -> &mut Self {
        self.data = data;
        self
    }
}
