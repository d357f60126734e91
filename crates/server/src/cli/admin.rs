//! `floe admin`: the first owner, made on the machine itself.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::local::operate;
use super::{Context, Exit, Failure, Place, input, key};
use crate::operator::{NewOwner, Operation};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make the workspace, its owner and the first keys; only while there is no owner
    Create(Create),
    /// Print a link with which a member gives itself another password; it works once, for 24 hours
    ResetLink(Link),
    /// Print a link that signs a member in; it works once, for 15 minutes
    LoginLink(Link),
    /// List money that came for accounts that nobody has
    UnmatchedFunding(Unmatched),
    /// Credit the wallet of a workspace (--workspace, --mode) with such money, once
    MatchFunding(Match),
}

#[derive(Debug, Args)]
pub(super) struct Unmatched {
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct Match {
    #[command(flatten)]
    place: Place,
    /// Who told of it, as the list says
    #[arg(long)]
    provider: String,
    /// The provider's reference of the payment, as the list says
    #[arg(long)]
    reference: String,
}

#[derive(Debug, Args)]
pub(super) struct Link {
    #[command(flatten)]
    place: Place,
    /// E-mail address of the member
    #[arg(long)]
    email: String,
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
        match self {
            Self::Create(create) => &create.place,
            Self::ResetLink(link) | Self::LoginLink(link) => &link.place,
            Self::UnmatchedFunding(unmatched) => &unmatched.place,
            Self::MatchFunding(funding) => &funding.place,
        }
    }
}

pub(super) async fn execute(context: &Context, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Create(owner) => create(context, owner).await,
        Command::ResetLink(Link { email, .. }) => link(context, Operation::ResetLink { email }).await,
        Command::LoginLink(Link { email, .. }) => link(context, Operation::LoginLink { email }).await,
        Command::UnmatchedFunding(_) => unmatched(context).await,
        Command::MatchFunding(Match { provider, reference, .. }) => {
            let (workspace, mode) = (context.settings.workspace.clone(), context.settings.mode);
            let answer = operate(context, Operation::MatchFunding { workspace, mode, provider, reference }).await?;
            if context.output.json {
                context.output.document(&answer);
            } else {
                context.output.line(&funding_line(&answer));
            }
            Ok(Exit::Done)
        }
    }
}

async fn unmatched(context: &Context) -> Result<Exit, Failure> {
    let answer = operate(context, Operation::UnmatchedFunding).await?;
    if context.output.json {
        context.output.document(&answer);
    } else {
        let found = answer["data"].as_array().map_or(&[][..], Vec::as_slice);
        found.iter().for_each(|notice| context.output.line(&funding_line(notice)));
        if found.is_empty() {
            context.output.say("there is none");
        }
    }
    Ok(Exit::Done)
}

fn funding_line(notice: &Value) -> String {
    let names = ["provider", "reference", "account_number", "amount", "received_at", "sender_name"];
    names.map(|name| notice[name].as_str().unwrap_or("-")).join("  ")
}

async fn link(context: &Context, operation: Operation) -> Result<Exit, Failure> {
    let answer = operate(context, operation).await?;
    if context.output.json {
        context.output.document(&answer);
    } else {
        context.output.line(answer["url"].as_str().unwrap_or_default());
        context.output.say("works once");
    }
    Ok(Exit::Done)
}

async fn create(context: &Context, create: Create) -> Result<Exit, Failure> {
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

/// The keys are shown this once.
fn print(context: &Context, answer: &Value) {
    if !context.output.json {
        context.output.say("owner created");
    }
    key::bundle::print(context, answer);
}
