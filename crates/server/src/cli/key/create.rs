//! `floe key create`.

use clap::Args;
use serde_json::json;

use super::{Context, Exit, Failure, Operation, Way, on_folder, print_made};
use crate::operator::NewKey;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What the key opens
    #[arg(long, default_value = "flows")]
    kind: String,
    /// Name of the key
    #[arg(long)]
    name: String,
    /// A scope; may be given several times; none is all that the kind has by default
    #[arg(long = "scope")]
    scopes: Vec<String>,
    /// Days after which the key ends
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    expires_in_days: Option<u32>,
}

pub(super) async fn execute(context: &Context, way: Way, arguments: &Arguments) -> Result<Exit, Failure> {
    let mode = context.settings.mode;
    let made = match way {
        Way::Api => {
            let mut body = json!({ "kind": arguments.kind, "name": arguments.name, "mode": mode.as_str() });
            if !arguments.scopes.is_empty() {
                body["scopes"] = json!(arguments.scopes);
            }
            if let Some(days) = arguments.expires_in_days {
                body["expires_in_days"] = json!(days);
            }
            context.api()?.post("/console/v1/keys", &body).await?
        }
        Way::DataFolder => {
            let key = NewKey {
                kind: arguments.kind.clone(),
                name: arguments.name.clone(),
                mode,
                scopes: arguments.scopes.clone(),
                expires_in_days: arguments.expires_in_days,
            };
            on_folder(context, |workspace| Operation::CreateKey { workspace, key }).await?
        }
    };
    print_made(context, &made);
    Ok(Exit::Done)
}
