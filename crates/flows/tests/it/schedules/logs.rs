//! The log of a flow: what runs tell, what is stored, filters and parts.

use std::sync::Arc;

use floe_engine::catalog::{EffectSpec, Execution, Field, FieldKind, StepSpec};
use floe_engine::event::{LogLine, StepError};
use floe_flows::definitions::VersionChoice;
use floe_flows::logs::{Event, Wanted};
use floe_flows::{Execute, WayIn};
use floe_model::id::{FlowId, RunId};
use floe_runtime::Platform;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture, Effected};
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::bell::{Bell, at};

/// Prints a line and fails its first attempt; fails all when told so.
pub(super) struct Flaky;

static FLAKY: StepSpec = StepSpec {
    key: "flaky",
    aliases: &[],
    name: "Flaky",
    category: "test",
    description: "Fails at first.",
    fields: &[Field::new("hopeless", "Hopeless", FieldKind::Boolean, "Fails every attempt.")],
    outputs: &[],
    waits: false,
    execution: Execution::Effect(EffectSpec { touches_world: true, timeout_ms: 5_000, timeout_ms_max: 60_000 }),
};

impl Effect for Flaky {
    fn spec(&self) -> &'static StepSpec {
        &FLAKY
    }

    fn call<'a>(&'a self, _: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move {
            let is_hopeless = call.input.get("hopeless") == Some(&json!(true));
            let mut effected = if call.attempt == 1 || is_hopeless {
                Effected::failed(StepError::retryable("flaky", "not yet"))
            } else {
                Effected::done(json!({}))
            };
            effected.logs = vec![LogLine { level: "warn".to_owned(), message: format!("attempt {}", call.attempt) }];
            effected
        })
    }
}

fn steps(hopeless: bool) -> Value {
    json!([
        { "id": "start", "type": "api", "nextStepId": "try" },
        { "id": "try", "type": "flaky", "name": "Try", "data": { "hopeless": hopeless }, "nextStepId": "ask",
          "retry": { "maxAttempts": 2, "intervalMs": 0 } },
        { "id": "ask", "type": "user-approval", "data": { "message": "Go on?" }, "nextStepId": "end" },
        { "id": "end", "type": "final", "data": { "outputs": {} } },
    ])
}

async fn start(bell: &Bell, flow: FlowId) -> RunId {
    let run: RunId = bell.flows.platform.ids.next();
    let call = Execute {
        flow,
        version: VersionChoice::Latest,
        way: WayIn::Client,
        inputs: serde_json::Map::new(),
        hook_id: None,
        ip: None,
        run,
        wait_ms: 10_000,
    };
    bell.flows.execute(&bell.ctx(), call).await.expect("a run").expect("an end within the time");
    run
}

fn words(entries: &[floe_flows::logs::Entry]) -> Vec<String> {
    entries
        .iter()
        .map(|entry| format!("{} {} {}", entry.level, entry.event, entry.step.as_deref().unwrap_or("-")))
        .collect()
}

const GOOD: [&str; 8] = [
    "info run.started -",
    "warn step.log try",
    "warn step.retried try",
    "warn step.log try",
    "info run.waiting ask",
    "info run.resumed ask",
    "info run.completed -",
    "",
];

on_both! {
    async fn runs_tell_what_happened_to_them_and_their_steps(store: TestStore) {
        let bell = Bell::open(&store, "2026-03-01T09:00:00Z").await;
        let flow = bell.flow(steps(false)).await;
        let run = start(&bell, flow).await;
        bell.answer(run, true).await;
        let told = bell.log(flow, Wanted { run: Some(run), ..Wanted::default() }).await;
        assert_eq!(words(&told), GOOD[..7]);
        let resumed = told.iter().find(|entry| entry.event == "run.resumed").expect("an entry");
        assert_eq!((&resumed.actor["name"], resumed.version), (&json!("Ann"), Some(1)));
        let again = bell.log(flow, Wanted { run: Some(run), ..Wanted::default() }).await;
        assert_eq!(told, again, "entries keep their ids");

        bell.save(flow, steps(true)).await;
        bell.publish(flow).await.expect("published");
        let failed = start(&bell, flow).await;
        let told = bell.log(flow, Wanted { run: Some(failed), ..Wanted::default() }).await;
        let expected = [
            "info run.started -", "warn step.log try", "warn step.retried try", "warn step.log try", "error step.failed try",
            "error run.failed try",
        ];
        assert_eq!(words(&told), expected);

        let errors = bell.log(flow, Wanted { levels: vec!["error"], ..Wanted::default() }).await;
        assert_eq!(words(&errors), ["error step.failed try", "error run.failed try"]);
        let ends = Wanted { events: vec![Event::RunCompleted, Event::RunFailed], ..Wanted::default() };
        assert_eq!(words(&bell.log(flow, ends).await), ["info run.completed -", "error run.failed try"]);
        let stored = Wanted { events: vec![Event::FlowPublished, Event::FlowUpdated], ..Wanted::default() };
        assert_eq!(words(&bell.log(flow, stored).await), ["info flow.published -", "info flow.updated -", "info flow.published -"]);
    }

    async fn parts_of_the_list_are_the_list_in_either_order(store: TestStore) {
        let bell = Bell::open(&store, "2026-03-01T09:00:00Z").await;
        let flow = bell.flow(steps(false)).await;
        for minute in 1..=4 {
            bell.set_time(&format!("2026-03-01T09:0{minute}:00Z"));
            let run = start(&bell, flow).await;
            bell.set_time(&format!("2026-03-01T09:0{minute}:30Z"));
            bell.set(flow, "0 0 1 1 *", floe_model::flows::Overlap::Skip, json!({})).await;
            bell.answer(run, true).await;
        }
        let whole = bell.log(flow, Wanted::default()).await;
        assert_eq!(whole.len(), 4 * 7 + 4 + 1, "runs, schedules, and the publication");
        assert!(whole.windows(2).all(|pair| pair[0].at <= pair[1].at));
        for newest_first in [false, true] {
            let mut parts = Vec::new();
            for skip in (0..36).step_by(5) {
                let page = bell.flows.list_log(&bell.ctx(), flow, Wanted::default(), newest_first, 5, skip).await.expect("a part");
                assert_eq!(page.total, 33);
                parts.extend(page.entries);
            }
            if newest_first {
                parts.reverse();
            }
            assert_eq!(parts, whole);
        }
        let window = Wanted { from: Some(at("2026-03-01T09:02:00Z")), to: Some(at("2026-03-01T09:02:30Z")), ..Wanted::default() };
        let inside = bell.log(flow, window).await;
        assert_eq!(words(&inside), GOOD[..5], "what happened before the answer");
    }

    async fn a_list_that_is_cut_off_says_where_and_an_older_period_shows_the_rest(store: TestStore) {
        let bell = Bell::open(&store, "2026-03-01T09:00:00Z").await;
        let flow = bell.flow(json!([{ "id": "start", "type": "api", "nextStepId": "end" },
            { "id": "end", "type": "final", "data": { "outputs": {} } }])).await;
        let first = start(&bell, flow).await;
        for number in 0..205_u32 {
            bell.set_time(&format!("2026-03-01T1{}:{:02}:00Z", number / 60, number % 60));
            start(&bell, flow).await;
        }
        let of_runs = || Wanted { events: vec![Event::RunStarted], ..Wanted::default() };
        let page = bell.flows.list_log(&bell.ctx(), flow, of_runs(), true, 100, 0).await.expect("a part");
        let from = page.complete_from.expect("it is cut off");
        assert_eq!((page.total, from), (200, at("2026-03-01T10:06:00Z")));
        let older = bell.flows.list_log(&bell.ctx(), flow, Wanted { to: Some(from), ..of_runs() }, true, 100, 0).await.expect("a part");
        assert_eq!((older.total, older.complete_from), (7, None));
        assert_eq!(older.entries.last().expect("the first run").run, Some(first));
    }
}
