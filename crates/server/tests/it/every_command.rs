//! Every command ends with a listed exit code, prints only JSON with `--json`, and has help (console contract, section 10, row 20).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::binary::{Folder, floe, output, text};

/// A command without a server, in an empty folder, and how it has to end. Commands of an API cannot reach one.
const COMMANDS: &[(&str, i32)] = &[
    ("admin create --name N --email e@x.example --data d --password-stdin", 2),
    ("admin login-link --email e@x.example --data d", 4),
    ("admin match-funding --provider bank --reference r --data d", 4),
    ("admin reset-link --email e@x.example --data d", 4),
    ("admin unmatched-funding --data d", 0),
    ("audit verify missing.jsonl", 4),
    ("backup --data d", 4),
    ("completions bash", 0),
    ("completions elvish", 0),
    ("config", 0),
    ("config --defaults", 0),
    ("doctor --data d", 0),
    ("flow diff missing.flow.json", 6),
    ("flow list", 6),
    ("flow pull x", 6),
    ("flow push missing.flow.json", 7),
    ("flow run x", 6),
    ("flow validate missing.flow.json", 7),
    ("inbox answer x --approve", 6),
    ("inbox list", 6),
    ("inbox show x", 6),
    ("key bundle starter", 6),
    ("key create --kind flows --name n", 6),
    ("key list", 6),
    ("key revoke x", 6),
    ("key rotate x", 6),
    ("login --token-stdin", 2),
    ("migrate --data d", 4),
    ("openapi", 0),
    ("openapi --surface nonsense", 2),
    ("payment-run approve x", 6),
    ("payment-run create missing.csv --objective o", 7),
    ("payment-run list", 6),
    ("payment-run reject x", 6),
    ("payment-run report x", 6),
    ("payment-run show x", 6),
    ("payment-run watch x", 6),
    ("restore missing.floe-backup --data d", 7),
    ("run cancel x", 6),
    ("run list", 6),
    ("run retry x", 6),
    ("run retry --filter status=failed", 6),
    ("run retry x", 6),
    ("run show x", 6),
    ("run watch x", 6),
    ("serve --listen nowhere", 2),
    ("setup-link --data d", 0),
    ("version", 0),
    ("whoami", 6),
];

/// Commands that go on until somebody ends them or measure for minutes; they have tests of their own.
const ELSEWHERE: &[&str] = &["bench", "demo", "bench-server", "bench-bare", "js-worker", "read-file", "help"];

/// The names of all commands that do something, such as `flow list`.
fn leaves(command: &clap::Command, path: &str, found: &mut BTreeSet<String>) {
    for child in command.get_subcommands() {
        let name = format!("{path} {}", child.get_name()).trim().to_owned();
        if child.has_subcommands() {
            leaves(child, &name, found);
        } else if !ELSEWHERE.contains(&name.as_str()) && child.get_name() != "help" {
            found.insert(name);
        }
    }
}

#[test]
fn every_command_has_json_and_a_listed_exit_code() {
    let mut named = BTreeSet::new();
    leaves(&floe_server::cli::command(), "", &mut named);
    let mut wrong = Vec::new();
    for (line, expected) in COMMANDS {
        let known = named
            .iter()
            .filter(|name| *line == name.as_str() || line.starts_with(&format!("{name} ")))
            .max_by_key(|name| name.len())
            .cloned();
        match known {
            Some(name) => wrong.extend((!line.starts_with(&name)).then(|| format!("{line}: another command"))),
            None => wrong.push(format!("{line}: there is no such command")),
        }
        let folder = Folder::new();
        let mut command = floe(&folder.0);
        command.env("FLOE_URL", "http://127.0.0.1:9").env("FLOE_TOKEN", "pat_x").args(line.split(' ')).arg("--json");
        let done = output(&mut command);
        let (stdout, stderr) = (text(&done.stdout), text(&done.stderr));
        if done.status.code() != Some(*expected) {
            wrong.push(format!("{line}: exit {:?} instead of {expected}: {stderr}", done.status.code()));
        }
        let is_json = |line: &str| serde_json::from_str::<Value>(line).is_ok();
        if !stdout.trim().is_empty() && !is_json(&stdout) && !stdout.lines().all(is_json) {
            wrong.push(format!("{line}: prints what is not JSON: {stdout:.200}"));
        }
        let told = stderr.lines().last().and_then(|line| serde_json::from_str::<Value>(line).ok());
        if *expected != 0 && told.is_none_or(|told| told["exit"] != *expected || !told["message"].is_string()) {
            wrong.push(format!("{line}: its failure is not told as JSON: {stderr}"));
        }
        assert!(!stderr.contains("panicked"), "{line}: {stderr}");
    }
    let covered: BTreeSet<&String> = named
        .iter()
        .filter(|name| COMMANDS.iter().any(|(line, _)| line == name || line.starts_with(&format!("{name} "))))
        .collect();
    wrong.extend(
        named.iter().filter(|name| !covered.contains(name)).map(|name| format!("{name}: has no row in this test")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
