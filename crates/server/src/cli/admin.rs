//! `floe admin`: the first owner, made on the machine itself.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::local::operate;
use super::{Context, Exit, Failure, Place, input};
use crate::operator::{NewOwner, Operation};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make the workspace, its owner and the first keys; only while there is no owner
    Create(Create),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    #[command(flatten)]
    place: Place,
    /// Name of the owner
    #[arg(long)]
    name: String,
    /// E-mail address of the owner
    #[arg(long)]
    email: String,
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// Name of the workspace
    #[arg(long, default_value = "Main")]
    workspace_name: String,
    /// Time zone of the workspace (IANA name)
    #[arg(long, default_value = "UTC")]
    timezone: String,
    /// Also make a bundle of API keys
    #[arg(long, value_parser = ["starter"])]
    keys: Option<String>,
}

impl Command {
    pub(super) fn place(&self) -> &Place {
        let Self::Create(create) = self;
        &create.place
    }
}

pub(super) async fn execute(context: &Context, command: Command) -> Result<Exit, Failure> {
    let Command::Create(create) = command;
    let password = input::secret(create.password_stdin, "--password-stdin", "Password of the owner")?;
    let owner = NewOwner {
        name: create.name,
        email: create.email,
        password,
        workspace_name: create.workspace_name,
        timezone: create.timezone,
        keys: create.keys,
        mode: context.settings.mode,
    };
    let answer = operate(context, Operation::CreateAdmin(owner)).await?;
    print(context, &answer);
    Ok(Exit::Done)
}

/// The keys are shown this once: a line each, kind, mode and text.
fn print(context: &Context, answer: &Value) {
    if context.output.json {
        context.output.document(answer);
        return;
    }
    context.output.say("owner created");
    for key in answer["keys"].as_array().into_iter().flatten() {
        let text = |field: &str| key[field].as_str().unwrap_or("-");
        if context.output.quiet {
            context.output.line(text("key"));
        } else {
            context.output.line(&format!("{} {}  {}", text("kind"), text("mode"), text("key")));
        }
    }
}
