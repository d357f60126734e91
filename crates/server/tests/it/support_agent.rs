//! The example of agents: its script runs against the real binary, offline, and its answers come from where they have to.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::binary::{output, text};
use crate::flows::Workshop;

/// One of the documents that each answer has to come from.
const SOURCES: [&[&str]; 10] = [
    &["operating.md", "0019-"],
    &["operating.md"],
    &["operating.md", "0021-"],
    &["operating.md", "0021-"],
    &["docker.md"],
    &["systemd.md"],
    &["operating.md", "0016-"],
    &["0015-"],
    &["0004-"],
    &["0025-"],
];

#[test]
fn the_script_of_the_example_is_answered_from_the_manuals() {
    if !output(Command::new("sh").args(["-c", "command -v curl"])).status.success() {
        // Machines of the continuous integration have curl; a test there does not pass by being left out.
        assert!(std::env::var_os("CI").is_none(), "curl is not installed");
        eprintln!("the script of the example is not tried: curl is not installed");
        return;
    }
    let workshop = Workshop::open_for("", &["console.read", "console.write", "admin"]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/support-agent/run.sh");
    let mut run = Command::new("sh");
    run.arg(script).env("FLOE_URL", workshop.server.url()).env("FLOE_TOKEN", &workshop.token).stdin(Stdio::null());
    let done = output(&mut run);
    let printed = text(&done.stdout);
    assert!(done.status.success(), "{printed}{}", text(&done.stderr));

    let after =
        |title: &str| -> Vec<&str> { printed.lines().filter_map(|line| line.trim().strip_prefix(title)).collect() };
    let sources = after("Sources: ");
    assert_eq!(sources.len(), SOURCES.len(), "{printed}");
    for (number, (told, expected)) in sources.iter().zip(SOURCES).enumerate() {
        assert!(expected.iter().any(|name| told.contains(name)), "{}. {told}: {printed}", number + 1);
    }
    assert_eq!(after("Credits: "), ["1"; 10], "{printed}");
    assert_eq!(after("Credits used: "), ["10"], "{printed}");
    let performance = printed.lines().skip_while(|line| *line != "Performance:").nth(1).unwrap_or_default();
    let performance: Value = serde_json::from_str(performance).unwrap_or_else(|_| panic!("{printed}"));
    let totals = &performance["totals"];
    assert_eq!((&totals["exchanges"], &totals["errors"]), (&json!(10), &json!(0)), "{performance}");
    assert_eq!(totals["credits_used"], json!(10), "{performance}");
    assert_eq!(workshop.server.stop(), Some(0));
}
