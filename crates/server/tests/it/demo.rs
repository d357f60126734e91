#![expect(clippy::disallowed_methods, reason = "waits for numbers that are gathered in the background")]
//! `floe demo`: what it prints works when it is pasted, and it leaves nothing behind.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::binary::{Folder, Server, floe, output, text};

/// Time in which the events of the past have to be counted, on a busy machine.
const NUMBERS_TIMEOUT: Duration = Duration::from_secs(60);

fn start(folder: &Folder, line: &[&str]) -> Server {
    let mut command = floe(&folder.0);
    // Its temporary folder goes where the test can see it.
    Server::begin(command.env("TMPDIR", &folder.0).args(["demo", "--json", "--no-open"]).args(line))
}

fn data_dir(demo: &Server) -> &Path {
    Path::new(demo.banner["data_dir"].as_str().expect("a folder"))
}

fn field<'a>(demo: &'a Server, name: &str) -> &'a str {
    demo.banner[name].as_str().unwrap_or_else(|| panic!("no {name}: {}", demo.banner))
}

/// A shell that finds the binary of this build as `floe`.
fn shell(line: &str) -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_floe")).parent().expect("its folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("sh");
    command.env_clear().env("PATH", format!("{}:{path}", binary.display())).args(["-c", line]).stdin(Stdio::null());
    command
}

/// Runs a printed line that calls the API and answers what came; it must be 2xx.
fn curl(demo: &Server, name: &str) -> Value {
    let line = demo.banner["commands"][name].as_str().unwrap_or_else(|| panic!("no command {name}"));
    let done = output(&mut shell(&format!("{line} -w '\n%{{http_code}}'")));
    let printed = text(&done.stdout);
    let (body, status) = printed.rsplit_once('\n').unwrap_or_else(|| panic!("{name}: {done:?}"));
    assert!(status.starts_with('2') && status.len() == 3, "{name}: {status} {body}");
    serde_json::from_str(body).unwrap_or_else(|_| panic!("{name}: {body}"))
}

/// Machines of the continuous integration have curl; a test there does not pass by being left out.
fn has_curl() -> bool {
    let found = output(&mut shell("command -v curl")).status.success();
    assert!(found || std::env::var_os("CI").is_none(), "curl is not installed");
    if !found {
        eprintln!("the printed lines are not tried: curl is not installed");
    }
    found
}

#[test]
fn the_printed_lines_work_and_nothing_stays() {
    let folder = Folder::new();
    let demo = start(&folder, &["--port", "0"]);
    let data = data_dir(&demo).to_path_buf();
    assert!(data.join("floe.db").exists() && data.parent() == folder.0.canonicalize().ok().as_deref());
    if has_curl() {
        let small = curl(&demo, "execute_small");
        assert_eq!((&small["refunded"], &small["decision"]), (&json!(40), &json!("not needed")), "{small}");
        assert_eq!(small["topic"], "size", "the model has sorted it: {small}");
        assert!(small["refundId"].as_str().is_some_and(|id| id.starts_with("rf_")), "{small}");
        let large = curl(&demo, "execute_large");
        assert_eq!((&large["status"], &large["waitState"]["type"]), (&json!("waiting"), &json!("user-approval")));
        let sent = curl(&demo, "share_execute");
        assert_eq!((&sent["refunded"], &sent["topic"]), (&json!(25), &json!("late")), "{sent}");
        let inbox = curl(&demo, "inbox");
        let waiting = inbox["data"].as_array().expect("items");
        let of_kind = |kind: &str| waiting.iter().filter(|item| item["kind"] == kind && item["mode"] == "test").count();
        assert_eq!((of_kind("flow_approval"), of_kind("payment_approval"), waiting.len()), (2, 1, 6), "{inbox}");
        let others = (of_kind("agent_tool"), of_kind("agent_handoff"), of_kind("workflow_review"));
        assert_eq!(others, (1, 1, 1), "{inbox}");
        let resumed = curl(&demo, "resume");
        assert_eq!((&resumed["status"], &resumed["output"]["decision"]), (&json!("completed"), &json!("approve")));
        let details = curl(&demo, "details");
        assert_eq!((&details["appRunId"], &details["status"]), (&demo.banner["waiting_run_id"], &json!("completed")));

        let line = demo.banner["commands"]["inbox_command"].as_str().expect("a line");
        let listed = output(shell(line).env("HOME", &folder.0));
        assert_eq!(listed.status.code(), Some(0), "{}", text(&listed.stderr));
        assert_eq!(text(&listed.stdout).matches("flow_approval").count(), 1, "{}", text(&listed.stdout));
        assert_eq!(text(&listed.stdout).matches("payment_approval").count(), 1, "{}", text(&listed.stdout));
        pay(&demo);
        show(&demo);
        talk(&demo);
        triage(&demo);
    }
    assert_eq!(demo.stop(), Some(0));
    assert!(!data.exists(), "the folder is removed");
}

/// The lines about payments: the payroll is looked at, approved, and paid within seconds.
fn pay(demo: &Server) {
    let before = curl(demo, "balance");
    assert_eq!((&before["currency"], before["ai_credit_balance"].is_u64()), (&json!("NGN"), true), "{before}");
    let run = curl(demo, "payment_run");
    assert_eq!((&run["status"], &run["candidate_count"]), (&json!("awaiting_approval"), &json!(142)), "{run}");
    assert_eq!(run["id"], demo.banner["payment_run"]["id"]);
    let review = curl(demo, "payment_review");
    assert_eq!((&review["total"], review["data"][0]["risk_reasons"].is_array()), (&json!(5), true), "{review}");
    let created = curl(demo, "payment_create");
    assert_eq!(created["status"], "pending", "{created}");
    let approved = curl(demo, "payment_approve");
    assert_eq!((&approved["approved_count"], approved["approved_at"].is_string()), (&json!(139), true), "{approved}");
    let id = demo.banner["payment_run"]["id"].as_str().expect("an id");
    let mut watch = shell(&format!("floe payment-run watch {id} --mode test --timeout 30"));
    let watched =
        output(watch.env("FLOE_URL", demo.url()).env("FLOE_TOKEN", field(demo, "token")).env("HOME", data_dir(demo)));
    assert_eq!(watched.status.code(), Some(0), "{}", text(&watched.stderr));
    let result = curl(demo, "payment_result");
    assert_eq!((&result["phase"], &result["totals"]["succeeded"]), (&json!("completed"), &json!(139)), "{result}");
    let after = curl(demo, "balance");
    assert!(after["balance"].as_f64() < before["balance"].as_f64(), "{before} {after}");
}

/// The lines about placements: a device is answered, and the results have the rates by which people of the past finished.
fn show(demo: &Server) {
    let shown = curl(demo, "placements");
    assert_eq!(shown["experiment_id"], demo.banner["placements"]["experiment_id"], "{shown}");
    assert_eq!(curl(demo, "placements")["variant_id"], shown["variant_id"], "u1 stays where it is");
    let explained = curl(demo, "placement_explained");
    assert_eq!(explained["flow_version_id"], demo.banner["placements"]["flow_version_ids"][1], "{explained}");
    assert!(explained["explanation"]["steps"].is_array() && explained.get("variant_id").is_none(), "{explained}");

    let (from, until) = (number(&demo.banner["placements"]["users"]), Instant::now() + NUMBERS_TIMEOUT);
    assert_eq!(from, 2_000);
    let result = loop {
        let result = curl(demo, "experiment_results");
        // The newest of the past may still be at it; those who come now are counted as they finish.
        let is_counted = |one: &Value| number(&one["users_exposed"]) + 20 >= number(&one["users_enrolled"]);
        if result["variants"].as_array().is_some_and(|variants| variants.iter().all(is_counted)) {
            break result;
        }
        assert!(Instant::now() < until, "the numbers do not come: {result}");
        std::thread::sleep(Duration::from_millis(100));
    };
    let variants = result["variants"].as_array().expect("variants");
    assert!(variants.iter().map(|one| number(&one["users_enrolled"])).sum::<u64>() > from, "{result}");
    for (variant, rate) in variants.iter().zip([0.20, 0.24]) {
        let found = variant["completion_rate"].as_f64().expect("a rate");
        assert!((found - rate).abs() < 0.025, "{found} and not {rate}: {result}");
    }
    let days: HashSet<&str> =
        result["series"].as_array().expect("a series").iter().filter_map(|point| point["date"].as_str()).collect();
    assert!(days.len() >= 14, "{days:?}");
    assert!(!curl(demo, "funnel")["screens"].as_array().expect("screens").is_empty());
}

/// The lines about the agent: it answers from its handbook and says where it stands, and its threads are as promised.
fn talk(demo: &Server) {
    let answer = curl(demo, "agents");
    let body = &answer["body"];
    assert_eq!((&answer["statusCode"], &body["agent_id"]), (&json!(200), &demo.banner["agent"]["id"]), "{answer}");
    assert_eq!(
        (&body["metadata"]["model"], &body["metadata"]["used_credits"]),
        (&json!("offline"), &json!(1)),
        "{answer}"
    );
    let said =
        body["conversation_history"].as_array().and_then(|all| all.last()).expect("an answer")["content"].to_string();
    assert!(said.contains("opening-hours.md") && said.contains("On Sunday the shop is closed"), "{answer}");
    let threads = curl(demo, "agent_threads");
    let threads = threads["data"].as_array().expect("threads");
    let state = |state: &str| threads.iter().filter(|thread| thread["state"] == state).count();
    assert_eq!((state("human"), state("bot")), (1, 3), "three of the past and this one: {threads:?}");
    let found = curl(demo, "knowledge_search");
    assert_eq!(found["results"][0]["document_name"], "warranty.md", "{found}");
}

/// The lines about the workflow: a large lead waits for a person, and the past is as promised.
fn triage(demo: &Server) {
    let started = curl(demo, "workflows");
    let data = &started["data"];
    assert_eq!(
        (&data["status"], &data["workflow_id"]),
        (&json!("pending"), &demo.banner["workflow"]["id"]),
        "{started}"
    );
    let until = Instant::now() + NUMBERS_TIMEOUT;
    let listed = loop {
        let listed = curl(demo, "executions");
        if listed["data"][0]["status"] == "paused" {
            break listed;
        }
        assert!(Instant::now() < until, "the lead does not wait for a person: {listed}");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(listed["data"][0]["id"], data["execution_id"], "{listed}");
    let rows = listed["data"].as_array().expect("executions");
    let count = |status: &str| rows.iter().filter(|row| row["status"] == status).count();
    assert_eq!([rows.len(), count("completed"), count("failed"), count("paused")], [13, 10, 1, 2], "{listed}");
    assert!(rows.iter().all(|row| row["test"] == true), "{listed}");
    let (status, triggers) = demo.get_as(field(demo, "token"), "/console/v1/triggers");
    let schedules: Vec<&Value> =
        triggers["data"].as_array().into_iter().flatten().filter(|one| one["type"] == "schedule").collect();
    assert_eq!((status, schedules.len(), &schedules[0]["enabled"]), (200, 1, &json!(false)), "{triggers}");
    let form = triggers["data"].as_array().into_iter().flatten().find(|one| one["type"] == "webhook").expect("a form");
    assert_eq!((&form["enabled"], &form["mode"]), (&json!(true), &json!("test")), "{form}");
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is not a whole number"))
}

#[test]
fn the_history_is_as_promised_and_two_demos_do_not_meet() {
    let folder = Folder::new();
    let (one, other) = (start(&folder, &["--port", "0"]), start(&folder, &["--port", "0", "--seed", "2"]));
    assert_ne!(data_dir(&one), data_dir(&other));
    for key in ["flows_key", "treasury_key", "sdk_key", "agents_key", "workflows_key", "token", "url", "receiver_url"] {
        assert_ne!(field(&one, key), field(&other, key));
    }
    assert_ne!(one.banner["runs"][0]["inputs"], other.banner["runs"][0]["inputs"], "the seed decides");
    for (demo, stranger) in [(&one, &other), (&other, &one)] {
        let (flow, token) = (demo.banner["flow"]["id"].as_str().expect("an id"), field(demo, "token"));
        let (status, runs) = demo.get_as(token, &format!("/v1/flowrun/{flow}?limit=100"));
        assert_eq!(status, 200, "{runs}");
        let rows = runs["data"].as_array().expect("rows");
        let count = |key: &str, value: Value| rows.iter().filter(|row| row[key] == value).count();
        let statuses = ["completed", "failed", "cancelled", "waiting"].map(|status| count("status", json!(status)));
        assert_eq!((statuses, rows.len()), ([20, 3, 1, 1], 25));
        assert_eq!((count("version", json!(1)), count("version", json!(2))), (6, 19));
        let (status, answered) = demo.get_as(token, "/console/v1/inbox?status=answered&mode=test");
        let items = answered["data"].as_array().expect("items");
        let (reviews, items): (Vec<&Value>, Vec<&Value>) =
            items.iter().partition(|item| item["kind"] == "workflow_review");
        assert_eq!(reviews.len(), 4, "{answered}");
        let (payments, items): (Vec<&Value>, Vec<&Value>) =
            items.into_iter().partition(|item| item["kind"] == "payment_approval");
        assert_eq!((status, items.len()), (200, 9), "four paid, three not paid, two rejected: {answered}");
        assert!(items.iter().all(|item| item["answers"][0]["by"]["name"] == "Ada"), "{}", items[0]);
        assert_eq!(payments.len(), 3, "{answered}");
        assert!(payments.iter().all(|item| item["requested_by"]["name"] == "Ada"), "{}", payments[0]);
        assert!(payments.iter().all(|item| item["answers"][0]["by"]["name"] == "You"), "{}", payments[0]);
        let decisions = ["auto_approved", "needs_review", "blocked"].map(|word| &demo.banner["payment_run"][word]);
        assert_eq!(decisions, [&json!(134), &json!(5), &json!(3)]);
        let (status, flow) = demo.get_as(token, &format!("/v1/flow/{flow}"));
        assert_eq!((status, &flow["latestPublishedVersion"]), (200, &json!(2)), "{flow}");
        let steps = flow["definition"]["steps"].as_array().expect("steps");
        assert_eq!(flow["share"]["enabled"], true, "{flow}");
        let triggers = ["api", "form", "peer.action", "ask-to-llm"];
        assert!(triggers.iter().all(|kind| steps.iter().any(|step| step["type"] == *kind)), "{flow}");
        assert_eq!(demo.get_as(field(stranger, "token"), "/v1/flow").0, 401);
    }
    assert_eq!((one.stop(), other.stop()), (Some(0), Some(0)));
    assert_eq!(std::fs::read_dir(&folder.0).expect("the folder").count(), 0);
}

#[test]
fn a_kept_folder_can_be_served_and_is_never_overwritten() {
    let folder = Folder::new();
    let mut command = floe(&folder.0);
    command.env("TMPDIR", &folder.0).args(["demo", "--port", "0", "--no-open", "--dir", "kept"]);
    let mut demo = command.stdout(Stdio::piped()).spawn().expect("the binary starts");
    let lines = BufReader::new(demo.stdout.take().expect("piped")).lines().map_while(Result::ok);
    let mut printed = Vec::new();
    for line in lines {
        printed.push(line);
        if printed.last().is_some_and(|line| line.starts_with("FLOE_URL=")) {
            break;
        }
    }
    assert!(printed.iter().all(|line| !line.contains("/ui/")), "there is no dashboard to link to: {printed:?}");
    let token = printed.last().and_then(|line| line.split("FLOE_TOKEN=").nth(1)?.split(' ').next()).expect("a token");
    let url = printed[0].split_whitespace().find(|word| word.starts_with("http://")).expect("an address").to_owned();

    let port = url.rsplit(':').next().expect("a port");
    let taken = output(floe(&folder.0).env("TMPDIR", &folder.0).args(["demo", "--no-open", "--port", port]));
    assert_eq!(taken.status.code(), Some(1));
    assert!(text(&taken.stderr).contains(&format!("port {port} is taken")), "{}", text(&taken.stderr));
    let used = output(floe(&folder.0).args(["demo", "--no-open", "--port", "0", "--dir", "kept"]));
    assert_eq!(used.status.code(), Some(8), "{}", text(&used.stderr));
    assert!(text(&used.stderr).contains("kept is not empty"), "{}", text(&used.stderr));

    let process = i32::try_from(demo.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process id");
    rustix::process::kill_process(process, rustix::process::Signal::INT).expect("signalled");
    assert_eq!(demo.wait().expect("it ends").code(), Some(0));
    let left: Vec<_> =
        std::fs::read_dir(&folder.0).expect("the folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["kept"], "only what was asked for stays");

    let mut command = floe(&folder.0);
    let server = Server::begin(command.args(["serve", "--listen", "127.0.0.1:0", "--data", "kept", "--json"]));
    assert_eq!(server.banner["setup_url"], Value::Null);
    let (status, flows) = server.get_as(token, "/v1/flow");
    assert_eq!((status, &flows["total"]), (200, &json!(1)), "{flows}");
    assert_eq!(server.stop(), Some(0));
}
