//! Automation: `cargo xtask <command>`. Standard library and `serde_json` only, no crate of the product, so that it compiles in
//! seconds on a machine that has built nothing yet. A command that needs the product starts its binary
//! ([`Workspace::server_binary`]) or a test program through cargo ([`Workspace::cargo`]).
//!
//! To add a command: one file with `pub(crate) fn run(&Workspace, &[String]) -> Outcome`, one `mod` line, one line in
//! [`COMMANDS`]. With `proof: Some(&[…])` it also runs, with these arguments, at the end of a whole `cargo xtask test`.

mod ci;
mod crash;
mod fuzz_api;
mod model_server;
mod openapi;
mod postgres;
mod process;
mod report;
mod setup;
mod sim;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use workspace::{Failure, Outcome, Workspace};

/// One command of this tool.
struct Command {
    name: &'static str,
    about: &'static str,
    run: fn(&Workspace, &[String]) -> Outcome,
    /// Arguments with which a whole test run also calls this command, as one of its longer proofs.
    proof: Option<&'static [&'static str]>,
}

static COMMANDS: &[Command] = &[
    Command { name: "ci", about: "everything that must hold before a change lands", run: ci::run, proof: None },
    Command {
        name: "sim",
        about: "plays stories of runs from seeds [--seeds N] [--seed S]",
        run: sim::run,
        proof: Some(&[]),
    },
    Command {
        name: "crash",
        about: "kills the server under load and judges what is left [--kills N --seed S --database sqlite|postgres|both]",
        run: crash::run,
        proof: Some(&[]),
    },
    Command {
        name: "fuzz-api",
        about: "fuzzes every served OpenAPI document from outside [--minutes N --seed S]",
        run: fuzz_api::run,
        proof: Some(&["--minutes", "2"]),
    },
    Command { name: "openapi", about: "writes the OpenAPI documents to docs/openapi", run: openapi::run, proof: None },
    Command { name: "test", about: "sets up and runs every test [arguments for nextest]", run: test::run, proof: None },
    Command { name: "tidy", about: "checks the house rules that no compiler knows", run: tidy::run, proof: None },
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        eprintln!("usage: cargo xtask <command>\n");
        for command in COMMANDS {
            eprintln!("  {:<10} {}", command.name, command.about);
        }
        return ExitCode::from(2);
    };
    match Workspace::find().and_then(|workspace| (command.run)(&workspace, &rest)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(reason)) => {
            if !reason.is_empty() {
                eprintln!("xtask {name}: {reason}");
            }
            ExitCode::FAILURE
        }
    }
}
