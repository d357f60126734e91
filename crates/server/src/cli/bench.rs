//! `floe bench`: measures this machine.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;

use super::{Context, Exit, Failure, serve};
use crate::{app, bench};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Length of each load
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Also measure with many stored runs, which takes minutes
    #[arg(long)]
    history: bool,
    /// Only these parts (default: flow)
    #[arg(long, value_enum, value_delimiter = ',')]
    what: Vec<bench::What>,
    /// A PostgreSQL database that may be filled; a fresh one is best
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct BareArguments {
    /// Address and port
    #[arg(long)]
    listen: SocketAddr,
}

/// The bare handler.
pub(super) fn execute_bare(arguments: &BareArguments) -> Result<Exit, Failure> {
    bench::serve_bare(arguments.listen)
        .map(|()| Exit::Done)
        .map_err(|error| Failure::new(Exit::Failed, "bench", format!("{error:#}")))
}

pub(super) fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let options = bench::Options {
        seconds: arguments.seconds,
        database_url: arguments.database_url.clone(),
        with_history: arguments.history,
        what: arguments.what.clone(),
    };
    bench::run(&options, context.output)
        .map(|()| Exit::Done)
        .map_err(|error| Failure::new(Exit::Failed, "bench", format!("{error:#}")))
}

/// The server that is measured: the ordinary one with one more step type, which does nothing.
pub(super) fn execute_server(context: Context, _: &serve::Arguments) -> Result<Exit, Failure> {
    app::serve(context.settings, context.output, vec![Arc::new(bench::Noop)])
        .map(|()| Exit::Done)
        .map_err(|error| Failure::new(Exit::Failed, "serve", format!("{error:#}")))
}
