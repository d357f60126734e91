//! The smallest program with a reader of files in it. The tests start it; `floe read-file` does the same.
//!
//! Given the name of a misbehaviour, it plays a child that a hostile file has taken over.

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("--crash") => std::process::abort(),
        Some("--endless") => loop {
            std::hint::spin_loop();
        },
        Some("--garbage") => {
            eprint!("this is no frame at all");
            ExitCode::SUCCESS
        }
        _ => floe_runtime::documents::child::child_main(),
    }
}
