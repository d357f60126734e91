//! The smallest program with a sandbox child in it. The sandbox tests start it; `floe js-worker` does the same.
//!
//! Given the name of a misbehaviour, it plays a broken child instead.

use std::io::{Read, Write};
use std::process::ExitCode;

use floe_runtime::sandbox::OnceLimits;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("--garbage") => talk(b"this is no frame at all", false),
        Some("--huge-frame") => talk(b"\xff\xff\xff\x7f", false),
        Some("--garbage-after-ready") => talk(b"\x07\0\0\0\"ready\"\x02\0\0\0{]", true),
        Some("--unasked") => talk(b"\x07\0\0\0\"ready\"\x07\0\0\0\"ready\"", true),
        Some("--exit") => ExitCode::from(9),
        Some("--once") => floe_runtime::sandbox::once_main(ONCE, once),
        _ => floe_runtime::sandbox::child_main(),
    }
}

/// What one piece of work may use here.
const ONCE: OnceLimits =
    OnceLimits { time_ms: 1_000, memory_bytes: 64 << 20, input_bytes: 1_000_000, output_bytes: 1_000_000 };

/// Work that does what its input says.
fn once(input: &[u8]) -> Vec<u8> {
    match input {
        b"print" => println!("a library prints this"),
        b"panic" => panic!("a library stops at this"),
        b"endless" => loop {
            std::hint::spin_loop();
        },
        b"memory" => return vec![1; 4 << 30],
        b"file" => return std::fs::read("/etc/hostname").map_or_else(|_| b"refused".to_vec(), |_| b"read".to_vec()),
        b"large" => return vec![b'x'; 2_000_000],
        _ => {}
    }
    input.to_ascii_uppercase()
}

fn talk(bytes: &[u8], wait: bool) -> ExitCode {
    let mut output = std::io::stdout().lock();
    let written = output.write_all(bytes).and_then(|()| output.flush());
    if wait {
        let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
    }
    if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
