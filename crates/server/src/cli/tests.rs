use clap::CommandFactory as _;

use super::*;

fn parse(line: &str) -> Result<Cli, String> {
    let arguments = std::iter::once("floe").chain(line.split_whitespace());
    Cli::try_parse_from(arguments).map_err(|error| error.to_string())
}

/// The flags that a command line sets, as `NAME=value` in their order.
fn settings_of(line: &str) -> String {
    let cli = parse(line).expect("a valid command line");
    flags(&cli).iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_command_line_is_consistent_and_every_command_has_help() {
    Cli::command().debug_assert();
    fn walk(command: &clap::Command) {
        assert!(command.get_about().is_some() || command.get_name() == "floe", "{} has no help", command.get_name());
        for argument in command.get_arguments() {
            let known = ["help", "version"].contains(&argument.get_id().as_str());
            assert!(known || argument.get_help().is_some(), "{} {} has no help", command.get_name(), argument.get_id());
        }
        command.get_subcommands().for_each(walk);
    }
    walk(&Cli::command());
}

#[test]
fn flags_become_settings_wherever_they_stand() {
    assert_eq!(
        settings_of("serve --listen 127.0.0.1:0 --data d --public-url https://x"),
        "FLOE_LISTEN=127.0.0.1:0 FLOE_DATA_DIR=d FLOE_PUBLIC_URL=https://x"
    );
    assert_eq!(settings_of("--url http://a flow list --mode test"), "FLOE_URL=http://a FLOE_MODE=test");
    assert_eq!(settings_of("key --data d list"), "FLOE_DATA_DIR=d");
    assert_eq!(settings_of("admin create --name N --email e@x --data d"), "FLOE_DATA_DIR=d");
    assert_eq!(settings_of("whoami"), "");
}

#[test]
fn wrong_usage_is_refused_before_anything_happens() {
    for line in [
        "",
        "nonsense",
        "flow",
        "flow push",
        "flow pull",
        "flow pull --all x",
        "flow run x --draft --version 3",
        "run watch",
        "inbox answer x",
        "inbox answer x --approve --reject",
        "admin create --name N --email e --keys everything",
        "key create --kind flows --name n --expires-in-days 0",
        "key rotate x --overlap-minutes 1441",
        "whoami --mode prod",
        "whoami --timeout 0",
        "demo --port 70000",
        "demo --seed -1",
    ] {
        assert!(parse(line).is_err(), "{line:?} was accepted");
    }
    for line in [
        "flow run x -i a=1 --input @f --wait --timeout 5",
        "inbox answer x --approve --comment yes",
        "flow pull --all --dir d",
        "demo --port 0 --dir d --no-open --seed 7 --json",
    ] {
        assert!(parse(line).is_ok(), "{line:?} was refused");
    }
}

#[test]
fn inputs_are_json_where_they_are_json() {
    let file = std::env::temp_dir().join(format!("floe-inputs-{}", std::process::id()));
    std::fs::write(&file, "{\"a\":1,\"text\":\"of the file\"}").expect("a temporary file");
    let whole = format!("@{}", file.display());
    let text = format!("raw=@{}", file.display());
    let arguments: Vec<String> =
        [whole.as_str(), "a=2", "b=x=y", "c=\"3\"", "d=[1, null]", "e=", text.as_str()].map(str::to_owned).to_vec();
    let inputs = input::inputs(&arguments).expect("valid inputs");
    let expected = serde_json::json!({ "a": 2, "text": "of the file", "b": "x=y", "c": "3", "d": [1, null], "e": "",
        "raw": "{\"a\":1,\"text\":\"of the file\"}" });
    assert_eq!(inputs, expected);
    assert!(input::inputs(&["novalue".to_owned()]).is_err_and(|failure| failure.exit == Exit::Usage));
    assert!(input::inputs(&["=x".to_owned()]).is_err());
    assert!(input::inputs(&["@/nonexistent".to_owned()]).is_err_and(|failure| failure.exit == Exit::Invalid));
}
