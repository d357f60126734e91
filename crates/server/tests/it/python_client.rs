//! The published Python client of the workflow API against a real server, every method, streams included.
//!
//! `cargo xtask test` installs it and names its interpreter in `FLOE_TEST_PYTHON_CLIENT`; without that this test does nothing.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::binary::{Folder, Server, floe, output, text};

/// The interpreter that has the client.
const PYTHON: &str = "FLOE_TEST_PYTHON_CLIENT";

#[test]
fn the_published_client_works_unchanged() {
    let Some(python) = std::env::var_os(PYTHON) else {
        assert!(std::env::var_os("CI").is_none(), "{PYTHON} is not set");
        eprintln!("the published client is not tried: {PYTHON} is not set");
        return;
    };
    let folder = Folder::new();
    let mut command = floe(&folder.0);
    command.env("TMPDIR", &folder.0);
    let demo = Server::begin(command.args(["demo", "--json", "--no-open", "--port", "0"]));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/flowmaestro_client.py");
    let mut client = Command::new(python);
    client.env_clear().arg(script).arg(demo.banner.to_string()).stdin(Stdio::null());
    let done = output(&mut client);
    assert!(done.status.success(), "{}{}", text(&done.stdout), text(&done.stderr));
    assert!(text(&done.stdout).contains(" methods, each of both clients"), "{}", text(&done.stdout));
    assert_eq!(demo.stop(), Some(0));
}
