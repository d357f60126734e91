//! Acts on many runs: each run once, also when the server is killed in between.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use floe_flows::reruns::{BulkAct, BulkProgress, BulkWhich};
use floe_flows::run_list::{ListFilter, Order};
use floe_model::flows::FlowSettings;
use floe_model::id::{JobId, RunId};
use floe_testkit::on_both;
use serde_json::json;

use super::stage::{Stage, done, record};

impl Stage {
    async fn ask_for(&self, act: BulkAct, which: BulkWhich) -> (JobId, usize) {
        let asked = self.flows.prepare_bulk(&self.ctx(), act, which, None).await.expect("an act");
        let (id, matched) = (asked.id(), asked.matched());
        self.flows.platform.store.write(move |tx| asked.write(tx)).await.expect("a written act");
        (id, matched)
    }

    async fn ended(&self, id: JobId) -> BulkProgress {
        for _ in 0..6_000 {
            let progress = self.flows.bulk_progress(&self.ctx(), id).await.expect("an act");
            if progress.job.status != "running" {
                return progress;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the act has not ended in time");
    }

    /// How many runs repeat each run.
    async fn repetitions_of(&self) -> BTreeMap<RunId, usize> {
        let mut counts = BTreeMap::new();
        let mut order = Order::newest();
        loop {
            let filter = ListFilter::default();
            let page = self.flows.run_items(&self.ctx(), filter, order, 200, false).await.expect("a page");
            for of in page.items.iter().filter_map(|item| item.listed.rerun_of) {
                *counts.entry(of).or_default() += 1;
            }
            if !page.more {
                return counts;
            }
            order.after = page.last;
        }
    }
}

/// How many runs an act is about: a few, or as many as the contract names when somebody asks for it (console contract, section
/// 10, item 14: 10,000 under 60 s).
fn many() -> usize {
    std::env::var("FLOE_TEST_BULK_RUNS").ok().and_then(|text| text.parse().ok()).unwrap_or(250)
}

on_both! {
    async fn many_runs_are_repeated_once_each_also_after_a_kill(store: TestStore) {
        let stage = Stage::open(&store).await;
        let steps = json!([
            record("first", Some("break"), json!({})),
            record("break", Some("end"), json!({ "failTimes": 1 })),
            done(json!({})),
        ]);
        let flow = stage.publish(steps, FlowSettings::default()).await;
        let mut runs = BTreeSet::new();
        for _ in 0..many() {
            runs.insert(stage.begin(flow).await);
        }
        for run in &runs {
            assert_eq!(stage.settled(*run).await.status, "failed");
        }
        let filter = ListFilter { statuses: vec!["failed"], flow: Some(flow), ..ListFilter::default() };
        let act = BulkAct::Rerun { from_failed: true, reason: None };
        let began = tokio::time::Instant::now();
        let (id, matched) = stage.ask_for(act, BulkWhich::Filter(Box::new(filter))).await;
        assert_eq!(matched, many());
        // Somewhere in the middle of it.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let stage = stage.restart().await;
        let progress = stage.ended(id).await;
        assert_eq!((progress.job.status.as_str(), progress.job.done, progress.job.failed), ("done", many() as u64, 0));
        let counts = stage.repetitions_of().await;
        assert!(counts.values().all(|count| *count == 1), "a run was repeated twice");
        assert_eq!(counts.into_keys().collect::<BTreeSet<_>>(), runs);
        stage.calls.wait_for(3 * many()).await;
        println!("{} runs repeated, and moved, in {:?}", many(), began.elapsed());
        let steps = stage.calls.steps();
        assert_eq!(steps.iter().filter(|step| *step == "first").count(), many(), "what was finished is not done again");
    }

    async fn many_runs_are_cancelled_and_those_that_cannot_be_are_told(store: TestStore) {
        let stage = Stage::open(&store).await;
        let ask = json!({ "id": "first", "type": "user-approval", "data": { "message": "Go?" }, "nextStepId": "end" });
        let flow = stage.publish(json!([ask, done(json!({}))]), FlowSettings::default()).await;
        let quick = stage.publish(json!([record("first", Some("end"), json!({})), done(json!({}))]), FlowSettings::default()).await;
        let mut ids = vec![stage.run(quick, json!({})).await.run, RunId(4_711)];
        for _ in 0..20 {
            ids.push(stage.run(flow, json!({})).await.run);
        }
        ids.push(ids[5]);
        let (id, matched) = stage.ask_for(BulkAct::Cancel { reason: None }, BulkWhich::Ids(ids.clone())).await;
        assert_eq!(matched, 21, "each once, and none that is not there");
        let progress = stage.ended(id).await;
        assert_eq!((progress.job.done, progress.job.failed), (20, 1));
        assert_eq!(progress.failures[0].run, ids[0]);
        assert_eq!(progress.failures[0].error.as_ref().map(|(code, _)| code.as_str()), Some("run_finished"));
        for run in &ids[2..22] {
            assert_eq!(stage.settled(*run).await.status, "cancelled");
        }
    }
}
