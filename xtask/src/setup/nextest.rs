//! The test runner.

use crate::process;
use crate::workspace::{Failure, Outcome, Workspace, in_ci};

/// The version that is installed when there is none.
const VERSION: &str = "0.9.143";

/// What runs the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runner {
    /// One process a test, all packages at once.
    Nextest,
    /// Cargo's own, when the other cannot be installed; never in CI.
    CargoTest,
}

/// Finds the test runner, or installs it below the target folder. Nothing outside of the checkout is changed.
///
/// # Errors
/// In CI, when it is missing and cannot be installed.
pub(crate) fn find_or_install(workspace: &mut Workspace) -> Outcome<Runner> {
    if process::succeeds(workspace.cargo("nextest").arg("--version")) {
        return Ok(Runner::Nextest);
    }
    let tools = workspace.target().join("tools");
    workspace.prepend_path(tools.join("bin"));
    if process::succeeds(workspace.cargo("nextest").arg("--version")) {
        return Ok(Runner::Nextest);
    }
    eprintln!("cargo-nextest {VERSION} is not installed. Building it once into {}: some minutes.", tools.display());
    let mut install = workspace.cargo("install");
    install.args(["cargo-nextest", "--locked", "--version", VERSION, "--root"]).arg(&tools);
    match process::run(&mut install) {
        Ok(()) => Ok(Runner::Nextest),
        Err(Failure(reason)) if in_ci() => Err(Failure(format!("cannot install the test runner: {reason}"))),
        Err(Failure(reason)) => {
            eprintln!("cannot install the test runner ({reason}); going on with `cargo test`.");
            Ok(Runner::CargoTest)
        }
    }
}
