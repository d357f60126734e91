//! `floe version`.

use serde_json::json;

use super::{Exit, Output};

pub(super) fn execute(output: Output) -> Exit {
    let version = env!("CARGO_PKG_VERSION");
    if output.json {
        output.document(&json!({ "version": version }))
    } else {
        output.line(&format!("floe {version}"))
    }
    Exit::Done
}
