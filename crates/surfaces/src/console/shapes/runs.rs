//! Shapes of runs over all products.

use super::keys::MODE;
use super::page;
use crate::http::shape::{
    ANY, COUNT, FLAG, ID, INSTANT, JSON_OBJECT, NUMBER, Shape, TEXT, any_of, closed, extend, int, list, may, must,
    object, text, words,
};

const STATUS: Shape = words(&["queued", "running", "waiting", "completed", "failed", "cancelled"]);
const STARTER: Shape =
    object("RunStarter", &[must("type", TEXT), must("id", TEXT.or_null()), must("name", TEXT.or_null())]);
const WAITING_ON: Shape =
    object("WaitingOn", &[must("inbox_id", TEXT.or_null()), must("kind", TEXT), must("since", INSTANT.or_null())]);
const PROGRESS: Shape = object("RunProgress", &[must("steps", COUNT), must("current_step", TEXT.or_null())]);
const ERROR: Shape =
    object("ConsoleRunError", &[must("code", TEXT), must("message", TEXT.or_null()), must("step_id", TEXT.or_null())]);

/// A run.
pub(in crate::console) const RUN: Shape = object(
    "Run",
    &[
        must("id", ID),
        must("kind", words(&["flow", "workflow", "agent", "payment"])),
        must("name", TEXT),
        must("definition_id", ID.or_null()).about("The flow or agent; of a payment run the schedule that made it"),
        must("version", COUNT)
            .about("Of the flow or the agent's configuration; of a payment run, of what is to be paid"),
        must("mode", MODE),
        must("status", STATUS),
        must("product_status", TEXT).about("The status in the words of the product"),
        must("warnings", COUNT),
        must("trigger", TEXT),
        must("source", TEXT),
        must("started_by", STARTER),
        must("waiting_on", WAITING_ON.or_null()),
        must("progress", PROGRESS.or_null()),
        must("created_at", INSTANT),
        must("started_at", INSTANT.or_null()),
        must("finished_at", INSTANT.or_null()),
        must("duration_ms", COUNT.or_null()).about("Time at work"),
        must("wait_ms", COUNT.or_null()).about("Time spent waiting"),
        must("credits", NUMBER),
        must("error", ERROR.or_null()),
        must("parent_id", ID.or_null()),
        must("rerun_of", ID.or_null()),
    ],
);
/// A list of runs.
pub(in crate::console) const RUNS: Shape = object("Runs", &page(&RUN));

const ITERATION: Shape = object("", &[must("step_id", TEXT), must("index", COUNT)]);
const BRIEF: Shape = object("", &[must("code", TEXT), must("message", TEXT)]);

/// A step in time.
const SPAN: Shape = object(
    "Span",
    &[
        must("id", TEXT),
        must("parent_id", TEXT.or_null()),
        must("step_id", TEXT),
        must("name", TEXT),
        must("type", TEXT),
        must("status", words(&["running", "waiting", "completed", "failed", "skipped", "cancelled"])),
        must("attempt", COUNT),
        must("iteration", list(&ITERATION)),
        must("branch_id", TEXT.or_null()),
        must("started_at", INSTANT),
        must("finished_at", INSTANT.or_null()),
        must("duration_ms", COUNT.or_null()),
        must("wait_ms", COUNT),
        must("credits", NUMBER),
        must("reused", FLAG).about("Taken over from the run that this one repeats"),
        must("error", BRIEF.or_null()),
    ],
);
const EVENT: Shape = object(
    "RunEvent",
    &[
        must("at", INSTANT),
        must("type", TEXT),
        must("step_id", TEXT.or_null()),
        must("by", TEXT.or_null()),
        must("run_id", ID.or_null()).about("The other run that it is about"),
    ],
);
/// A run in time.
pub(in crate::console) const TIMELINE: Shape =
    object("Timeline", &[must("spans", list(&SPAN)), must("events", list(&EVENT))]);

const ATTEMPT: Shape = object(
    "",
    &[
        must("attempt", COUNT),
        must("status", words(&["running", "completed", "failed", "cancelled"])),
        must("started_at", INSTANT),
        must("finished_at", INSTANT.or_null()),
        must("duration_ms", COUNT.or_null()),
        must("error", BRIEF.or_null()),
    ],
);
/// A step in time with what it was given and gave.
pub(in crate::console) const SPAN_DETAIL: Shape = extend(
    "SpanDetail",
    SPAN,
    &[
        must("input", ANY),
        must("output", ANY),
        must("logs", list(&JSON_OBJECT)),
        must("attempts", list(&ATTEMPT)),
        must("request", ANY).about("What was sent, of a step that reaches outside"),
        must("response", ANY),
        must("truncated", FLAG).about("Whether a value over 256 KiB was replaced by its size"),
    ],
);

/// A cancellation.
pub(in crate::console) const CANCEL: Shape = closed("RunCancel", &[may("reason", text(0, 500))]);

/// A repetition.
pub(in crate::console) const RERUN: Shape = closed(
    "Rerun",
    &[
        may("from_step", text(1, 64)).about("A step of the top level, or failed; the trigger unless given"),
        may("version", any_of(&[words(&["same", "latest"]), int(1, 4_294_967_295)])).about("same unless given"),
        may("inputs", JSON_OBJECT).about("Those of the run unless given"),
        may("repeat_effects", FLAG).about("Whether to send again what was sent"),
        may("reason", text(0, 500)),
    ],
);
/// What a repetition will do.
pub(in crate::console) const RERUN_PLAN: Shape = object(
    "RerunPlan",
    &[
        must("reused", list(&TEXT)).about("Steps whose results are taken over"),
        must("again", list(&TEXT)).about("Steps that are, or may be, executed"),
        must("kept_approvals", list(&TEXT)).about("Approvals that hold because the question is the same"),
    ],
);
/// A repetition that was accepted.
pub(in crate::console) const RERUN_RECEIPT: Shape = extend("RerunReceipt", RERUN_PLAN, &[must("run_id", ID)]);
