//! What runs of flows have cost, put into what is shown of them (Flow API contract, section 7; console contract, section 5.7).
//!
//! The ledger is asked each time: it is where credits are taken, and nothing of it is kept in journals. Steps on the wire name
//! themselves by `stepId` or `step_id` and `iteration`, on both surfaces.

use std::collections::HashMap;

use floe_access::credits::Entry;
use floe_model::Fault;
use floe_model::access::credits::number;
use floe_model::id::RunId;
use floe_store::access::credit_entries;
use serde_json::Value;

use crate::http::Call;

/// What one run has cost, in thousandths.
#[derive(Default)]
pub(crate) struct Taken {
    total: i64,
    /// By step and pass; the pass is empty where the ledger does not know it.
    by_step: HashMap<(String, String), i64>,
}

impl Taken {
    /// Of a run that the caller may see.
    pub(crate) async fn of(call: &Call, run: RunId) -> Result<Self, Fault> {
        Ok(Self::summed(&call.app.access.credits_of_run(&call.ctx.caller, run).await?))
    }

    fn summed(entries: &[Entry]) -> Self {
        let mut taken = Self::default();
        for entry in entries {
            taken.total -= entry.amount;
            let Some(step) = entry.origin.step_id.clone() else { continue };
            // `step:<run>:<step>:<pass>:<attempt>:<part>`
            let parts: Vec<&str> = entry.reference.as_deref().unwrap_or_default().split(':').collect();
            let pass = if let ["step", _, _, pass, ..] = parts[..] { pass.to_owned() } else { String::new() };
            *taken.by_step.entry((step, pass)).or_default() -= entry.amount;
        }
        taken
    }

    /// Of the whole run.
    pub(crate) fn total(&self) -> Value {
        number(self.total)
    }

    /// Puts into each step what it has cost. What the ledger has no pass for stands with the first one.
    pub(crate) fn fill<'s>(&self, steps: impl IntoIterator<Item = &'s mut Value>) {
        let mut without_pass = self.by_step.clone();
        without_pass.retain(|(_, pass), _| pass.is_empty());
        for step in steps {
            let id = step.get("stepId").or_else(|| step.get("step_id")).and_then(Value::as_str).unwrap_or_default();
            let of_pass = self.by_step.get(&(id.to_owned(), pass_of(step))).copied().unwrap_or(0);
            let first = without_pass.remove(&(id.to_owned(), String::new())).unwrap_or(0);
            step["credits"] = number(of_pass + first);
        }
    }
}

/// The indexes of the loops around a step, from outside in (Flow API contract, section 6.7).
fn pass_of(step: &Value) -> String {
    let passes = step.get("iteration").and_then(Value::as_array).filter(|passes| !passes.is_empty());
    let indexes =
        |passes: &Vec<Value>| passes.iter().map(|pass| pass["index"].to_string()).collect::<Vec<_>>().join(".");
    passes.map_or_else(|| "0".to_owned(), indexes)
}

/// Puts into each row of a list what its run has cost.
pub(crate) async fn fill_rows(call: &Call, rows: &mut [(RunId, &mut Value)]) -> Result<(), Fault> {
    let workspace = call.ctx.caller.workspace;
    let ids: Vec<RunId> = rows.iter().map(|(run, _)| *run).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let sums = call.ctx.store.read(move |tx| credit_entries::sums_of_runs(tx, workspace, &ids)).await?;
    let sums: HashMap<RunId, i64> = sums.into_iter().collect();
    for (run, row) in rows {
        row["credits"] = number(sums.get(run).copied().unwrap_or(0));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use floe_model::Timestamp;
    use floe_store::access::credit_entries::Origin;
    use serde_json::json;

    use super::*;

    #[test]
    fn credits_stand_with_the_pass_of_the_step_that_took_them() {
        let entry = |step: &str, reference: &str, amount: i64| Entry {
            seq: 1,
            id: 1,
            at: Timestamp(0),
            amount,
            balance_after: 0,
            reason: "usage".to_owned(),
            origin: Origin { step_id: Some(step.to_owned()), ..Origin::default() },
            calls: 1,
            input_tokens: 0,
            output_tokens: 0,
            reference: Some(reference.to_owned()),
        };
        let taken = Taken::summed(&[
            entry("ask", "step:r:ask:0:1:0", -1_000),
            entry("ask", "step:r:ask:0:2:0", -500),
            entry("in", "step:r:in:1.2:1:0", -2_000),
            entry("peer", "exchange:x", -3_000),
        ]);
        let pass = |index: u64| json!({ "stepId": "loop", "index": index });
        let mut steps = vec![
            json!({ "stepId": "ask", "iteration": [] }),
            json!({ "step_id": "in", "iteration": [pass(1), pass(2)] }),
            json!({ "step_id": "in", "iteration": [pass(1), pass(3)] }),
            json!({ "stepId": "peer", "iteration": [pass(0)] }),
            json!({ "stepId": "peer", "iteration": [pass(1)] }),
        ];
        taken.fill(&mut steps);
        let credits: Vec<Value> = steps.iter().map(|step| step["credits"].clone()).collect();
        assert_eq!((credits, taken.total()), (vec![json!(1.5), json!(2), json!(0), json!(3), json!(0)], json!(6.5)));
    }
}
