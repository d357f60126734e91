//! `floe key bundle`: a key of each kind that a bundle makes.

use clap::Args;
use serde_json::{Value, json};

use super::{Context, Exit, Failure, Operation, Way, on_folder};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// starter: all kinds but the management of placements, with their default scopes; read_only: those that read
    #[arg(value_parser = ["starter", "read_only"], default_value = "starter")]
    bundle: String,
}

pub(super) async fn execute(context: &Context, way: Way, arguments: &Arguments) -> Result<Exit, Failure> {
    let (bundle, mode) = (arguments.bundle.clone(), context.settings.mode);
    let made = match way {
        Way::Api => {
            let body = json!({ "bundle": bundle, "mode": mode.as_str() });
            context.api()?.post("/console/v1/key-bundles", &body).await?
        }
        Way::DataFolder => on_folder(context, |workspace| Operation::CreateBundle { workspace, bundle, mode }).await?,
    };
    print(context, &made);
    Ok(Exit::Done)
}

/// The keys are shown this once: a line each, kind, mode and text; the text alone with `--quiet`.
pub(in crate::cli) fn print(context: &Context, made: &Value) {
    if context.output.json {
        context.output.document(made);
        return;
    }
    for key in made["keys"].as_array().into_iter().flatten() {
        let text = |field: &str| key[field].as_str().unwrap_or("-");
        if context.output.quiet {
            context.output.line(text("key"));
        } else {
            context.output.line(&format!("{} {}  {}", text("kind"), text("mode"), text("key")));
        }
    }
}
