//! How runs end (Treasury contract, sections 3.5 and 8.2).

use floe_model::id::PaymentRunId;
use floe_model::treasury::{CURRENCY, Kobo, RunStatus};
use floe_model::{Fault, Scope};
use floe_store::Tx;
use floe_store::treasury::candidates::{self, Sums};
use serde::Serialize;

use super::book::Book;
use crate::Treasury;
use crate::payouts::RunEnd;
use crate::trail::{Agent, Who};

/// Why a run ends before it was paid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    error: &'static str,
    sums: Sums,
}

impl End {
    /// Nobody decided in time.
    pub(crate) fn expired() -> Self {
        Self::error("approval_expired")
    }

    /// A person stopped it.
    pub(crate) fn cancelled() -> Self {
        Self::error("cancelled")
    }

    /// It could not go on.
    pub(crate) fn error(error: &'static str) -> Self {
        Self { error, sums: Sums::default() }
    }
}

/// `data` of `run.completed` and `run.failed`.
#[derive(Serialize)]
struct Ended<'a> {
    run_id: String,
    objective: &'a str,
    status: &'a str,
    approved_count: i64,
    rejected_count: i64,
    succeeded_count: i64,
    failed_count: i64,
    followup_count: i64,
    total_payout_amount: Kobo,
    currency: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    run_url: String,
}

/// The `detail` of `completed_run` and `failed_run`.
#[derive(Serialize)]
struct Counts<'a> {
    candidates: i64,
    approved: i64,
    rejected: i64,
    succeeded: i64,
    failed: i64,
    followup: i64,
    total: Kobo,
    paid: Kobo,
    error: Option<&'a str>,
}

/// Ends a run as failed or cancelled, before or during its payouts.
pub(crate) fn fail(book: &mut Book<'_>, status: RunStatus, end: &End) {
    book.run.error = Some(end.error.to_owned());
    // Before the release nothing is approved for good.
    let sums = if book.run.released_at.is_some() {
        end.sums
    } else {
        let (candidates, rejected) = (book.run.candidate_count, book.run.rejected_count);
        Sums { candidates, amount: book.run.total_amount, rejected, ..Sums::default() }
    };
    close_run(book, status, &sums, |_| {});
}

/// Ends a run of which every candidate was rejected: no money moved.
pub(crate) fn all_rejected(book: &mut Book<'_>, sums: &Sums, by: &str) {
    let total = book.run.total_amount;
    close_run(book, RunStatus::Completed, sums, |book| super::release::tell_decided(book, "rejected", by, total));
}

/// `before` tells what comes before the end of the run, when the run is in its last state already.
fn close_run(book: &mut Book<'_>, status: RunStatus, sums: &Sums, before: impl FnOnce(&mut Book<'_>)) {
    book.enter(status);
    before(book);
    let error = book.run.error.clone();
    let is_completed = matches!(status, RunStatus::Completed | RunStatus::CompletedWithErrors);
    let action = if is_completed { "completed_run" } else { "failed_run" };
    let counts = Counts {
        candidates: sums.candidates,
        approved: sums.approved,
        rejected: sums.rejected,
        succeeded: sums.succeeded,
        failed: sums.failed,
        followup: sums.followup,
        total: sums.approved_amount,
        paid: sums.paid,
        error: error.as_deref(),
    };
    book.note(&Who::agent(Agent::Audit), action, &counts);
    let ended = Ended {
        run_id: book.run.id.to_string(),
        objective: &book.run.objective.clone(),
        status: status.shown().as_str(),
        approved_count: sums.approved,
        rejected_count: sums.rejected,
        succeeded_count: sums.succeeded,
        failed_count: sums.failed,
        followup_count: sums.followup,
        total_payout_amount: sums.paid,
        currency: CURRENCY,
        error: error.as_deref(),
        run_url: super::gate::run_url(book),
    };
    book.tell(if is_completed { "treasury.run.completed" } else { "treasury.run.failed" }, &ended);
}

/// Ends a released run whose payouts were all processed, or of which nothing further is sent: its state, the audit entry and the
/// webhook. Nothing happens when it has ended.
///
/// # Errors
/// Of the database.
pub fn settled(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    scope: Scope,
    run: PaymentRunId,
    end: &RunEnd,
) -> Result<(), Fault> {
    let mut book = Book::open(tx, treasury, scope, run)?;
    if book.run.status != RunStatus::Executing {
        return Ok(());
    }
    let sums = candidates::sums(tx, scope, run)?;
    if end.tripped {
        fail(&mut book, RunStatus::Failed, &End { error: "circuit_breaker", sums });
    } else if sums.failed > 0 || sums.followup > 0 {
        close_run(&mut book, RunStatus::CompletedWithErrors, &sums, |_| {});
    } else {
        close_run(&mut book, RunStatus::Completed, &sums, |_| {});
    }
    book.close(tx).map(drop)
}
