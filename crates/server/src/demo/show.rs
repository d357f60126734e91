//! What the demo prints when it is ready: lines that work when they are pasted into a shell.

use serde_json::{Map, Value, json};

use crate::app::App;
use crate::cli::Output;

use super::Options;
use super::flow;
use super::onboarding::{APP, AUDIENCE, EXPERIMENT, PLACEMENT};
use super::payments::OBJECTIVE;
use super::people::{COLLEAGUE_EMAIL, COLLEAGUE_NAME, OWNER_EMAIL};
use super::receiver::Receiver;
use super::seed::Made;
use super::support::{HANDBOOK, NAME, QUESTION};
use super::triage::{self, MESSAGE};

/// What there is to tell about.
pub(super) struct Shown<'a> {
    pub(super) app: &'a App,
    pub(super) receiver: &'a Receiver,
    pub(super) options: &'a Options,
    /// Whether the folder stays.
    pub(super) is_kept: bool,
    pub(super) made: &'a Made,
}

/// A line for the shell.
struct Line {
    /// Name in the document.
    name: &'static str,
    /// What it shows.
    meaning: &'static str,
    command: String,
}

/// Prints one document, or the lines with what they show.
pub(super) fn print(shown: &Shown<'_>, output: Output) -> anyhow::Result<()> {
    let lines = lines(shown);
    if output.json {
        output.document(&document(shown, &lines));
        return Ok(());
    }
    let finished = shown.made.runs.len();
    let folder = shown.app.data_dir.display();
    output.line(&format!("Floe demo is running.   API: {}   (test mode, loopback only)", shown.app.public_url()));
    output.line(&format!(
        "Flow \"{}\": version 2 published, {finished} runs finished, 1 waits in the inbox.",
        flow::NAME
    ));
    let payments = &shown.made.payments;
    let [approved, review, blocked] = payments.decisions;
    output.line(&format!(
        "Payment run \"{OBJECTIVE}\": {} payments, {approved} approved by the risk agent, {review} to look at, {blocked} blocked; it \
         waits for you to pay NGN {}.",
        approved + review + blocked,
        payments.amount,
    ));
    let onboarding = &shown.made.onboarding;
    output.line(&format!(
        "App \"{APP}\": the experiment \"{EXPERIMENT}\" runs on the placement {PLACEMENT}, with {} users of two weeks and two more a \
         second.",
        onboarding.users,
    ));
    let support = &shown.made.support;
    output.line(&format!(
        "Agent \"{NAME}\": answers offline from {} documents; of its {} threads one waits for an approval, and one for a person.",
        support.documents,
        support.threads.len(),
    ));
    let executions = &shown.made.triage.executions;
    let paused = executions.iter().filter(|(_, status)| *status == "paused").count();
    output.line(&format!(
        "Workflow \"{}\": {} executions, {paused} waits for a person; its schedule is paused.",
        triage::NAME,
        executions.len(),
    ));
    output.line(&if shown.is_kept {
        format!("Ctrl-C stops; the data stays in {folder}.")
    } else {
        "Ctrl-C stops and removes everything.".to_owned()
    });
    for line in &lines {
        output.line("");
        output.line(&format!("# {}", line.meaning));
        output.line(&line.command);
    }
    Ok(())
}

fn lines(shown: &Shown<'_>) -> Vec<Line> {
    let (url, made) = (shown.app.public_url(), shown.made);
    let (flow, waiting) = (made.flow, made.waiting.id);
    let as_program = format!("-H 'Authorization: Bearer {}'", made.people.key);
    let as_owner = format!("-H 'Authorization: Bearer {}' -H 'Floe-Mode: test'", made.people.token);
    let execute = |amount: u32, reason: &str| {
        let body = json!({ "customer": "Bola", "amount": amount, "reason": reason });
        format!("curl -s {url}/v1/client/flow/{flow}/execute {as_program} {JSON} -d '{body}'")
    };
    let share = &made.share;
    let form = format!("{url}/f/{share}");
    let filled = json!({ "customer": "Kemi", "amount": 25, "reason": "came too late" });
    let answer = json!({ "decision": "approve", "comment": "photo seen" });
    let line = |name, meaning, command| Line { name, meaning, command };
    let mut lines = vec![
        line("execute_small", "a small refund: completes at once", execute(40, "wrong size")),
        line("execute_large", "a refund over 100: waits for a person", execute(250, "arrived broken")),
        line("share_form", "what a customer sees of its form; open it in a browser", format!("curl -s {form}")),
        line(
            "share_execute",
            "a customer sends the form in, without a key",
            format!("curl -s {url}/v1/flow/share/execute/{share} {JSON} -d '{filled}'"),
        ),
        line(
            "inbox",
            "what waits for a person",
            format!("curl -s '{url}/console/v1/inbox?status=open&mode=test' {as_owner}"),
        ),
        line(
            "resume",
            "approve the refund that waited first",
            format!("curl -s {url}/v1/flowrun/resume/{waiting} {as_owner} {JSON} -d '{answer}'"),
        ),
        line("details", "its run, step by step", format!("curl -s {url}/v1/flowrun/details/{waiting} {as_owner}")),
    ];
    lines.extend(payment_lines(shown, &as_owner));
    lines.extend(placement_lines(shown));
    lines.extend(agent_lines(shown, &as_owner));
    lines.extend(workflow_lines(shown));
    lines.extend([line("inbox_command", "the inbox on the command line", command_line(shown, "floe"))]);
    if let Some(built_as) = &shown.options.built_as {
        lines.push(line("inbox_cargo", "the same before floe is installed", command_line(shown, built_as)));
    }
    lines
}

/// The lines about payments.
fn payment_lines(shown: &Shown<'_>, as_owner: &str) -> Vec<Line> {
    let (url, run) = (shown.app.public_url(), shown.made.payments.run);
    let as_treasury = format!("-H 'X-API-Key: {}'", shown.made.people.treasury_key);
    let courier = json!({ "objective": "Pay one courier", "candidates": [{ "beneficiary_name": "Ngozi Eze",
        "account_number": "0108024071", "institution_code": "058", "amount": 25_000 }] });
    let approval = json!({ "notes": "checked against the roster" });
    let line = |name, meaning, command| Line { name, meaning, command };
    vec![
        line("balance", "what is in the wallet", format!("curl -s {url}/api/v1/public/wallet/balance {as_treasury}")),
        line(
            "payment_create",
            "a program asks for a payment; it waits for a person too",
            format!("curl -s {url}/api/v1/public/runs {as_treasury} {JSON} -d '{courier}'"),
        ),
        line(
            "payment_run",
            "the payroll that waits for approval",
            format!("curl -s {url}/api/v1/public/runs/{run} {as_treasury}"),
        ),
        line(
            "payment_review",
            "its payments that the risk agent wants looked at, with the reasons",
            format!("curl -s '{url}/api/v1/runs/{run}/candidates?risk_decision=needs_review' {as_owner}"),
        ),
        line(
            "payment_approve",
            "approve the payroll without the blocked ones: it is paid within seconds",
            format!("curl -s {url}/api/v1/runs/{run}/approve {as_owner} {JSON} -d '{approval}'"),
        ),
        line("payment_result", "how far it is", format!("curl -s {url}/api/v1/runs/{run} {as_owner}")),
    ]
}

/// The lines about placements.
fn placement_lines(shown: &Shown<'_>) -> Vec<Line> {
    let (url, people, onboarding) = (shown.app.public_url(), &shown.made.people, &shown.made.onboarding);
    let (app, experiment, short) = (onboarding.app, onboarding.experiment, onboarding.versions[1]);
    let as_app = format!("-H 'Authorization: Bearer {}'", people.sdk_key);
    let as_owner = format!("-H 'Authorization: Bearer {}'", people.token);
    let user = json!({ "user_id": "u1", "session_id": "s1", "device_platform": "ios" });
    let returning = json!({ "user_id": "u2", "session_id": "s2", "device_platform": "ios",
        "attributes": { "country": "NG", "sessions_count": 7 } });
    let line = |name, meaning, command| Line { name, meaning, command };
    vec![
        line(
            "placements",
            "what an app shows a new user; the experiment decides",
            format!("curl -s {url}/v1/apps/{app}/placements/{PLACEMENT}/resolve {as_app} {JSON} -d '{user}'"),
        ),
        line(
            "placement_explained",
            "what it shows somebody who comes back, in Nigeria, and why",
            format!(
                "curl -s '{url}/v1/apps/{app}/placements/{PLACEMENT}/resolve?explain=true' {as_app} {JSON} -d '{returning}'"
            ),
        ),
        line(
            "experiment_results",
            "which of the two onboardings more people finish",
            format!("curl -s '{url}/v1/apps/{app}/experiments/{experiment}/results?environment=test' {as_owner}"),
        ),
        line(
            "funnel",
            "how far people come in the short one",
            format!(
                "curl -s '{url}/v1/apps/{app}/analytics/funnel?environment=test&flow_version_id={short}' {as_owner}"
            ),
        ),
    ]
}

/// The lines about the agent.
fn agent_lines(shown: &Shown<'_>, as_owner: &str) -> Vec<Line> {
    let (url, support) = (shown.app.public_url(), &shown.made.support);
    let (agent, base) = (support.agent, support.base.prefixed());
    let as_customer = format!("-H 'Authorization: {}'", shown.made.people.agents_key);
    let question = json!({ "messages": QUESTION });
    let search = json!({ "query": "broken lamp", "top_k": 2 });
    let line = |name, meaning, command| Line { name, meaning, command };
    vec![
        line(
            "agents",
            "ask the agent; it answers offline and says from which passage",
            format!("curl -s {url}/api/public/agent/{agent}/chat {as_customer} {JSON} -d '{question}'"),
        ),
        line(
            "agent_threads",
            "what it was asked before",
            format!("curl -s '{url}/console/v1/threads?agent_id={agent}' {as_owner}"),
        ),
        line(
            "knowledge_search",
            "search its handbook",
            format!("curl -s {url}/console/v1/knowledge-bases/{base}/search {as_owner} {JSON} -d '{search}'"),
        ),
    ]
}

/// The lines about the workflow.
fn workflow_lines(shown: &Shown<'_>) -> Vec<Line> {
    let (url, workflow) = (shown.app.public_url(), &shown.made.triage.shown_id);
    let as_program = format!("-H 'X-API-Key: {}'", shown.made.people.workflows_key);
    let lead = json!({ "inputs": { "message": MESSAGE } });
    let line = |name, meaning, command| Line { name, meaning, command };
    vec![
        line(
            "workflows",
            "a lead comes in; it is sorted, and waits for a person because it is large",
            format!("curl -s {url}/v1/workflows/{workflow}/execute {as_program} {JSON} -d '{lead}'"),
        ),
        line(
            "executions",
            "what came in before, and what waits",
            format!("curl -s '{url}/v1/executions?workflow_id={workflow}' {as_program}"),
        ),
    ]
}

const JSON: &str = "-H 'Content-Type: application/json'";

fn command_line(shown: &Shown<'_>, program: &str) -> String {
    let (url, token) = (shown.app.public_url(), &shown.made.people.token);
    format!("FLOE_URL={url} FLOE_TOKEN={token} {program} inbox list --mode test")
}

fn document(shown: &Shown<'_>, lines: &[Line]) -> Value {
    let (made, people) = (shown.made, &shown.made.people);
    let runs = made
        .runs
        .iter()
        .chain([&made.waiting])
        .map(|run| json!({ "id": run.id, "status": run.status, "version": run.version, "inputs": run.inputs }));
    let executions: Vec<Value> = (made.triage.executions.iter())
        .map(|(run, status)| json!({ "id": floe_flows::workflows::ids::execution(*run), "status": status }))
        .collect();
    let commands: Map<String, Value> =
        lines.iter().map(|line| (line.name.to_owned(), Value::from(line.command.clone()))).collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "url": shown.app.public_url(),
        "receiver_url": format!("http://{}", shown.receiver.address),
        "data_dir": shown.app.data_dir.display().to_string(),
        "temporary": !shown.is_kept,
        "seed": shown.options.seed,
        "mode": "test",
        "workspace": { "id": people.workspace.id.prefixed(), "name": people.workspace.name, "slug": people.workspace.slug },
        "members": [
            { "id": people.owner.prefixed(), "name": "You", "email": OWNER_EMAIL, "role": "owner" },
            { "id": people.colleague.prefixed(), "name": COLLEAGUE_NAME, "email": COLLEAGUE_EMAIL, "role": "builder" },
        ],
        "flows_key": people.key,
        "treasury_key": people.treasury_key,
        "sdk_key": people.sdk_key,
        "agents_key": people.agents_key,
        "workflows_key": people.workflows_key,
        "token": people.token,
        "flow": { "id": made.flow, "name": flow::NAME, "latest_published_version": 2, "share": made.share },
        "runs": runs.collect::<Vec<_>>(),
        "waiting_run_id": made.waiting.id,
        "payment_run": {
            "id": made.payments.run,
            "objective": OBJECTIVE,
            "auto_approved": made.payments.decisions[0],
            "needs_review": made.payments.decisions[1],
            "blocked": made.payments.decisions[2],
            "earlier_runs": made.payments.completed,
        },
        "placements": {
            "app_id": made.onboarding.app,
            "app": APP,
            "placement": PLACEMENT,
            "audience_id": made.onboarding.audience,
            "audience": AUDIENCE,
            "experiment_id": made.onboarding.experiment,
            "experiment": EXPERIMENT,
            "flow_ids": made.onboarding.flows,
            "flow_version_ids": made.onboarding.versions,
            "users": made.onboarding.users,
            "events": made.onboarding.events,
        },
        "agent": {
            "id": made.support.agent,
            "name": NAME,
            "knowledge_base_id": made.support.base.prefixed(),
            "knowledge_base": HANDBOOK,
            "documents": made.support.documents,
            "thread_ids": made.support.threads,
        },
        "workflow": {
            "id": made.triage.shown_id,
            "name": triage::NAME,
            "executions": executions,
        },
        "commands": commands,
    })
}
