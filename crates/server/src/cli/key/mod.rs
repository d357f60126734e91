//! `floe key`: API keys, through the API with a token, else as the owner of the data folder.

pub(super) mod bundle;
mod create;
mod list;
mod revoke;
mod rotate;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::local::operate;
use super::{Context, Exit, Failure, Place};
use crate::operator::Operation;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) place: Place,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List keys
    List(list::Arguments),
    /// Make a key; its text is shown once
    Create(create::Arguments),
    /// Make a key of each kind; their texts are shown once
    Bundle(bundle::Arguments),
    /// Replace a key by a new one of the same rights
    Rotate(rotate::Arguments),
    /// End a key
    Revoke(revoke::Arguments),
}

pub(super) async fn execute(context: &Context, arguments: Arguments) -> Result<Exit, Failure> {
    let way = Way::of(context, &arguments.place)?;
    match arguments.command {
        Command::List(arguments) => list::execute(context, way, &arguments).await,
        Command::Create(arguments) => create::execute(context, way, &arguments).await,
        Command::Bundle(arguments) => bundle::execute(context, way, &arguments).await,
        Command::Rotate(arguments) => rotate::execute(context, way, &arguments).await,
        Command::Revoke(arguments) => revoke::execute(context, way, &arguments).await,
    }
}

/// How the keys are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Api,
    DataFolder,
}

impl Way {
    /// The API when there is a token, unless a data folder is named.
    fn of(context: &Context, place: &Place) -> Result<Self, Failure> {
        let named = place.data.is_some() || place.database_url.is_some();
        Ok(if named || context.target()?.token.is_none() { Self::DataFolder } else { Self::Api })
    }
}

/// Adds the workspace and the mode, and carries the operation out on the data folder.
async fn on_folder(context: &Context, operation: impl FnOnce(Option<String>) -> Operation) -> Result<Value, Failure> {
    operate(context, operation(context.settings.workspace.clone())).await
}

/// A key that was just made: its text alone with `--quiet`.
fn print_made(context: &Context, made: &Value) {
    let text = made["key"].as_str().unwrap_or_default();
    if context.output.json {
        context.output.document(made);
    } else if context.output.quiet {
        context.output.line(text);
    } else {
        context.output.say(&format!("id {}  (the text is shown this once)", made["id"].as_str().unwrap_or_default()));
        context.output.line(text);
    }
}
