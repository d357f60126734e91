//! `floe demo`: a server with made-up data that goes when it ends.

use std::path::PathBuf;

use clap::Args;

use super::{Context, Exit, Failure};
use crate::demo::{self, DemoError, Options};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Port on this machine; 0 takes any free one
    #[arg(long, default_value_t = 8700)]
    port: u16,
    /// Keep the data in this folder, which must be absent or empty
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// Do not open a browser; this version has no dashboard to open
    #[arg(long)]
    no_open: bool,
    /// Other numbers give other data
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

pub(super) fn execute(context: Context, arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { port, dir, no_open: _, seed } = arguments;
    let options = Options { port, folder: dir, seed, built_as: built_as() };
    match demo::run(context.settings, options, context.output) {
        Ok(()) => Ok(Exit::Done),
        Err(error @ DemoError::NotEmpty(_)) => Err(Failure::new(Exit::Refused, "not_empty", error.to_string())),
        Err(error @ DemoError::PortTaken(_)) => Err(Failure::new(Exit::Failed, "port_taken", error.to_string())),
        Err(error) => Err(Failure::new(Exit::Failed, "demo", error.to_string())),
    }
}

/// How somebody who started this with `cargo run` calls the program again; cargo tells its children that it started them.
fn built_as() -> Option<String> {
    std::env::var_os("CARGO")?;
    let program = std::env::current_exe().ok()?;
    let is_release = program.components().any(|part| part.as_os_str() == "release");
    Some(format!("cargo run {}--quiet --", if is_release { "--release " } else { "" }))
}
