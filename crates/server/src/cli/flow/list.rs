//! `floe flow list`.

use clap::Args;

use super::super::output::Column;
use super::{Context, Exit, Failure};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Text in name or description
    filter: Option<String>,
    /// draft or published
    #[arg(long)]
    status: Option<String>,
    /// Rows at most
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

const COLUMNS: &[Column] = &[
    ("ID", "/_id"),
    ("NAME", "/name"),
    ("STATUS", "/status"),
    ("VERSION", "/latestPublishedVersion"),
    ("DRAFT", "/currentDraftVersion"),
    ("UPDATED", "/updatedAt"),
];

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let api = context.api()?;
    let given = [("filter", &arguments.filter), ("status", &arguments.status)];
    let query: Vec<(&str, String)> =
        given.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect();
    let rows = api.pages("/v1/flow", &query, arguments.limit as usize).await?;
    context.output.rows(&rows, COLUMNS);
    Ok(Exit::Done)
}
