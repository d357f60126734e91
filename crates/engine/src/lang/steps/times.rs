//! The times of a `schedule` trigger (Flow API contract, section 6.4).

use floe_model::flows::{Cron, Zone};
use serde_json::{Map, Value};

/// What is wrong with the times of a trigger: where in the step, and why. A trigger without a pattern has none.
pub(super) fn problems(data: &Map<String, Value>) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    let given = |key: &str| data.get(key).filter(|value| !value.is_null() && value.as_str() != Some(""));
    match given("cron").map(|cron| cron.as_str().map(Cron::parse)) {
        None | Some(Some(Ok(_))) => {}
        Some(Some(Err(why))) => problems.push(("/data/cron", why.to_string())),
        Some(None) => problems.push(("/data/cron", "cron must be a text".to_owned())),
    }
    if let Some(zone) = given("timezone")
        && zone.as_str().and_then(Zone::parse).is_none()
    {
        problems.push(("/data/timezone", "timezone must be an IANA name, e.g. Africa/Lagos".to_owned()));
    }
    problems
}
