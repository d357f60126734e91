//! Shapes of executions and answers: what goes in, and the state of the run that comes out.

use floe_flows::runs::COMMENT_CHARS_MAX;

use super::runs::{ACTION, BRIEF_ERROR, STATUS, WAIT};
use crate::http::shape::{ANY, FLAG, ID, JSON_OBJECT, Shape, TEXT, any_of, input, int, may, must, object, text, words};

/// A run that goes on.
pub(in crate::flows) const RUNNING: Shape =
    object("RunningRun", &[must("status", words(&["running"])), must("appRunId", ID)]);

const WAITING: Shape = object(
    "WaitingRun",
    &[
        must("status", words(&["waiting"])),
        must("appRunId", ID),
        must("waitState", WAIT),
        must("pendingAction", ACTION),
    ],
);
const COMPLETED: Shape =
    object("CompletedRun", &[must("status", words(&["completed"])), must("appRunId", ID), must("output", ANY)]);
const FAILED: Shape =
    object("FailedRun", &[must("status", words(&["failed"])), must("appRunId", ID), must("error", BRIEF_ERROR)]);
const ENDED: Shape = object("RunReceipt", &[must("status", STATUS), must("appRunId", ID)]);

/// What a client gets: the output of the run and nothing around it, or what the run waits for.
pub(in crate::flows) const CLIENT: Shape = ANY;

/// What a library gets.
pub(in crate::flows) const LIBRARY: Shape = object(
    "LibraryRun",
    &[
        must("success", FLAG),
        must("outputs", ANY),
        must("status", STATUS),
        must("appRunId", ID),
        may("error", TEXT),
        may("waitState", WAIT),
        may("pendingAction", ACTION),
    ],
);
/// What a library gets while the run goes on.
pub(in crate::flows) const LIBRARY_RUNNING: Shape = object(
    "RunningLibraryRun",
    &[must("success", FLAG), must("outputs", JSON_OBJECT), must("status", words(&["running"])), must("appRunId", ID)],
);

/// The state of a run.
pub(in crate::flows) const METADATA: Shape = any_of(&[COMPLETED, WAITING, FAILED, ENDED]);

/// The receipt of a cancellation.
pub(in crate::flows) const CANCELLED: Shape = ENDED;

/// How to execute from the dashboard.
pub(in crate::flows) const EXECUTE: Shape = input(
    "Execute",
    &[
        may("inputs", JSON_OBJECT),
        may("returnExecutionMetadata", FLAG).about("Whether to answer with status and run around the output"),
        may("version", any_of(&[int(1, u32::MAX as i64), TEXT]))
            .about("A number, latest or draft; the draft if there is one unless given, else latest"),
        may("async", FLAG).about("Whether to answer 202 at once"),
        may("trigger", text(1, crate::flows::execute::STEP_ID_MAX)).about("Id of the trigger step"),
    ],
);

/// An answer to a question of a run: exactly one of `decision`, `toolResult` and `formData`.
pub(in crate::flows) const RESUME: Shape = input(
    "Resume",
    &[
        may("waitId", TEXT).about("The question that is answered; one that is not the current one is refused"),
        may("decision", words(&["approve", "reject"])),
        may("comment", text(0, COMMENT_CHARS_MAX)),
        may(
            "toolResult",
            input("", &[must("executionId", TEXT), must("success", FLAG), may("output", ANY), may("error", TEXT)]),
        ),
        may("formData", JSON_OBJECT),
    ],
);
