//! The step types that the machine itself carries out (Flow API contract, section 6.5).

use crate::catalog::{Choices, Execution, Field, FieldKind as K, StepSpec};

/// Every built-in step type.
pub static ALL: &[StepSpec] = &[
    SET_VARIABLE,
    CONDITION,
    EACH,
    WHILE,
    PARALLEL,
    USER_APPROVAL,
    CLIENT_TOOL,
    SHOW_FORM,
    DELAY,
    CALL_FLOW,
    ADD_WIDGET,
    END_SESSION,
    FINAL,
];

const FIELD_TIMEOUT: Field =
    Field::new("timeoutSeconds", "Expires after", K::Number, "Seconds until the wait expires.")
        .range(1.0, 7_776_000.0)
        .default("604800");

const FAIL_ON_ERROR: Field =
    Field::new("failOnError", "Fail on error", K::Boolean, "Fail this step when a round fails.").default("false");

const STEP: StepSpec = StepSpec {
    key: "",
    aliases: &[],
    name: "",
    category: "",
    description: "",
    fields: &[],
    outputs: &[],
    waits: false,
    execution: Execution::Builtin,
};

const SET_VARIABLE: StepSpec = StepSpec {
    key: "set-variable",
    name: "Set variables",
    category: "data",
    description: "Puts values into the context under names of your choice.",
    fields: &[Field::new("variables", "Variables", K::KeyValue, "Names and their values.").required()],
    outputs: &[("*", "the values that were written")],
    ..STEP
};

const CONDITION: StepSpec = StepSpec {
    key: "condition",
    name: "Condition",
    category: "logic",
    description: "Goes on with the first branch whose expression is true.",
    fields: &[
        Field::new("branches", "Branches", K::Json, "List of {id, name, condition, nextStepId}.").required(),
        Field::new("elseNextStepId", "Otherwise", K::StepRef, "Step to go on with when no branch is true."),
    ],
    outputs: &[("branchId", "id of the branch taken, or null"), ("matched", "whether a branch was true")],
    ..STEP
};

const EACH: StepSpec = StepSpec {
    key: "each",
    name: "For each",
    category: "logic",
    description: "Runs its steps once for every item of a list, one after another.",
    fields: &[
        Field::new("arrayVariable", "List", K::Text, "Name or dot path of the list in the context.")
            .required()
            .choices(Choices::ContextNames),
        Field::new("maxItems", "At most", K::Number, "Items to process at most.").range(1.0, 10_000.0),
        FAIL_ON_ERROR,
        Field::new("steps", "Steps", K::Steps, "Steps of one round.").required(),
    ],
    outputs: &[
        ("results", "list of {index, item, outputs, error}"),
        ("errors", "errors of the rounds that failed"),
        ("successfulItems", "number"),
        ("failedItems", "number"),
        ("totalItems", "number"),
        ("processedItems", "number"),
    ],
    waits: true,
    ..STEP
};

const WHILE: StepSpec = StepSpec {
    key: "while",
    name: "While",
    category: "logic",
    description: "Runs its steps as long as an expression is true; tested before each round.",
    fields: &[
        Field::new("condition", "Condition", K::Expression, "Tested before each round.").required(),
        Field::new("maxIterations", "At most", K::Number, "Rounds at most; more than 2,000 count as 2,000.")
            .range(1.0, 1_000_000.0)
            .default("200"),
        FAIL_ON_ERROR,
        Field::new("steps", "Steps", K::Steps, "Steps of one round.").required(),
    ],
    outputs: &[
        ("iterations", "number of rounds"),
        ("results", "list of {iteration, outputs, error}"),
        ("errors", "errors of conditions and rounds"),
        ("lastIteration", "the last entry of results, or null"),
    ],
    waits: true,
    ..STEP
};

const PARALLEL: StepSpec = StepSpec {
    key: "parallel",
    name: "Parallel",
    category: "logic",
    description: "Runs two to ten branches at the same time, each on its own copy of the context.",
    fields: &[
        Field::new("branches", "Branches", K::Json, "List of {id, name, steps}.").required(),
        Field::new("mode", "Mode", K::Select, "all: every branch; any: the first success ends it.")
            .options(&["all", "any"])
            .default("\"all\""),
        Field::new("failFast", "Fail fast", K::Boolean, "Mode all: the first failure ends the step.").default("true"),
    ],
    outputs: &[("branches", "by branch id: {status, outputs, error}")],
    ..STEP
};

const USER_APPROVAL: StepSpec = StepSpec {
    key: "user-approval",
    name: "Approval",
    category: "people",
    description: "Waits until a person approves or rejects.",
    fields: &[
        Field::new("message", "Question", K::LongText, "What is to be approved.").required(),
        Field::new(
            "approvers",
            "Approvers",
            K::Json,
            "Member ids, e-mail addresses or group ids; none: who may answer.",
        ),
        FIELD_TIMEOUT,
    ],
    outputs: &[("decision", "approve or reject"), ("decidedAt", "instant"), ("decidedBy", "name")],
    waits: true,
    ..STEP
};

const CLIENT_TOOL: StepSpec = StepSpec {
    key: "client-tool",
    name: "Client tool",
    category: "people",
    description: "Asks the calling program to run a tool and to send its result.",
    fields: &[
        Field::new("toolName", "Tool", K::Text, "Name that the client knows.").required(),
        Field::new("parameters", "Parameters", K::KeyValue, "Arguments of the tool."),
        FIELD_TIMEOUT,
    ],
    outputs: &[("*", "what the client answered")],
    waits: true,
    ..STEP
};

const SHOW_FORM: StepSpec = StepSpec {
    key: "show-form",
    name: "Form",
    category: "people",
    description: "Shows a form and waits for its values.",
    fields: &[
        Field::new("title", "Title", K::Text, "Shown above the form."),
        Field::new("message", "Message", K::LongText, "Shown above the fields."),
        Field::new("fields", "Fields", K::Json, "List of {key, label, type, required, default, options, description}.")
            .required(),
        Field::new("submitLabel", "Button", K::Text, "Text of the button."),
        FIELD_TIMEOUT,
    ],
    outputs: &[("*", "the submitted values")],
    waits: true,
    ..STEP
};

const DELAY: StepSpec = StepSpec {
    key: "delay",
    name: "Delay",
    category: "logic",
    description: "Waits for a time or until an instant.",
    fields: &[
        Field::new("seconds", "Seconds", K::Number, "How long to wait.").range(0.0, 2_592_000.0),
        Field::new("until", "Until", K::Date, "Instant to wait for."),
    ],
    outputs: &[("resumedAt", "instant")],
    waits: true,
    ..STEP
};

const CALL_FLOW: StepSpec = StepSpec {
    key: "call-flow",
    name: "Call a flow",
    category: "logic",
    description: "Starts another flow and, unless told otherwise, waits for its output.",
    fields: &[
        Field::new("flowId", "Flow", K::Text, "Id of the flow.").required().choices(Choices::Flows),
        Field::new("version", "Version", K::Text, "A published version's number, or latest.")
            .default("\"latest\"")
            .choices(Choices::FlowVersions),
        Field::new("inputs", "Inputs", K::KeyValue, "Inputs of the called flow."),
        Field::new("waitForCompletion", "Wait", K::Boolean, "Wait for the output.").default("true"),
    ],
    outputs: &[("*", "the called flow's output, or {appRunId} when not waiting")],
    waits: true,
    ..STEP
};

const ADD_WIDGET: StepSpec = StepSpec {
    key: "add-widget-to-message",
    name: "Add a widget",
    category: "chat",
    description: "Adds a widget to the chat message that the run answers; outside of chats it is skipped.",
    fields: &[
        Field::new("widget", "Widget", K::Text, "Name of the widget.").required(),
        Field::new("props", "Properties", K::KeyValue, "Properties of the widget."),
    ],
    outputs: &[("added", "boolean")],
    ..STEP
};

const END_SESSION: StepSpec = StepSpec {
    key: "end-session",
    name: "End the session",
    category: "chat",
    description: "Ends the run with an empty output; in a chat it also closes the thread.",
    ..STEP
};

const FINAL: StepSpec = StepSpec {
    key: "final",
    name: "Final",
    category: "logic",
    description: "Ends the run; its outputs are the run's answer.",
    fields: &[Field::new("outputs", "Outputs", K::KeyValue, "Names and values of the answer.")],
    outputs: &[("*", "the outputs")],
    ..STEP
};

/// Trigger types with the context that each gives; `webhook.<id>` is matched by its prefix
/// (Flow API contract, section 6.4).
pub static TRIGGERS: &[StepSpec] = &[
    StepSpec {
        key: "api",
        name: "API call",
        category: "trigger",
        description: "Starts when a program calls the flow.",
        fields: &[INPUTS],
        ..STEP
    },
    StepSpec {
        key: "form",
        name: "Form",
        category: "trigger",
        description: "Starts when a person submits the flow's form.",
        fields: &[
            INPUTS,
            Field::new("title", "Title", K::Text, "Shown above the form."),
            Field::new("description", "Description", K::LongText, "Shown above the fields."),
            Field::new("submitLabel", "Button", K::Text, "Text of the button."),
            MODE,
        ],
        ..STEP
    },
    StepSpec {
        key: "schedule",
        name: "Schedule",
        category: "trigger",
        description: "Starts at the times of a cron expression.",
        fields: &[
            Field::new("cron", "Times", K::Text, "Five-field cron expression."),
            Field::new("timezone", "Time zone", K::Text, "IANA name."),
            INPUTS,
            MODE,
        ],
        ..STEP
    },
    StepSpec {
        key: "peer.message",
        name: "Agent message",
        category: "trigger",
        description: "Starts for a message in an agent's conversation.",
        ..STEP
    },
    StepSpec {
        key: "peer.action",
        name: "Agent action",
        category: "trigger",
        description: "Starts when an agent calls the flow as a tool.",
        fields: &[
            Field::new("name", "Name", K::Text, "Name of the tool."),
            Field::new("description", "Description", K::LongText, "What the tool does."),
            INPUTS,
        ],
        ..STEP
    },
];

const INPUTS: Field =
    Field::new("inputs", "Inputs", K::Json, "List of {key, label, type, required, default, options}.");

const MODE: Field =
    Field::new("mode", "Mode", K::Select, "Whether the runs that nobody signed in for are live or test.")
        .options(&["live", "test"])
        .default("\"live\"");

/// Whether a step type is a trigger.
#[must_use]
pub fn is_trigger(kind: &str) -> bool {
    kind.starts_with("webhook.") || TRIGGERS.iter().any(|spec| spec.key == kind)
}
