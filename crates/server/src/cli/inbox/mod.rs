//! `floe inbox`: what waits for a person.

mod answer;
mod list;
mod show;

use clap::Subcommand;

use super::{Context, Exit, Failure};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List items
    List(list::Arguments),
    /// Show an item with its content and hash
    Show(show::Arguments),
    /// Answer an item
    Answer(answer::Arguments),
}

pub(super) async fn execute(context: &Context, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::List(arguments) => list::execute(context, &arguments).await,
        Command::Show(arguments) => show::execute(context, &arguments).await,
        Command::Answer(arguments) => answer::execute(context, &arguments).await,
    }
}
