//! `floe completions`: a script for a shell.

use clap::Args;
use clap_complete::Shell;

use super::{Exit, Output, command};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn execute(arguments: &Arguments, output: Output) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command(), "floe", &mut script);
    let script = String::from_utf8_lossy(&script);
    if output.json {
        output.document(&serde_json::json!({ "shell": arguments.shell.to_string(), "script": script }));
    } else {
        output.line(script.trim_end());
    }
    Exit::Done
}
