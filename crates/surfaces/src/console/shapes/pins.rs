//! Shapes of tests of single steps, and of pins.

use crate::http::shape::{ANY, COUNT, INSTANT, JSON_OBJECT, Shape, TEXT, closed, list, may, must, object, words};
use floe_model::flows::Engine;

pub(in crate::console) const STEP_TEST: Shape = closed(
    "TestStep",
    &[
        must("engine", words(Engine::WORDS)),
        must("step", JSON_OBJECT).about("A step of a flow, or a node of a workflow"),
        may("context", JSON_OBJECT).about("Values by name; in steps, results of steps before it"),
        may("inputs", JSON_OBJECT),
    ],
);

pub(in crate::console) const STEP_TESTED: Shape = object(
    "TestedStep",
    &[
        must("status", words(&["completed", "failed", "skipped", "waiting"])),
        must("input", ANY).about("After templates; of a step that waits what it asks"),
        must("output", ANY),
        must(
            "error",
            object("StepTestError", &[must("code", TEXT), must("message", TEXT), must("details", ANY)]).or_null(),
        ),
        must("logs", list(&object("StepTestLog", &[must("level", TEXT), must("message", TEXT)]))),
        must("duration_ms", COUNT),
    ],
);

pub(in crate::console) const NEW_PIN: Shape = closed("NewPin", &[must("output", ANY)]);

pub(in crate::console) const PIN: Shape =
    object("Pin", &[must("step_id", TEXT), must("output", ANY), must("updated_at", INSTANT)]);
