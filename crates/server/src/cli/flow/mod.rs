//! `floe flow`: flows and workflows, and their files.

mod diff;
mod file;
mod list;
mod pull;
mod push;
mod run;
mod validate;
mod workflow;

use clap::Subcommand;
use serde_json::Value;

use super::api::{Api, escaped};
use super::{Context, Exit, Failure};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List flows
    List(list::Arguments),
    /// Write flows into files <name>.flow.json, workflows into <name>.workflow.json
    Pull(pull::Arguments),
    /// Create or update flows and workflows from files
    Push(push::Arguments),
    /// Check files without a server
    Validate(validate::Arguments),
    /// Show what is different between two versions, or between a flow and its file
    Diff(diff::Arguments),
    /// Run a flow, or the draft in a file; workflows in test mode
    Run(run::Arguments),
}

pub(super) async fn execute(context: &Context, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::List(arguments) => list::execute(context, &arguments).await,
        Command::Pull(arguments) => pull::execute(context, &arguments).await,
        Command::Push(arguments) => push::execute(context, &arguments).await,
        Command::Validate(arguments) => validate::execute(context, &arguments),
        Command::Diff(arguments) => diff::execute(context, &arguments).await,
        Command::Run(arguments) => run::execute(context, &arguments).await,
    }
}

/// Flows that one search looks through.
const SEARCHED_MAX: usize = 1_000;

/// The flow with exactly this name, as a list row.
async fn by_name(api: &Api, name: &str) -> Result<Option<Value>, Failure> {
    let rows = api.pages("/v1/flow", &[("filter", name.to_owned())], SEARCHED_MAX).await?;
    let mut same = rows.into_iter().filter(|row| row["name"] == name);
    let Some(found) = same.next() else { return Ok(None) };
    match same.next() {
        None => Ok(Some(found)),
        Some(_) => {
            Err(Failure::new(Exit::Conflict, "ambiguous", format!("several flows are named \"{name}\"; give an id")))
        }
    }
}

/// The id of a flow that is given by id or by exact name.
pub(super) async fn flow_id(api: &Api, reference: &str) -> Result<String, Failure> {
    if floe_model::id::parse_bits(reference).is_ok() {
        return Ok(reference.to_owned());
    }
    let found = by_name(api, reference).await?;
    let id = found.as_ref().and_then(|row| row["_id"].as_str()).map(str::to_owned);
    id.ok_or_else(|| Failure::not_found(format!("no flow is named \"{reference}\"")))
}

/// The whole record of a flow.
async fn record(api: &Api, id: &str) -> Result<Value, Failure> {
    api.get(&format!("/v1/flow/{}", escaped(id)), &[]).await
}
