//! `floe run list`.

use clap::Args;
use serde_json::Value;

use super::super::api::{Api, escaped};
use super::super::flow::flow_id;
use super::super::output::Column;
use super::{Context, Exit, Failure};

/// Flows whose runs are looked at when no flow is named.
const FLOWS_MAX: usize = 200;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Id or name of a flow; without it the runs of all flows
    #[arg(long)]
    flow: Option<String>,
    /// Statuses between commas: queued, running, waiting, completed, failed, cancelled
    #[arg(long)]
    status: Option<String>,
    /// Rows at most
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,
}

const COLUMNS: &[Column] = &[
    ("RUN", "/appRunId"),
    ("FLOW", "/flowName"),
    ("STATUS", "/status"),
    ("VERSION", "/version"),
    ("STARTED", "/startedAt"),
    ("MS", "/durationMs"),
    ("ERROR", "/error/code"),
];

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let api = context.api()?;
    let limit = arguments.limit as usize;
    let status = arguments.status.clone().map(|status| ("status", status));
    let query: Vec<(&str, String)> = status.into_iter().collect();
    let flows = flows(&api, arguments.flow.as_deref()).await?;
    let mut rows = Vec::new();
    for flow in &flows {
        let id = flow["_id"].as_str().unwrap_or_default();
        for mut row in api.pages(&format!("/v1/flowrun/{}", escaped(id)), &query, limit).await? {
            if row.get("flowName").is_none() {
                row["flowName"] = flow["name"].clone();
            }
            rows.push(row);
        }
    }
    // Instants are written alike, so their texts sort like the times.
    rows.sort_by(|left, right| right["startedAt"].as_str().cmp(&left["startedAt"].as_str()));
    rows.truncate(limit);
    context.output.rows(&rows, COLUMNS);
    Ok(Exit::Done)
}

async fn flows(api: &Api, named: Option<&str>) -> Result<Vec<Value>, Failure> {
    match named {
        Some(reference) => {
            let id = flow_id(api, reference).await?;
            Ok(vec![api.get(&format!("/v1/flow/{}", escaped(&id)), &[]).await?])
        }
        None => api.pages("/v1/flow", &[], FLOWS_MAX).await,
    }
}
