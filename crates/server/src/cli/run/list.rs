//! `floe run list`: the joined list of runs.

use clap::Args;

use super::super::flow::flow_id;
use super::super::output::Column;
use super::{Context, Exit, Failure};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Id or name of a flow; without it the runs of all flows
    #[arg(long)]
    flow: Option<String>,
    /// Statuses between commas: queued, running, waiting, completed, failed, cancelled
    #[arg(long)]
    status: Option<String>,
    /// Kinds between commas: flow, workflow, agent, payment
    #[arg(long)]
    kind: Option<String>,
    /// Type of the trigger
    #[arg(long)]
    trigger: Option<String>,
    /// Code of the error that ended them
    #[arg(long)]
    error: Option<String>,
    /// Accepted at or after this instant (RFC 3339)
    #[arg(long)]
    from: Option<String>,
    /// Accepted before this instant (RFC 3339)
    #[arg(long)]
    to: Option<String>,
    /// Text in the name or the error
    #[arg(long)]
    query: Option<String>,
    /// Rows at most
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,
}

const COLUMNS: &[Column] = &[
    ("RUN", "/id"),
    ("NAME", "/name"),
    ("STATUS", "/status"),
    ("VERSION", "/version"),
    ("CREATED", "/created_at"),
    ("MS", "/duration_ms"),
    ("ERROR", "/error/code"),
];

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let api = context.api()?;
    let flow = match &arguments.flow {
        Some(reference) => Some(flow_id(&api, reference).await?),
        None => None,
    };
    let filters = [
        ("definition_id", flow),
        ("status", arguments.status.clone()),
        ("kind", arguments.kind.clone()),
        ("trigger", arguments.trigger.clone()),
        ("error_code", arguments.error.clone()),
        ("from", arguments.from.clone()),
        ("to", arguments.to.clone()),
        ("q", arguments.query.clone()),
    ];
    let query: Vec<(&str, String)> = filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let rows = api.walk("/console/v1/runs", &query, arguments.limit as usize).await?;
    context.output.rows(&rows, COLUMNS);
    Ok(Exit::Done)
}
