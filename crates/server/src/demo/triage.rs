//! The workflow *Lead triage*: what comes in is sorted, and a person decides about the large ones (console contract, section 9).

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use floe_flows::Flows;
use floe_flows::definitions::VersionChoice;
use floe_flows::questions::Way;
use floe_flows::triggers::{self, TriggerPatch};
use floe_flows::workflows::{self, Content, Start, Status};
use floe_model::Mode;
use floe_model::flows::trigger::TriggerKind;
use floe_model::id::{FlowId, RunId};
use floe_runtime::Ctx;
use floe_store::flows::triggers::TriggerFilter;
use serde_json::{Map, Value, json};

use super::people::{ADDRESS, People};

/// Its name.
pub(super) const NAME: &str = "Lead triage";
/// What the printed line asks.
pub(super) const MESSAGE: &str = "Can I get a quote for 40 seats?";
/// Longest that one execution of the past may take to end or to pause.
const EXECUTION_MAX: Duration = Duration::from_secs(10);

/// How an execution of the past went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Nobody was asked.
    AtOnce,
    /// A person decided.
    Decided(bool),
    /// It failed: what came in was no text.
    Failed,
    /// It still waits for a person.
    Paused,
}

/// What was made.
pub(super) struct Triage {
    /// The id as the workflow API shows it.
    pub(super) shown_id: String,
    /// Executions with what became of them, the oldest first.
    pub(super) executions: Vec<(RunId, &'static str)>,
}

/// Makes the workflow, and lets its past happen.
pub(super) async fn make(flows: &Flows, people: &People) -> anyhow::Result<Triage> {
    let file = definition();
    let content = Content::take(file.to_string(), &file, &flows.catalog)?;
    ensure!(content.errors == 0, "the workflow has problems: {:?}", content.problems);
    let owner = people.as_owner.clone();
    let making = people.as_owner.store.write(move |tx| workflows::create(tx, &owner, &content, None));
    let made = making.await.context("the workflow")?;
    let workflow = made.flow.id;
    open_form(people, workflow).await.context("the address of the form")?;
    let mut executions = Vec::new();
    for (inputs, ending) in past() {
        executions.push(tell(flows, people, workflow, inputs, ending).await.context("an execution of the demo")?);
    }
    Ok(Triage { shown_id: made.shown_id, executions })
}

/// Lets the address of the form take calls: triggers of nodes come switched off.
async fn open_form(people: &People, workflow: FlowId) -> anyhow::Result<()> {
    let owner = people.as_owner.clone();
    let opening = people.as_owner.store.write(move |tx| {
        let filter = TriggerFilter { flow: Some(workflow), kind: Some(TriggerKind::Webhook), enabled: None };
        for shown in triggers::page(tx, &owner, filter, 0, 1)? {
            let patch = TriggerPatch { enabled: Some(true), mode: Some(Mode::Test), ..TriggerPatch::default() };
            triggers::change(tx, &owner, shown.trigger.id, &patch, None)?;
        }
        Ok(())
    });
    Ok(opening.await?)
}

async fn tell(
    flows: &Flows,
    people: &People,
    workflow: FlowId,
    inputs: Map<String, Value>,
    ending: Ending,
) -> anyhow::Result<(RunId, &'static str)> {
    let ctx = &people.as_triage;
    let start = Start {
        workflow,
        version: VersionChoice::Latest,
        inputs,
        lenient: false,
        trigger: None,
        source: "api",
        run: ctx.ids.next(),
        depth: 0,
        chain: Vec::new(),
        ip: Some(ADDRESS.to_string()),
    };
    let run = flows.start_workflow(ctx, start).await?.run;
    let mut status = settled(flows, ctx, run, false).await?;
    if let Ending::Decided(approved) = ending {
        let way = Way { via: "dashboard", ip: Some(ADDRESS.to_string()) };
        let response = json!({ "approved": approved });
        flows.submit_response(&people.as_colleague, run, None, response, &way).await?;
        status = settled(flows, ctx, run, true).await?;
    }
    let expected = match ending {
        Ending::AtOnce | Ending::Decided(_) => Status::Completed,
        Ending::Failed => Status::Failed,
        Ending::Paused => Status::Paused,
    };
    ensure!(status == expected, "it is {} and should be {}", status.as_str(), expected.as_str());
    Ok((run, status.as_str()))
}

/// The status of an execution when it is over, or waits for a person.
async fn settled(flows: &Flows, ctx: &Ctx, run: RunId, is_answered: bool) -> anyhow::Result<Status> {
    let waiting = async {
        loop {
            let changed = flows.runs.watch(run);
            let status = flows.execution(ctx, run).await?.status;
            if status.is_over() || status == Status::Paused && !is_answered {
                return Ok(status);
            }
            floe_flows::run_feed::wait_for_change(changed, Duration::from_millis(200)).await;
        }
    };
    match tokio::time::timeout(EXECUTION_MAX, waiting).await {
        Ok(outcome) => outcome,
        Err(_) => bail!("it takes too long"),
    }
}

/// Three ways in: the form of a site, a person, and every morning.
fn definition() -> Value {
    let node = |kind: &str, name: &str, config: Value, x: u32, y: u32| json!({ "type": kind, "name": name, "config": config, "position": { "x": x, "y": y } });
    let edge = |from: &str, to: &str| json!({ "source": from, "target": to });
    let branch = |from: &str, to: &str, handle: &str| json!({ "source": from, "target": to, "sourceHandle": handle });
    let routes = json!([
        { "value": "quote", "label": "Sales", "description": "Asks for a price or an offer" },
        { "value": "broken", "label": "Support", "description": "Something does not work" },
        { "value": "other", "label": "Other", "description": "Everything else" },
    ]);
    let sort = json!({
        "provider": "mock", "model": "mock-small", "prompt": "{{message}}", "routes": routes, "defaultRoute": "other",
        "outputVariable": "topic",
    });
    let large = json!({ "expression": "topic === \"quote\" && /\\d{2,} seats/.test(message.toLowerCase())" });
    let ask = json!({
        "prompt": "Shall somebody call this lead today?", "description": "{{message}}", "variableName": "decision",
        "inputType": "json",
    });
    let give = json!({
        "outputName": "lead", "value": { "message": "{{message}}", "topic": "{{topic}}", "decision": "{{decision}}" },
    });
    json!({
        "name": NAME,
        "description": "Sorts what comes in by its topic, and asks a person about large ones.",
        "tags": ["demo"],
        "definition": {
            "entryPoint": "site",
            "nodes": {
                "site": node("trigger", "Form of the site", json!({ "triggerType": "webhook", "method": "POST" }), 0, 0),
                "person": node("trigger", "By hand", json!({ "triggerType": "manual" }), 0, 120),
                "morning": node("trigger", "Every morning", json!({
                    "triggerType": "schedule", "cronExpression": "0 7 * * *", "timezone": "UTC",
                }), 0, 240),
                "sort": node("router", "Topic", sort, 240, 120),
                "large": node("conditional", "Large?", large, 480, 120),
                "ask": node("humanReview", "Call today?", ask, 720, 60),
                "give": node("output", "Lead", give, 960, 120),
            },
            "edges": [
                edge("site", "sort"), edge("person", "sort"), edge("morning", "sort"), edge("sort", "large"),
                branch("large", "ask", "true"), branch("large", "give", "false"), edge("ask", "give"),
            ],
        },
    })
}

/// What came in so far, the oldest first.
fn past() -> Vec<(Map<String, Value>, Ending)> {
    let lead = |message: Value| Map::from_iter([("message".to_owned(), message)]);
    let texts = [
        ("Do you deliver to Abuja?", Ending::AtOnce),
        ("Please send a quote for 25 seats until Friday.", Ending::Decided(true)),
        ("The import is broken since this morning.", Ending::AtOnce),
        ("What is a quote for 3 seats?", Ending::AtOnce),
        ("We need a quote: 120 seats, two regions.", Ending::Decided(true)),
        ("Thank you for the call!", Ending::AtOnce),
        ("The link in your mail is broken.", Ending::AtOnce),
        ("A quote for 15 seats, it is for a school.", Ending::Decided(false)),
        ("Are you at the fair in March?", Ending::AtOnce),
        ("Quote for 60 seats please, we move in May.", Ending::Decided(true)),
    ];
    let mut past: Vec<_> = texts.into_iter().map(|(text, ending)| (lead(text.into()), ending)).collect();
    // A form that was filled in by a machine: a list where a text should be.
    past.push((lead(json!(["quote", "40 seats"])), Ending::Failed));
    past.push((lead("Could you quote 45 seats for our new office?".into()), Ending::Paused));
    past
}
