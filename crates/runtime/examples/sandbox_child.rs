//! The smallest program with a sandbox child in it. The sandbox tests start it; `floe js-worker` does the same.
//!
//! Given the name of a misbehaviour, it plays a broken child instead.

use std::io::{Read, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("--garbage") => talk(b"this is no frame at all", false),
        Some("--huge-frame") => talk(b"\xff\xff\xff\x7f", false),
        Some("--garbage-after-ready") => talk(b"\x07\0\0\0\"ready\"\x02\0\0\0{]", true),
        Some("--unasked") => talk(b"\x07\0\0\0\"ready\"\x07\0\0\0\"ready\"", true),
        Some("--exit") => ExitCode::from(9),
        _ => floe_runtime::sandbox::child_main(),
    }
}

fn talk(bytes: &[u8], wait: bool) -> ExitCode {
    let mut output = std::io::stdout().lock();
    let written = output.write_all(bytes).and_then(|()| output.flush());
    if wait {
        let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
    }
    if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
