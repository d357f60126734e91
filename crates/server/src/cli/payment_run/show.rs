//! `floe payment-run show`.

use clap::Args;
use serde_json::{Value, json};

use super::super::api::Api;
use super::super::output::Column;
use super::{Context, Exit, Failure, described, naira, path, read};

/// Candidates of one run at most (Treasury contract, section 2.1).
const CANDIDATES_MAX: usize = 10_000;
/// Decisions that a person looks at.
const FLAGS: [&str; 2] = ["blocked", "needs_review"];

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Id of the run
    run: String,
    /// Its candidates instead, all of them
    #[arg(long)]
    candidates: bool,
    /// Only those of which the risk agent said this: auto_approved, needs_review or blocked
    #[arg(long, requires = "candidates")]
    decision: Option<String>,
}

const COLUMNS: &[Column] = &[
    ("CANDIDATE", "/id"),
    ("NAME", "/beneficiary_name"),
    ("ACCOUNT", "/account_number"),
    ("BANK", "/institution_code"),
    ("AMOUNT", "/amount"),
    ("SCORE", "/risk_score"),
    ("DECISION", "/risk_decision"),
    ("REASONS", "/risk_reasons"),
    ("APPROVAL", "/approval_status"),
    ("PAYOUT", "/execution_status"),
    ("FAILURE", "/failure_reason"),
];

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let api = context.api()?;
    if arguments.candidates {
        let rows = candidates(&api, &arguments.run, arguments.decision.as_deref()).await?;
        print(context, rows);
        return Ok(Exit::Done);
    }
    let run = read(&api, &arguments.run).await?;
    if context.output.json {
        context.output.document(&run);
        return Ok(Exit::Done);
    }
    described(&run).iter().for_each(|line| context.output.line(line));
    let mut flagged = Vec::new();
    for decision in FLAGS {
        flagged.extend(candidates(&api, &arguments.run, Some(decision)).await?);
    }
    if !flagged.is_empty() {
        context.output.line("");
        print(context, flagged);
    }
    Ok(Exit::Done)
}

async fn candidates(api: &Api, run: &str, decision: Option<&str>) -> Result<Vec<Value>, Failure> {
    let query: Vec<(&str, String)> = decision.map(|word| ("risk_decision", word.to_owned())).into_iter().collect();
    api.offsets(&path(run, "/candidates"), &query, CANDIDATES_MAX).await
}

fn print(context: &Context, mut rows: Vec<Value>) {
    if !context.output.json {
        for row in &mut rows {
            row["amount"] = json!(naira(&row["amount"]));
        }
    }
    context.output.rows(&rows, COLUMNS);
}
