//! The binary `floe`; see the library of this crate.

use std::process::ExitCode;

/// Runs allocate and free many small values on several threads, where this allocator takes clearly less time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    floe_server::cli::run(std::env::args_os())
}
