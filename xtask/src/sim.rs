//! `cargo xtask sim`: plays stories of runs with crashes, late answers and a clock that goes back, each from a seed
//! (`--seeds N`, `--seed S`, `--steps N`).

use crate::process;
use crate::workspace::{Outcome, Workspace};

/// Builds the simulation and plays; the arguments are its own.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Outcome {
    let mut command = workspace.cargo("run");
    command.args(["--quiet", "--locked", "-p", "floe-testkit", "--bin", "floe-sim", "--"]).args(arguments);
    process::run(&mut command)
}
