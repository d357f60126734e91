//! Shapes of workflows.

use super::WIRE_ID;
use crate::http::shape::{
    ANY, COUNT, FLAG, INSTANT, JSON_OBJECT, Shape, TEXT, input, list, map, may, must, object, words,
};

const INPUT: Shape = object(
    "WorkflowInput",
    &[
        must("type", TEXT),
        must("label", TEXT),
        must("required", FLAG),
        must("description", TEXT.or_null()),
        may("options", list(&ANY)),
        may("default", ANY),
    ],
);

/// A workflow.
pub(in crate::workflows) const WORKFLOW: Shape = object(
    "Workflow",
    &[
        must("id", WIRE_ID),
        must("name", TEXT),
        must("description", TEXT.or_null()),
        must("version", COUNT).about("One more with each change"),
        must("status", words(&["active", "inactive"])),
        must("inputs", map(&INPUT).or_null()).about("By name; null when it takes none"),
        must("input_schema", JSON_OBJECT).about("The same as a JSON Schema"),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
    ],
);

/// What an execution is started with.
pub(in crate::workflows) const EXECUTE: Shape =
    input("ExecuteWorkflow", &[may("inputs", JSON_OBJECT).about("Values by name of the input; others are kept")]);

/// An execution that was started.
pub(in crate::workflows) const STARTED: Shape = object(
    "StartedExecution",
    &[
        must("execution_id", WIRE_ID),
        must("workflow_id", WIRE_ID),
        must("status", words(&["pending"])),
        must("inputs", JSON_OBJECT),
    ],
);
