//! Shapes of executions.

use floe_flows::workflows::Status;

use super::WIRE_ID;
use crate::http::shape::{
    ANY, COUNT, FLAG, INSTANT, JSON_OBJECT, Shape, TEXT, extend, input, may, must, object, text, words,
};

const ERROR: Shape = object(
    "ExecutionError",
    &[
        must(
            "code",
            words(&[
                "node_execution_failed",
                "workflow_timeout",
                "invalid_definition",
                "internal_error",
                "execution_failed",
            ]),
        ),
        must("message", TEXT),
        must("node_id", TEXT.or_null()),
    ],
);

const PAUSE: Shape = object(
    "ExecutionPause",
    &[
        must("reason", TEXT),
        must("node_id", TEXT.or_null()),
        must("node_name", TEXT.or_null()),
        must("paused_at", INSTANT),
        must("prompt", TEXT.or_null()),
        must("description", TEXT.or_null()),
        must("variable_name", TEXT.or_null()),
        must("input_type", TEXT.or_null()),
        must("placeholder", TEXT.or_null()),
        must("validation", ANY.or_null()),
        must("required", FLAG.or_null()),
        must("expires_at", INSTANT.or_null()),
    ],
);

/// An execution.
pub(in crate::workflows) const EXECUTION: Shape = object(
    "Execution",
    &[
        must("id", WIRE_ID),
        must("workflow_id", WIRE_ID.or_null()).about("Null for the reply of an agent"),
        must("workflow_name", TEXT),
        must("status", words(Status::WORDS)),
        must("inputs", JSON_OBJECT),
        must("outputs", ANY.or_null()).about("Null until something is there; what there is when it failed"),
        must("error", ERROR.or_null()),
        must("error_message", TEXT.or_null()),
        must("started_at", INSTANT.or_null()),
        must("completed_at", INSTANT.or_null()),
        must("created_at", INSTANT),
        must("duration_ms", COUNT.or_null()),
        must("trigger_id", WIRE_ID.or_null()),
        must("test", FLAG),
        must("pause_context", PAUSE.or_null()),
    ],
);

/// An execution that was cancelled just now.
pub(in crate::workflows) const CANCELLED: Shape =
    extend("CancelledExecution", EXECUTION, &[must("cancelled_at", INSTANT), must("message", TEXT)]);

/// An answer to a review.
pub(in crate::workflows) const RESPONSE: Shape = input(
    "SubmitResponse",
    &[
        may("response", ANY).about("Text, number, boolean, object or list; not required reviews take none"),
        may("node_id", text(1, 128)).about("The review; the oldest that is open unless given"),
    ],
);
