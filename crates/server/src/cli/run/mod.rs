//! `floe run`: runs of flows.

mod cancel;
mod list;
mod retry;
mod show;
pub(super) mod watch;

use clap::Subcommand;

use super::{Context, Exit, Failure};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List runs, newest first
    List(list::Arguments),
    /// Show a run with its steps
    Show(show::Arguments),
    /// Follow a run until it ends
    Watch(watch::Arguments),
    /// Run a run again, or all that a filter finds
    Retry(retry::Arguments),
    /// Cancel a run
    Cancel(cancel::Arguments),
}

pub(super) async fn execute(context: &Context, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::List(arguments) => list::execute(context, &arguments).await,
        Command::Show(arguments) => show::execute(context, &arguments).await,
        Command::Watch(arguments) => watch::execute(context, &arguments).await,
        Command::Retry(arguments) => retry::execute(context, &arguments).await,
        Command::Cancel(arguments) => cancel::execute(context, &arguments).await,
    }
}
