//! Payment runs and their candidates.

use super::{ACCOUNT_NUMBER, CURRENCY, TIME, page};
use crate::http::shape::{
    COUNT, FLAG, ID, JSON_OBJECT, NUMBER, Shape, TEXT, extend, format, input, int, list, may, must, object, text, words,
};

/// The six states that are shown.
pub(in crate::treasury) const STATUS: Shape =
    words(&["pending", "planning", "scoring", "awaiting_approval", "completed", "failed"]);
const PHASE: Shape = words(&[
    "pending",
    "planning",
    "scoring",
    "awaiting_approval",
    "executing",
    "completed",
    "completed_with_errors",
    "failed",
    "cancelled",
]);
/// What the risk agent decided.
pub(in crate::treasury) const DECISION: Shape = words(&["auto_approved", "needs_review", "blocked"]);
/// What people decided.
pub(in crate::treasury) const APPROVAL: Shape = words(&["pending", "approved", "rejected"]);
/// How far a payout is.
pub(in crate::treasury) const EXECUTION: Shape =
    words(&["not_started", "pending", "success", "failed", "requires_followup", "reversed"]);

/// A payment run.
pub(in crate::treasury) const RUN: Shape = object(
    "PaymentRun",
    &[
        must("id", ID),
        must("objective", TEXT),
        must("status", STATUS),
        must("risk_tolerance", NUMBER),
        must("budget_cap", NUMBER.or_null()),
        must("candidate_count", COUNT),
        must("created_at", TIME),
        must("updated_at", TIME),
    ],
);
pub(in crate::treasury) const RUNS: Shape = object("PaymentRuns", &page(&RUN));

const TOTALS: Shape = object(
    "PaymentRunTotals",
    &[
        must("candidates", COUNT),
        must("amount", NUMBER),
        must("approved", COUNT),
        must("rejected", COUNT),
        must("succeeded", COUNT),
        must("failed", COUNT),
        must("followup", COUNT),
    ],
);
const RUN_APPROVAL: Shape = object(
    "PaymentApproval",
    &[
        must("id", ID),
        must("by", TEXT),
        must("role", TEXT),
        must("candidates", COUNT),
        must("amount", NUMBER),
        must("notes", TEXT.or_null()),
        must("override_reason", TEXT.or_null()),
        must("approved_at", TIME),
    ],
);
/// A payment run as members see it.
pub(in crate::treasury) const FULL_RUN: Shape = extend(
    "FullPaymentRun",
    RUN,
    &[
        must("phase", PHASE),
        must("version", COUNT),
        must("mode", words(&["live", "test"])),
        must("error", TEXT.or_null()),
        must("created_by", TEXT),
        must("totals", TOTALS),
        must("approvals_required", COUNT.or_null()).about("Null until the run comes to approval"),
        must("approvals", list(&RUN_APPROVAL)),
    ],
);
pub(in crate::treasury) const FULL_RUNS: Shape = object("FullPaymentRuns", &page(&FULL_RUN));
/// What a key is answered for a new run.
pub(in crate::treasury) const MADE: Shape = object(
    "PaymentRunMade",
    &[must("id", ID), must("status", words(&["pending"])), must("objective", TEXT), must("created_at", TIME)],
);

/// A payment that is asked for.
pub(in crate::treasury) const NEW_CANDIDATE: Shape = input(
    "NewCandidate",
    &[
        must("beneficiary_name", text(1, 255)),
        must("account_number", ACCOUNT_NUMBER),
        must("institution_code", text(3, 6)).about("Any code of a known institution"),
        must("amount", NUMBER),
        may("currency", CURRENCY),
        may("purpose", text(0, 100)).about("Becomes the narration"),
        may("beneficiary_email", text(0, 255)),
        may("recipient_id", ID),
    ],
);
const NEW_CANDIDATES: Shape = list(&NEW_CANDIDATE).at_most(10_000);
const DAY: Shape = format("date");
/// A new run.
pub(in crate::treasury) const NEW_RUN: Shape = input(
    "NewPaymentRun",
    &[
        must("objective", text(1, 2_000)),
        may("risk_tolerance", NUMBER).about("0 to 1; 0.35 unless the organisation says otherwise"),
        may("budget_cap", NUMBER),
        may("candidates", NEW_CANDIDATES).about("Not together with recipient_ids"),
        may("recipient_ids", list(&ID).at_most(10_000)).about("With amount_each"),
        may("amount_each", NUMBER),
        may("date_from", DAY),
        may("date_to", DAY),
    ],
);
/// More candidates.
pub(in crate::treasury) const MORE: Shape = input("MoreCandidates", &[must("candidates", NEW_CANDIDATES)]);
pub(in crate::treasury) const ADDED: Shape =
    object("CandidatesAdded", &[must("run_id", ID), must("candidates_added", COUNT)]);
const ROW_NOTE: Shape =
    object("CandidateFileNote", &[must("row", int(1, i64::MAX)), must("field", TEXT), must("message", TEXT)]);
/// What became of a file.
pub(in crate::treasury) const UPLOADED: Shape = object(
    "CandidatesUploaded",
    &[
        must("run_id", ID),
        must("candidates_added", COUNT),
        must("total_rows_parsed", COUNT),
        must("parse_errors", list(&ROW_NOTE))
            .about("Bad rows that were skipped, and account numbers that got their lost leading zero back"),
        must("duplicates", list(&object("CandidateFileDuplicate", &[must("row", COUNT), must("same_as_row", COUNT)]))),
    ],
);

/// A candidate.
pub(in crate::treasury) const CANDIDATE: Shape = object(
    "Candidate",
    &[
        must("id", ID),
        must("run_id", ID),
        must("beneficiary_name", TEXT),
        must("account_number", ACCOUNT_NUMBER),
        must("institution_code", TEXT).about("As it was given"),
        must("amount", NUMBER),
        must("currency", CURRENCY),
        must("risk_score", NUMBER.or_null()),
        must("risk_decision", DECISION.or_null()),
        must("approval_status", APPROVAL),
        must("execution_status", EXECUTION),
    ],
);
pub(in crate::treasury) const CANDIDATES: Shape = object("Candidates", &page(&CANDIDATE));
/// A candidate as members see it.
pub(in crate::treasury) const FULL_CANDIDATE: Shape = extend(
    "FullCandidate",
    CANDIDATE,
    &[
        must("risk_factors", JSON_OBJECT.or_null()),
        must("risk_reasons", list(&TEXT)),
        must("lookup_status", words(&["pending", "success", "mismatch", "failed"])),
        must("lookup_account_name", TEXT.or_null()),
        must("name_match", NUMBER.or_null()),
        must("reference", TEXT.or_null()),
        must("failure_reason", TEXT.or_null()),
        must("purpose", TEXT.or_null()),
    ],
);
pub(in crate::treasury) const FULL_CANDIDATES: Shape = object("FullCandidates", &page(&FULL_CANDIDATE));
pub(in crate::treasury) const CANDIDATE_PATCH: Shape = input(
    "CandidatePatch",
    &[
        may("beneficiary_name", text(1, 255)),
        may("account_number", ACCOUNT_NUMBER),
        may("institution_code", text(3, 6)),
        may("amount", NUMBER),
        may("purpose", text(0, 100)),
    ],
);

/// A word about an act.
pub(in crate::treasury) const REASON: Shape = input("PaymentReason", &[may("reason", text(0, 500))]);
pub(in crate::treasury) const APPROVE: Shape = input(
    "ApproveRun",
    &[
        may("candidate_ids", list(&ID).at_most(10_000))
            .about("Exactly these; all that are neither rejected nor blocked unless given"),
        may("expected_version", COUNT),
        may("pin", text(4, 6)),
        may("notes", text(0, 500)),
        may("override_reason", text(0, 500)).about("Why an owner pays a blocked candidate"),
    ],
);
pub(in crate::treasury) const APPROVED: Shape = object(
    "RunApproved",
    &[
        must("run_id", ID),
        must("status", STATUS),
        must("approved_count", COUNT),
        must("approvals_given", COUNT),
        must("approvals_required", COUNT),
        must("approved_at", TIME.or_null()).about("Null while people are missing"),
    ],
);
pub(in crate::treasury) const REJECT: Shape = input(
    "RejectRun",
    &[
        may("candidate_ids", list(&ID).at_most(10_000)).about("All unless given"),
        may("expected_version", COUNT),
        may("reason", text(0, 500)),
    ],
);
pub(in crate::treasury) const REJECTED: Shape = object(
    "RunRejected",
    &[must("run_id", ID), must("status", STATUS), must("rejected_count", COUNT), must("remaining_approved", COUNT)],
);

const REPORT_CANDIDATE: Shape = object(
    "ReportCandidate",
    &[
        must("id", ID),
        must("beneficiary_name", TEXT),
        must("account_number", ACCOUNT_NUMBER),
        must("institution_code", TEXT),
        must("amount", NUMBER),
        must("risk_decision", DECISION.or_null()),
        must("approval_status", APPROVAL),
        must("decision_reason", TEXT.or_null()),
        must("execution_status", EXECUTION),
        must("reference", TEXT.or_null()),
        must("failure_reason", TEXT.or_null()),
    ],
);
/// Everything about a run.
pub(in crate::treasury) const REPORT: Shape = object(
    "PaymentRunReport",
    &[
        must("run", FULL_RUN),
        must("totals", TOTALS),
        must("candidates", list(&REPORT_CANDIDATE)),
        must("approvals", list(&RUN_APPROVAL)),
        must(
            "ledger",
            object(
                "ReportLedger",
                &[
                    must("reserved", NUMBER),
                    must("paid_out", NUMBER),
                    must("fees", NUMBER),
                    must("returned", NUMBER).about("What was reserved and not paid"),
                    must("reversed", COUNT).about("Payouts that came back after a success"),
                    must("open", NUMBER).about("Still reserved"),
                ],
            ),
        ),
        must(
            "audit",
            list(&object(
                "ReportAudit",
                &[
                    must("id", ID),
                    must("agent_type", TEXT),
                    must("action", TEXT),
                    must("detail", JSON_OBJECT),
                    must("created_at", TIME),
                ],
            )),
        ),
        must("audit_complete", FLAG).about("False when the trail is longer than what is shown"),
    ],
);
/// A number of an event of a run.
pub(in crate::treasury) const SEQ: Shape = int(0, i64::MAX);

/// A schedule of runs.
pub(in crate::treasury) const SCHEDULED_RUN: Shape = object(
    "ScheduledRun",
    &[
        must("id", ID),
        must("objective", TEXT),
        must("cron", TEXT.or_null()).about("Null for one time only"),
        must("timezone", TEXT),
        must("is_active", FLAG),
        must("candidate_count", COUNT),
        must("total_amount", NUMBER.or_null()),
        must("next_run_at", TIME.or_null()),
        must("last_run_at", TIME.or_null()),
        must("last_run_id", ID.or_null()),
        must("run_count", COUNT),
        must("created_by", ID.or_null()),
        must("created_at", TIME),
        must("updated_at", TIME),
    ],
);
pub(in crate::treasury) const SCHEDULED_RUNS: Shape = object("ScheduledRuns", &page(&SCHEDULED_RUN));
const SCHEDULE_WHEN: [crate::http::shape::Field; 4] = [
    may("cron", text(1, 200)).about("Five fields; not together with run_at"),
    may("run_at", format("date-time")).about("Once, at this time"),
    may("timezone", text(1, 100)).about("Africa/Lagos unless given"),
    may("is_active", FLAG),
];
pub(in crate::treasury) const NEW_SCHEDULED_RUN: Shape = extend("NewScheduledRun", NEW_RUN, &SCHEDULE_WHEN);
pub(in crate::treasury) const SCHEDULED_RUN_PATCH: Shape = input(
    "ScheduledRunPatch",
    &[
        may("objective", text(1, 2_000)),
        may("risk_tolerance", NUMBER),
        may("budget_cap", NUMBER),
        may("candidates", NEW_CANDIDATES),
        may("recipient_ids", list(&ID).at_most(10_000)),
        may("amount_each", NUMBER),
        may("date_from", DAY),
        may("date_to", DAY),
        may("cron", text(1, 200)),
        may("run_at", format("date-time")),
        may("timezone", text(1, 100)),
        may("is_active", FLAG),
    ],
);
