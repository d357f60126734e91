//! `cargo xtask openapi`: writes the OpenAPI documents of what is served to `docs/openapi/`. A test fails while they differ.

use crate::process;
use crate::workspace::{Failure, Outcome, Workspace};

/// Lets the test that compares the documents write them.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err(Failure::new("usage: cargo xtask openapi"));
    }
    let mut command = workspace.cargo("test");
    command.args(["--locked", "--quiet", "-p", "floe-surfaces", "--test", "it", "--"]);
    command.args(["--exact", "documents::the_committed_documents_are_those_that_are_served"]);
    process::run(command.env("FLOE_OPENAPI_WRITE", "1"))
}
