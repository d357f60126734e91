//! Shapes of triggers.

use super::WIRE_ID;
use crate::http::shape::{COUNT, FLAG, INSTANT, JSON_OBJECT, Shape, TEXT, input, may, must, object, words};

/// The kinds of triggers.
pub(in crate::workflows) const KIND: Shape = words(&["schedule", "webhook", "event", "manual"]);

/// A trigger.
pub(in crate::workflows) const TRIGGER: Shape = object(
    "WorkflowTrigger",
    &[
        must("id", WIRE_ID),
        must("workflow_id", WIRE_ID),
        must("workflow_name", TEXT),
        must("name", TEXT),
        must("type", KIND),
        must("trigger_type", KIND).about("The same as type"),
        must("enabled", FLAG),
        must("trigger_count", COUNT).about("Executions that it has started"),
        must("last_triggered_at", INSTANT.or_null()),
        must("next_scheduled_at", INSTANT.or_null()),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
    ],
);

/// What a trigger is fired with.
pub(in crate::workflows) const EXECUTE: Shape =
    input("ExecuteTrigger", &[may("inputs", JSON_OBJECT).about("Over the inputs of a manual trigger")]);

/// An execution that a trigger started.
pub(in crate::workflows) const STARTED: Shape = object(
    "TriggeredExecution",
    &[
        must("execution_id", WIRE_ID),
        must("workflow_id", WIRE_ID),
        must("trigger_id", WIRE_ID),
        must("status", words(&["pending"])),
        must("inputs", JSON_OBJECT),
    ],
);
