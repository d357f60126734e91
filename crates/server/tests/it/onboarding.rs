//! The example of placements: its script runs against the real binary, and its numbers are what its users did.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::binary::{output, text};
use crate::flows::Workshop;

/// Users who are in the audience: four of five of the thousand who ask.
const SHOWN: u64 = 800;
/// Events of each of them.
const EVENTS_EACH: u64 = 3;

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is not a whole number"))
}

/// The line after one that begins with `title`.
fn document(printed: &str, title: &str) -> Value {
    let line = printed.lines().skip_while(|line| !line.starts_with(title)).nth(1);
    let line = line.unwrap_or_else(|| panic!("nothing after {title}: {printed}"));
    serde_json::from_str(line).unwrap_or_else(|_| panic!("{title}: {line}"))
}

#[test]
fn the_script_of_the_example_finds_out_what_its_users_did() {
    if !output(Command::new("sh").args(["-c", "command -v curl"])).status.success() {
        // Machines of the continuous integration have curl; a test there does not pass by being left out.
        assert!(std::env::var_os("CI").is_none(), "curl is not installed");
        eprintln!("the script of the example is not tried: curl is not installed");
        return;
    }
    let workshop = Workshop::open_for("", &["placements.manage", "admin"]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/onboarding/run.sh");
    let mut run = Command::new("sh");
    run.arg(script).env("FLOE_URL", workshop.server.url()).env("FLOE_TOKEN", &workshop.token).stdin(Stdio::null());
    let done = output(&mut run);
    let printed = text(&done.stdout);
    assert!(done.status.success(), "{printed}{}", text(&done.stderr));
    assert!(printed.contains(&format!("1000 users asked; {SHOWN} were shown a flow")), "{printed}");
    assert!(printed.contains(&format!("{} events were accepted", SHOWN * EVENTS_EACH)), "{printed}");

    let result = document(&printed, "Result of the experiment:");
    let variants = result["variants"].as_array().expect("variants");
    assert_eq!(
        (variants.len(), &result["data_state"], &result["significant"]),
        (2, &json!("sufficient"), &json!(true))
    );
    let enrolled: Vec<u64> = variants.iter().map(|one| number(&one["users_enrolled"])).collect();
    assert_eq!(enrolled.iter().sum::<u64>(), SHOWN, "{result}");
    for (variant, rate) in variants.iter().zip([20, 30]) {
        // Of every hundred users in a row exactly so many finish; the last hundred is not full.
        let (users, completions) = (number(&variant["users_enrolled"]), number(&variant["completions"]));
        assert_eq!(completions, users / 100 * rate + (users % 100).min(rate), "{variant}");
    }
    assert_eq!(variants[0]["is_control"], true, "{result}");

    let funnel = document(&printed, "Funnel of Welcome:");
    let first = funnel["screens"].as_array().and_then(|screens| screens.first()).unwrap_or_else(|| panic!("{funnel}"));
    assert_eq!((&first["screen_id"], number(&first["sessions"])), (&json!("hello"), enrolled[0]), "{funnel}");
    assert_eq!(workshop.server.stop(), Some(0));
}
