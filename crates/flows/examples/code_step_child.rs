//! The smallest program with a sandbox child in it. The tests of the code step start it; `floe js-worker` does the same.

use std::process::ExitCode;

fn main() -> ExitCode {
    floe_runtime::sandbox::child_main()
}
