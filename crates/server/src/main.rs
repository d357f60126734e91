//! The binary `floe`; see the library of this crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    floe_server::cli::run(std::env::args_os())
}
