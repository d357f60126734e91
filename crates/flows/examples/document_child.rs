//! The smallest program with a reader of files in it. The tests of nodes start it; `floe read-file` does the same.

use std::process::ExitCode;

fn main() -> ExitCode {
    floe_runtime::documents::child::child_main()
}
