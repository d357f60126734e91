//! Shapes of acts on many runs.

use crate::http::shape::{COUNT, FLAG, ID, INSTANT, Shape, TEXT, closed, list, map, may, must, object, text, words};

/// An act on many runs.
pub(in crate::console) const BULK: Shape = closed(
    "Bulk",
    &[
        must("action", words(&["cancel", "rerun"])),
        may("ids", list(&ID).at_most(10_000)),
        may("filter", map(&TEXT)).about("The filters of the list of runs, in place of ids"),
        may("from_step", words(&["failed"])),
        may("reason", text(0, 500)),
        may("dry_run", FLAG).about("Whether only to tell how many runs there are"),
    ],
);
/// An act that was accepted.
pub(in crate::console) const BULK_RECEIPT: Shape = object("BulkReceipt", &[must("job_id", ID), must("matched", COUNT)]);
/// An act that was only looked at.
pub(in crate::console) const BULK_PLAN: Shape =
    object("BulkPlan", &[must("job_id", ID.or_null()), must("matched", COUNT)]);

const ERROR: Shape = object("", &[must("run_id", ID), must("code", TEXT.or_null()), must("message", TEXT.or_null())]);
const RESULT: Shape = object("", &[must("succeeded", COUNT), must("failed", COUNT), must("left", COUNT)]);

/// Work that goes on by itself.
pub(in crate::console) const JOB: Shape = object(
    "Job",
    &[
        must("id", ID),
        must("kind", words(&["runs.cancel", "runs.rerun", "knowledge.reindex"])),
        must("status", words(&["running", "done", "cancelled"])),
        must("done", COUNT).about("Runs that it has come to, whether or not it could be done to them"),
        must("total", COUNT),
        must("failed", COUNT),
        must("errors", list(&ERROR).at_most(100)),
        must("result", RESULT.or_null()),
        must("created_at", INSTANT),
        must("finished_at", INSTANT.or_null()),
    ],
);
