//! Metrics in the text form of Prometheus (console contract, section 5.10, `/metrics`).
//!
//! What happens on the way of a request is counted where it happens, by the macros of the `metrics` crate. How much there is now is
//! read from the database when somebody asks, at most every few seconds.

use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock, PoisonError};

use floe_model::{Fault, Timestamp};
use floe_store::operation::figures::{self, Figures};
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::Operation;

/// How long what was read from the database counts as now.
const FRESH_MS: i64 = 5_000;
/// Bounds of the buckets for durations, in seconds.
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Statuses of unfinished runs.
const STATUSES: [&str; 3] = ["queued", "running", "waiting"];

/// The recorder of the process, and when it last looked into the database.
pub(crate) struct Metrics {
    handle: Option<PrometheusHandle>,
    looked: Mutex<Looked>,
}

/// The last look into the database.
#[derive(Default)]
struct Looked {
    at: Option<Timestamp>,
    /// Kinds of questions that were ever shown: one that nobody asks any more is 0, not what it last was.
    kinds: BTreeSet<String>,
}

impl Metrics {
    /// Takes the recorder of this process, which is made at the first call.
    pub(crate) fn install() -> Self {
        Self { handle: start(), looked: Mutex::default() }
    }
}

/// Makes the recorder of this process; called before anything is counted. Later calls answer the same one.
pub fn start() -> Option<PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
                .ok()?;
            let handle = builder.install_recorder().ok()?;
            describe();
            Some(handle)
        })
        .clone()
}

/// Brings what was measured into its buckets; called every few seconds, so that samples do not pile up while nobody asks.
pub fn upkeep() {
    if let Some(handle) = start() {
        handle.run_upkeep();
    }
}

fn describe() {
    describe_counter!("floe_http_requests_total", "Requests by surface, route, method and status");
    describe_histogram!("floe_http_request_seconds", Unit::Seconds, "Time from a request's arrival to its answer");
    describe_gauge!("floe_runs_open", "Unfinished runs by kind and status");
    describe_counter!("floe_runs_total", "Finished runs by kind and status, since this process started");
    describe_gauge!("floe_jobs_queued", "Durable jobs, due or not");
    describe_gauge!("floe_job_lag_seconds", Unit::Seconds, "How long the longest overdue job waits");
    describe_gauge!("floe_inbox_open", "Open questions by kind");
    describe_gauge!("floe_audit_unsealed", "Audit entries that are not in the chain yet");
    describe_gauge!("floe_ledger_imbalance", "Ledgers whose balance is not what their last entry says");
    describe_counter!("floe_placement_events_total", "Events of apps by result, since this process started");
    describe_gauge!("floe_placement_events_waiting", "Events of apps that are answered and not counted yet, about");
    describe_counter!(
        "floe_placement_no_flow_left_out_total",
        "Resolves without a flow that were left out of the numbers"
    );
    describe_histogram!("floe_store_seconds", Unit::Seconds, "Time of database work, waiting for a thread included");
    describe_gauge!("floe_build_info", "1, with the version of the program");
}

impl Operation {
    /// Everything that is measured, as text.
    ///
    /// # Errors
    /// Of the database.
    pub async fn metrics_text(&self) -> Result<String, Fault> {
        let now = self.platform.clock.now();
        if self.is_stale(now) {
            let figures = self.platform.store.read(move |tx| figures::figures(tx, now)).await?;
            show(&figures, self.config.version);
            self.show_inbox(&figures.inbox_open);
        }
        Ok(self.metrics.handle.as_ref().map(PrometheusHandle::render).unwrap_or_default())
    }

    fn is_stale(&self, now: Timestamp) -> bool {
        let mut looked = self.metrics.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let stale = looked.at.is_none_or(|at| !(0..FRESH_MS).contains(&now.millis_since(at)));
        if stale {
            looked.at = Some(now);
        }
        stale
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^52")]
    fn show_inbox(&self, open: &[(String, u64)]) {
        let mut looked = self.metrics.looked.lock().unwrap_or_else(PoisonError::into_inner);
        looked.kinds.extend(open.iter().map(|(kind, _)| kind.clone()));
        for kind in &looked.kinds {
            let count = open.iter().find(|(name, _)| name == kind).map_or(0, |(_, count)| *count);
            gauge!("floe_inbox_open", "kind" => kind.clone()).set(count as f64);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^52")]
fn show(figures: &Figures, version: &'static str) {
    for status in STATUSES {
        let count = figures.runs_open.iter().find(|(name, _)| name == status).map_or(0, |(_, count)| *count);
        gauge!("floe_runs_open", "kind" => "flow", "status" => status).set(count as f64);
    }
    for (status, count) in &figures.payment_runs_open {
        gauge!("floe_runs_open", "kind" => "payment", "status" => status.clone()).set(*count as f64);
    }
    // What waits for a person is no exchange that is under way.
    for status in &STATUSES[..2] {
        let count = figures.exchanges_open.iter().find(|(name, _)| name == status).map_or(0, |(_, count)| *count);
        gauge!("floe_runs_open", "kind" => "agent", "status" => *status).set(count as f64);
    }
    gauge!("floe_jobs_queued").set(figures.jobs_queued as f64);
    gauge!("floe_job_lag_seconds").set(figures.job_lag_ms as f64 / 1_000.0);
    gauge!("floe_audit_unsealed").set(figures.audit_unsealed as f64);
    gauge!("floe_ledger_imbalance").set(figures.ledger_imbalance as f64);
    gauge!("floe_build_info", "version" => version).set(1.0);
}
