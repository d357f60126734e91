//! Shapes of workflows, their versions and the list of all automations.

use super::page;
use crate::http::shape::{
    ANY, COUNT, FLAG, INSTANT, JSON_OBJECT, Shape, TEXT, closed, input, list, may, must, object, text, words,
};

/// What validation says of a definition (workflow API contract, section 20).
const PROBLEM: Shape = object(
    "WorkflowProblem",
    &[
        must("code", TEXT),
        must("severity", words(&["error", "warning"])),
        may("node_id", TEXT.or_null()),
        may("field", TEXT.or_null()),
        must("message", TEXT),
    ],
);

/// A workflow.
pub(in crate::console) const WORKFLOW: Shape = object(
    "ConsoleWorkflow",
    &[
        must("id", TEXT),
        must("name", TEXT),
        must("description", TEXT.or_null()),
        must("version", COUNT),
        must("status", words(&["active", "inactive"])),
        must("inputs", JSON_OBJECT.or_null()).about("By name; null when it takes none"),
        must("input_schema", JSON_OBJECT),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
        must("revision", COUNT),
        must("has_draft", FLAG),
        must("errors", COUNT).about("Of the version in force"),
        must("tags", list(&TEXT)),
    ],
);
pub(in crate::console) const WORKFLOWS: Shape = object("ConsoleWorkflows", &page(&WORKFLOW));

/// A workflow with what validation said of the file.
pub(in crate::console) const VALIDATED: Shape =
    object("ValidatedWorkflow", &[must("workflow", WORKFLOW), must("validation", list(&PROBLEM))]);

/// A file of either shape, also wrapped: whatever else it holds is kept.
pub(in crate::console) const FILE: Shape = input(
    "WorkflowFile",
    &[
        may("nodes", ANY).about("Record form: an object by id; canvas form: a list"),
        may("definition", ANY).about("Of a wrapped file, in its place"),
    ],
);
/// A file with the id that the workflow shall have.
pub(in crate::console) const NEW_FILE: Shape = input(
    "NewWorkflowFile",
    &[
        may("id", TEXT).about("1 to 64 letters, digits, - and _"),
        may("nodes", ANY).about("Record form: an object by id; canvas form: a list"),
        may("definition", ANY).about("Of a wrapped file, in its place"),
    ],
);
pub(in crate::console) const PATCH: Shape = closed(
    "WorkflowPatch",
    &[may("name", text(1, 200)), may("description", text(0, 10_000)), may("status", words(&["active", "inactive"]))],
);
pub(in crate::console) const PUBLISH: Shape = closed("PublishWorkflow", &[may("note", text(0, 2_000))]);

/// What an editor opens.
pub(in crate::console) const DRAFT: Shape = object(
    "WorkflowDraft",
    &[
        must("version", COUNT),
        must("is_draft", FLAG).about("False: there is no draft, and this is the version in force"),
        must("based_on", COUNT.or_null()),
        must("definition", JSON_OBJECT).about("Record form"),
        must("validation", list(&PROBLEM)),
        must("revision", COUNT).about("Of the workflow"),
        must("updated_at", INSTANT),
    ],
);
pub(in crate::console) const VALIDATION: Shape = object(
    "WorkflowValidation",
    &[
        must("valid", FLAG),
        must("validation", list(&PROBLEM)),
        must("inputs", JSON_OBJECT.or_null()),
        must("input_schema", JSON_OBJECT),
    ],
);

/// A version without its definition.
const VERSION: Shape = object(
    "WorkflowVersion",
    &[
        must("version", COUNT),
        must("status", words(&["draft", "published"])),
        must("is_latest", FLAG),
        must("note", TEXT.or_null()),
        must("based_on", COUNT.or_null()),
        must("errors", COUNT),
        must("created_by", JSON_OBJECT.or_null()),
        must("published_by", JSON_OBJECT.or_null()),
        must("created_at", INSTANT),
        must("published_at", INSTANT.or_null()),
    ],
);
pub(in crate::console) const VERSIONS: Shape = object("WorkflowVersions", &page(&VERSION));
/// A version with its definition.
pub(in crate::console) const WHOLE_VERSION: Shape = object(
    "WholeWorkflowVersion",
    &[
        must("version", COUNT),
        must("status", words(&["draft", "published"])),
        must("is_latest", FLAG),
        must("note", TEXT.or_null()),
        must("based_on", COUNT.or_null()),
        must("errors", COUNT),
        must("created_by", JSON_OBJECT.or_null()),
        must("published_by", JSON_OBJECT.or_null()),
        must("created_at", INSTANT),
        must("published_at", INSTANT.or_null()),
        must("definition", JSON_OBJECT).about("Record form"),
        must("validation", list(&PROBLEM)),
    ],
);

/// An automation of either language.
const AUTOMATION: Shape = object(
    "Automation",
    &[
        must("id", TEXT),
        must("engine", words(&["flow", "workflow"])),
        must("name", TEXT),
        must("status", words(&["active", "inactive"])).about("A flow is active when it has a published version"),
        must("version", COUNT.or_null()),
        must("has_draft", FLAG),
        must(
            "triggers",
            list(&object(
                "",
                &[
                    must("id", TEXT.or_null()).about("Null for one that is only in the definition"),
                    must("type", TEXT),
                    must("name", TEXT.or_null()),
                    must("enabled", FLAG),
                    must("next_fire_at", INSTANT.or_null()),
                ],
            )),
        ),
        must("last_run", object("", &[must("id", TEXT), must("status", TEXT), must("at", INSTANT)]).or_null()),
        must("runs_7d", object("", &[must("completed", COUNT), must("failed", COUNT)])),
        must("waiting", COUNT),
        must("owner", object("", &[must("id", TEXT), must("name", TEXT.or_null())]).or_null()),
        must("updated_at", INSTANT),
    ],
);
pub(in crate::console) const AUTOMATIONS: Shape = object("Automations", &page(&AUTOMATION));
pub(in crate::console) const TEST: Shape = closed(
    "TestAutomation",
    &[
        may("inputs", JSON_OBJECT),
        may("version", ANY).about("draft unless given; a number, or latest"),
        may("stop_after", TEXT).about("Id of a step: nothing runs but what leads to it"),
    ],
);
pub(in crate::console) const TESTED: Shape = object("TestedAutomation", &[must("run_id", TEXT)]);
