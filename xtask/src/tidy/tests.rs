//! Each rule once with what it must find and what it must leave alone.

use super::tree::Tree;
use super::{Finding, Rule, arrows, calls, data, length, lock, paths, sql};

/// Checks `path:line` of what a rule finds in these files.
fn check(rule: Rule, files: &[(&str, &str)], expected: &[&str]) {
    let tree = Tree::new(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
    let mut found: Vec<Finding> = rule(&tree);
    found.sort();
    let places: Vec<String> = found.iter().map(|finding| format!("{}:{}", finding.path, finding.line)).collect();
    assert_eq!(places, expected, "{}", found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
}

#[test]
fn arrows_go_down_and_slices_never_meet() {
    let rule = arrows::between_crates;
    let manifest = |dependencies: &str| format!("[package]\nname = \"x\"\n\n[dependencies]\n{dependencies}");
    let down = manifest("floe-model.workspace = true\nfloe-store = { path = \"../store\" }\nserde.workspace = true");
    check(rule, &[("crates/flows/Cargo.toml", &down)], &[]);
    check(rule, &[("crates/engine/Cargo.toml", &down)], &["crates/engine/Cargo.toml:6"]);
    check(rule, &[("crates/model/Cargo.toml", &down)], &["crates/model/Cargo.toml:5", "crates/model/Cargo.toml:6"]);
    check(rule, &[("crates/unknown/Cargo.toml", &down)], &["crates/unknown/Cargo.toml:1"]);
    let sideways = manifest("floe-access.workspace = true");
    check(rule, &[("crates/flows/Cargo.toml", &sideways)], &["crates/flows/Cargo.toml:5"]);
    check(rule, &[("crates/surfaces/Cargo.toml", &sideways)], &[]);
    check(
        rule,
        &[("crates/flows/Cargo.toml", "[dependencies.floe-agents]\npath = \"../agents\"")],
        &["crates/flows/Cargo.toml:1"],
    );
    check(
        rule,
        &[("crates/flows/Cargo.toml", "[target.'cfg(unix)'.dependencies]\nfloe-server.workspace = true")],
        &["crates/flows/Cargo.toml:2"],
    );
    check(rule, &[("xtask/Cargo.toml", &sideways)], &["xtask/Cargo.toml:5"]);
}

#[test]
fn test_code_is_never_shipped() {
    let rule = arrows::between_crates;
    check(
        rule,
        &[("crates/flows/Cargo.toml", "[dependencies]\nfloe-testkit.workspace = true")],
        &["crates/flows/Cargo.toml:2"],
    );
    check(rule, &[("crates/flows/Cargo.toml", "[dev-dependencies]\nfloe-testkit.workspace = true")], &[]);
    check(rule, &[("crates/testkit/Cargo.toml", "[dependencies]\nfloe-server.workspace = true")], &[]);
}

#[test]
fn libraries_stay_where_they_belong() {
    let rule = arrows::libraries;
    let all = "[dependencies]\nrusqlite.workspace = true\naxum.workspace = true\ntokio.workspace = true\n[dev-dependencies]\naxum.workspace = true";
    check(rule, &[("crates/store/Cargo.toml", all)], &["crates/store/Cargo.toml:3"]);
    check(rule, &[("crates/server/Cargo.toml", all)], &["crates/server/Cargo.toml:2"]);
    check(
        rule,
        &[("crates/engine/Cargo.toml", all)],
        &["crates/engine/Cargo.toml:2", "crates/engine/Cargo.toml:3", "crates/engine/Cargo.toml:4"],
    );
}

#[test]
fn time_and_chance_are_arguments() {
    let now = "fn f() {\n    let t = std::time::SystemTime::now();\n}\n";
    check(calls::forbidden, &[("crates/flows/src/a.rs", now)], &["crates/flows/src/a.rs:2"]);
    check(
        calls::forbidden,
        &[("crates/runtime/src/clock.rs", now), ("crates/flows/tests/it/a.rs", now), ("xtask/src/a.rs", now)],
        &[],
    );
    check(
        calls::forbidden,
        &[("crates/flows/src/a.rs", "// SystemTime::now\nlet a = \"SystemTime::now\"; /* Uuid::new_v4 */")],
        &[],
    );
    check(calls::forbidden, &[("crates/flows/src/a.rs", &format!("#[cfg(test)]\nmod tests {{\n{now}}}\n"))], &[]);
    check(
        calls::forbidden,
        &[("crates/flows/src/a.rs", &format!("#[cfg(test)]\nmod tests;\n{now}"))],
        &["crates/flows/src/a.rs:4"],
    );
    let measured = "let started = Instant::now();";
    check(
        calls::forbidden,
        &[("crates/flows/src/a.rs", measured), ("crates/store/src/a.rs", measured)],
        &["crates/flows/src/a.rs:1"],
    );
    let chance = "let a = getrandom::fill(b);\nlet operand = 1; let brand = operand::b();\nlet b = rand::random();\nUuid::now_v7();";
    check(
        calls::forbidden,
        &[("crates/access/src/a.rs", chance)],
        &["crates/access/src/a.rs:1", "crates/access/src/a.rs:3", "crates/access/src/a.rs:4"],
    );
    let sleeps = "tokio::time::sleep(d).await;\nlet asleep = asleep(1);";
    check(
        calls::forbidden,
        &[("crates/flows/src/a.rs", sleeps), ("crates/runtime/src/a.rs", sleeps)],
        &["crates/flows/src/a.rs:1"],
    );
}

#[test]
fn one_way_leads_outside() {
    let call = "let a = reqwest::get(b);\nlet c = TcpStream::connect(d);\nlet e = TcpListener::bind(f);";
    check(
        calls::forbidden,
        &[("crates/flows/src/a.rs", call)],
        &["crates/flows/src/a.rs:1", "crates/flows/src/a.rs:2"],
    );
    let allowed = [
        "crates/runtime/src/outside/client.rs",
        "crates/server/src/cli/api.rs",
        "crates/server/tests/it/a.rs",
        "crates/testkit/src/a.rs",
    ];
    check(calls::forbidden, &allowed.map(|path| (path, call)), &[]);
}

#[test]
fn nothing_is_left_unfinished() {
    let left = "fn f() { todo!() }\n#[cfg(test)]\nmod tests {\n    #[test]\n    #[ignore = \"slow\"]\n    fn g() { dbg!(1); }\n}\n";
    check(
        calls::forbidden,
        &[("crates/flows/src/a.rs", left)],
        &["crates/flows/src/a.rs:1", "crates/flows/src/a.rs:5", "crates/flows/src/a.rs:6"],
    );
    check(
        calls::forbidden,
        &[("crates/flows/src/a.rs", "// todo!\nlet a = r#\"todo!() \"#; let b = '\"'; let c = \"todo!\";")],
        &[],
    );
}

#[test]
fn sql_is_in_the_store() {
    let found = "f(\"select id from runs\");\nf(r#\"\n  INSERT INTO runs (id) VALUES ($1)\"#);\nf(\"update runs set a = 1\");\nf(\"with due as (select 1) x\");";
    let lines =
        ["crates/flows/src/a.rs:1", "crates/flows/src/a.rs:2", "crates/flows/src/a.rs:4", "crates/flows/src/a.rs:5"];
    check(sql::outside_store, &[("crates/flows/src/a.rs", found), ("crates/store/src/a.rs", found)], &lines);
    let prose = "f(\"Select a step from the list\");\nf(\"update the flow\");\nf(\"selected from\");\n// select a from b\nf(\"with care\");";
    check(sql::outside_store, &[("crates/flows/src/a.rs", prose)], &[]);
}

#[test]
fn every_statement_is_registered() {
    let table = "use crate::statements;\nstatements! {\n    GET = both(\"select a from b\");\n}\n";
    let list = "mod jobs;\npub(crate) static TABLES: &[&[Statement]] = &[jobs::STATEMENTS];";
    let top = "[platform::TABLES]";
    let (jobs, folder, lib) =
        ("crates/store/src/platform/jobs.rs", "crates/store/src/platform/mod.rs", "crates/store/src/lib.rs");
    check(sql::unregistered, &[(jobs, table), (folder, list), (lib, top)], &[]);
    check(
        sql::unregistered,
        &[(jobs, table), (folder, "mod jobs;"), (lib, top)],
        &["crates/store/src/platform/jobs.rs:2"],
    );
    check(sql::unregistered, &[(jobs, table), (folder, list), (lib, "")], &["crates/store/src/platform/mod.rs:2"]);
    let (top_table, top_list) =
        ("crates/store/src/store.rs", "const TABLES: &[&[Statement]] = &[crate::store::STATEMENTS];");
    check(sql::unregistered, &[(top_table, table), (folder, top_list), (lib, top)], &[]);
    check(sql::unregistered, &[(top_table, table), (lib, top)], &["crates/store/src/store.rs:2"]);
    check(sql::unregistered, &[("crates/store/src/sql.rs", "/// statements! {\nmacro_rules! statements {\n}")], &[]);
}

#[test]
fn long_files_are_named() {
    let long = "x\n".repeat(451);
    check(length::long_files, &[("crates/a/src/b.rs", &long)], &["crates/a/src/b.rs:450"]);
    check(
        length::long_files,
        &[("crates/a/src/b.rs", &"x\n".repeat(450)), ("crates/a/src/b/tests.rs", &long), ("a.json", &long)],
        &[],
    );
}

#[test]
fn paths_of_one_machine_are_found() {
    let (home, outer) = (concat!("/ho", "me/"), concat!("../", "shared"));
    check(
        paths::foreign,
        &[("README.md", &format!("a\nsee {home}me/x\nand {outer}/y"))],
        &["README.md:2", "README.md:3"],
    );
    let harmless = format!("https://example.com{home}x\n`frame{outer}`");
    check(paths::foreign, &[("README.md", &harmless), ("crates/a/tests/data/urls.json", home)], &[]);
}

#[test]
fn recorded_data_names_its_origin() {
    let (note, cases) = ("crates/a/tests/data/README.md", "crates/a/tests/data/cases.json");
    check(data::without_note, &[(cases, "[]")], &[cases_at()]);
    check(data::without_note, &[(cases, "[]"), (note, "cases.json: from X, MIT licence")], &[]);
    check(data::without_note, &[(cases, "[]"), (note, "other.json: License MIT")], &[cases_at()]);
    check(data::without_note, &[(cases, "[]"), (note, "cases.json: from X")], &["crates/a/tests/data/README.md:1"]);
    check(data::without_note, &[("crates/a/tests/data/set/1.json", ""), (note, "`set/`: License MIT")], &[]);
}

fn cases_at() -> &'static str {
    "crates/a/tests/data/cases.json:1"
}

#[test]
fn the_lock_file_holds_one_tls_provider_and_no_unexplained_doubles() {
    let package = |name: &str, version: &str, source: &str| {
        format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{source}\"\n\n")
    };
    let index = "registry+https://github.com/rust-lang/crates.io-index";
    let text = package("aws-lc-rs", "1.0.0", index)
        + &package("ring", "0.17.0", index)
        + &package("own", "1.0.0", "git+https://example.com/own");
    check(lock::banned, &[("Cargo.lock", &text)], &["Cargo.lock:2", "Cargo.lock:12"]);
    check(lock::banned, &[("Cargo.lock", &package("ring", "0.17.0", index))], &[]);
    let doubled = package("itoa", "1.0.0", index) + &package("itoa", "2.0.0", index);
    let tree = Tree::new([("Cargo.lock".to_owned(), doubled)]);
    let texts: Vec<String> = lock::duplicates(&tree).into_iter().map(|finding| finding.text).collect();
    assert!(texts.iter().any(|text| text.contains("`itoa` is compiled as 1.0.0 and 2.0.0")), "{texts:?}");
    assert!(
        texts.iter().any(|text| text.contains("no longer doubled")),
        "a listed name that is not doubled is told: {texts:?}"
    );
}
