//! `floe key list`.

use clap::Args;
use serde_json::Value;

use super::super::output::Column;
use super::{Context, Exit, Failure, Operation, Way, on_folder};

/// Keys that one list shows.
const KEYS_MAX: usize = 1_000;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only this kind
    #[arg(long)]
    kind: Option<String>,
}

const COLUMNS: &[Column] = &[
    ("ID", "/id"),
    ("KIND", "/kind"),
    ("NAME", "/name"),
    ("MODE", "/mode"),
    ("PREFIX", "/prefix"),
    ("STATUS", "/status"),
    ("SCOPES", "/scopes"),
    ("LAST USED", "/last_used_at"),
];

pub(super) async fn execute(context: &Context, way: Way, arguments: &Arguments) -> Result<Exit, Failure> {
    let rows = match way {
        Way::Api => {
            let query: Vec<(&str, String)> = arguments.kind.clone().map(|kind| ("kind", kind)).into_iter().collect();
            context.api()?.walk("/console/v1/keys", &query, KEYS_MAX).await?
        }
        Way::DataFolder => {
            let answer = on_folder(context, |workspace| Operation::ListKeys { workspace }).await?;
            let wanted = |key: &&Value| arguments.kind.as_deref().is_none_or(|kind| key["kind"] == kind);
            answer["data"].as_array().into_iter().flatten().filter(wanted).cloned().collect()
        }
    };
    context.output.rows(&rows, COLUMNS);
    Ok(Exit::Done)
}
