//! The binary `floe`; see the library of this crate.

use std::process::ExitCode;

/// Runs allocate and free many small values on several threads, where this allocator takes clearly less time. Without its feature `no_thp` it
/// asks for huge pages, and a server that does nothing holds 18 MB more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    floe_server::cli::run(std::env::args_os())
}
