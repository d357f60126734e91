//! `floe inbox list`.

use clap::Args;

use super::super::output::Column;
use super::{Context, Exit, Failure};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// open, answered, expired or cancelled
    #[arg(long, default_value = "open")]
    status: String,
    /// flow_approval, flow_form, payment_approval, …
    #[arg(long)]
    kind: Option<String>,
    /// Only what I can answer
    #[arg(long)]
    mine: bool,
    /// Rows at most
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

const COLUMNS: &[Column] = &[
    ("ID", "/id"),
    ("KIND", "/kind"),
    ("TITLE", "/title"),
    ("FROM", "/requested_by/name"),
    ("DUE", "/due_at"),
    ("STATUS", "/status"),
];

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let api = context.api()?;
    let mut query = vec![("status", arguments.status.clone())];
    // A flag narrows to one mode; without it the list is of both, as the header alone would not filter.
    if context.settings.values.get("FLOE_MODE").is_some_and(|value| value.origin.word() != "default") {
        query.push(("mode", api.mode().as_str().to_owned()));
    }
    query.extend(arguments.kind.clone().map(|kind| ("kind", kind)));
    query.extend(arguments.mine.then(|| ("mine", "true".to_owned())));
    let rows = api.walk("/console/v1/inbox", &query, arguments.limit as usize).await?;
    context.output.rows(&rows, COLUMNS);
    Ok(Exit::Done)
}
