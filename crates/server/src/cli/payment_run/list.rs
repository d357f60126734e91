//! `floe payment-run list`.

use clap::Args;
use serde_json::{Value, json};

use super::super::output::Column;
use super::{Context, Exit, Failure, naira};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// pending, planning, scoring, awaiting_approval, completed or failed
    #[arg(long)]
    status: Option<String>,
    /// Only those that wait for my approval, oldest first
    #[arg(long, conflicts_with = "status")]
    mine: bool,
    /// Rows at most
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

const COLUMNS: &[Column] = &[
    ("RUN", "/id"),
    ("OBJECTIVE", "/objective"),
    ("PHASE", "/phase"),
    ("CANDIDATES", "/candidate_count"),
    ("AMOUNT", "/amount"),
    ("BY", "/created_by"),
    ("CREATED", "/created_at"),
];

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let api = context.api()?;
    let path = if arguments.mine { "/api/v1/approvals" } else { "/api/v1/runs" };
    let query: Vec<(&str, String)> = arguments.status.iter().map(|status| ("status", status.clone())).collect();
    let mut rows = api.offsets(path, &query, arguments.limit as usize).await?;
    if !context.output.json {
        rows.iter_mut().for_each(with_amount);
    }
    context.output.rows(&rows, COLUMNS);
    Ok(Exit::Done)
}

/// Adds the amount as people write it.
fn with_amount(run: &mut Value) {
    run["amount"] = json!(naira(&run["totals"]["amount"]));
}
