//! `floe payment-run report`: what became of a run, its candidates and its money.

use clap::Args;
use serde_json::{Value, json};

use super::super::output::Column;
use super::{Context, Exit, Failure, described, naira, path};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Id of the run
    run: String,
}

const COLUMNS: &[Column] = &[
    ("REFERENCE", "/reference"),
    ("NAME", "/beneficiary_name"),
    ("ACCOUNT", "/account_number"),
    ("BANK", "/institution_code"),
    ("AMOUNT", "/amount"),
    ("APPROVAL", "/approval_status"),
    ("PAYOUT", "/execution_status"),
    ("REASON", "/reason"),
];

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let report = context.api()?.get(&path(&arguments.run, "/report"), &[]).await?;
    if context.output.json {
        context.output.document(&report);
        return Ok(Exit::Done);
    }
    described(&report["run"]).iter().for_each(|line| context.output.line(line));
    let ledger = &report["ledger"];
    for (title, name) in
        [("reserved", "reserved"), ("paid out", "paid_out"), ("fees", "fees"), ("returned", "returned")]
    {
        context.output.line(&format!("{title:<11} {}", naira(&ledger[name])));
    }
    let mut rows = report["candidates"].as_array().cloned().unwrap_or_default();
    rows.iter_mut().for_each(readable);
    context.output.line("");
    context.output.rows(&rows, COLUMNS);
    Ok(Exit::Done)
}

/// The amount as people write it, and one reason of two.
fn readable(row: &mut Value) {
    row["amount"] = json!(naira(&row["amount"]));
    let reason =
        ["failure_reason", "decision_reason"].into_iter().find_map(|name| row[name].as_str().map(str::to_owned));
    row["reason"] = json!(reason);
}
