//! Settings of a flow (Flow API contract, section 5).

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::is_time_zone;
use crate::fault::FieldProblem;
use crate::id::FlowId;

/// Seconds of active time: the engine's own limit is the most (section 6.7).
const TIMEOUT_SECONDS: RangeInclusive<u32> = 1..=1_200;
/// Runs at a time.
const CONCURRENT_RUNS: RangeInclusive<u32> = 1..=1_000;
/// Days that runs are kept.
const RETAIN_DAYS: RangeInclusive<u32> = 1..=3_650;

/// Settings; what is not given is left to the server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowSettings {
    /// Active time of a run at most, in seconds, 1 to 1,200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u32>,
    /// Runs at the same time at most, 1 to 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent_runs: Option<u32>,
    /// Days that runs are kept, 1 to 3,650.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retain_runs_days: Option<u32>,
    /// The flow that is started when a run fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_flow_id: Option<FlowId>,
    /// IANA name of the time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}

impl FlowSettings {
    /// Reads settings that were stored; a text that is none gives the server's own.
    #[must_use]
    pub fn stored(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// Reads the value of `settings`; null is no settings, unknown fields are ignored, null fields count as missing.
    ///
    /// # Errors
    /// Every wrong field, with its path from the body (`/settings/…`).
    pub fn parse(value: &Value) -> Result<Self, Vec<FieldProblem>> {
        let map = match value {
            Value::Null => return Ok(Self::default()),
            Value::Object(map) => map,
            _ => return Err(vec![FieldProblem::new("/settings", "type", "settings must be an object")]),
        };
        let mut reader = Reader { problems: Vec::new() };
        let field = |name: &str| map.get(name).filter(|value| !value.is_null());
        let settings = Self {
            timeout_seconds: reader.number("timeoutSeconds", field("timeoutSeconds"), &TIMEOUT_SECONDS),
            max_concurrent_runs: reader.number("maxConcurrentRuns", field("maxConcurrentRuns"), &CONCURRENT_RUNS),
            retain_runs_days: reader.number("retainRunsDays", field("retainRunsDays"), &RETAIN_DAYS),
            error_flow_id: reader.flow("errorFlowId", field("errorFlowId")),
            timezone: reader.zone("timezone", field("timezone")),
        };
        if reader.problems.is_empty() { Ok(settings) } else { Err(reader.problems) }
    }
}

struct Reader {
    problems: Vec<FieldProblem>,
}

impl Reader {
    fn number(&mut self, name: &str, value: Option<&Value>, range: &RangeInclusive<u32>) -> Option<u32> {
        let number = value?.as_u64().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let (least, most) = (range.start(), range.end());
            self.problem(name, "range", format!("{name} must be a whole number from {least} to {most}"));
        }
        number
    }

    fn flow(&mut self, name: &str, value: Option<&Value>) -> Option<FlowId> {
        let id = value?.as_str().and_then(|text| FlowId::parse(text).ok());
        if id.is_none() {
            self.problem(name, "type", format!("{name} must be the id of a flow"));
        }
        id
    }

    fn zone(&mut self, name: &str, value: Option<&Value>) -> Option<String> {
        let zone = value?.as_str().filter(|zone| is_time_zone(zone));
        if zone.is_none() {
            self.problem(name, "value", format!("{name} must be the IANA name of a time zone"));
        }
        zone.map(str::to_owned)
    }

    fn problem(&mut self, name: &str, code: &'static str, message: String) {
        self.problems.push(FieldProblem::new(format!("/settings/{name}"), code, message));
    }
}

#[cfg(test)]
mod tests;
