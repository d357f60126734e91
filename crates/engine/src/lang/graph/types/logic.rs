//! Logic: choices, loops, pauses, values.

use super::{Family, Gets, NodeType, Runs, inside};
use crate::catalog::{Choices, Field, FieldKind as K};
use crate::plan::Callee;

/// Operators of a simple condition, aliases included.
const OPERATORS: &[&str] = &[
    "==",
    "!=",
    ">",
    "<",
    ">=",
    "<=",
    "contains",
    "startsWith",
    "endsWith",
    "isEmpty",
    "isNotEmpty",
    "isNull",
    "isNotNull",
    "matches",
    "eq",
    "ne",
    "neq",
    "gt",
    "gte",
    "lt",
    "lte",
];

pub(super) const TYPES: &[NodeType] =
    &[CONDITIONAL, SWITCH, LOOP, WAIT, HUMAN_REVIEW, TRANSFORM, CODE, SHARED_MEMORY, SUBWORKFLOW, MERGE, PARALLEL];

const CONDITIONAL: NodeType = NodeType {
    key: "conditional",
    aliases: &["condition", "if"],
    name: "Condition",
    category: "logic",
    description: "Goes on by true or by false.",
    fields: &[
        Field::new("expression", "Condition", K::Expression, "What is asked."),
        Field::new("leftValue", "Left", K::Text, "Left side of a simple condition."),
        Field::new("operator", "Operator", K::Select, "How both sides are compared.").options(OPERATORS),
        Field::new("rightValue", "Right", K::Text, "Right side of a simple condition."),
    ],
    outputs: &[("conditionMet", "whether it holds"), ("branch", "\"true\" or \"false\"")],
    handles: &["true", "false"],
    ..NodeType::PLAIN
};

const SWITCH: NodeType = NodeType {
    key: "switch",
    name: "Switch",
    category: "logic",
    description: "Goes on by the first case that fits a value.",
    fields: &[
        Field::new("expression", "Value", K::Expression, "What is compared.").required(),
        Field::new("cases", "Cases", K::Json, "List of {value, label}.").required(),
        Field::new("defaultCase", "Otherwise", K::Text, "Case taken when none fits."),
        Field::new("matchType", "Compared", K::Select, "How a case fits.").options(&["exact", "contains", "regex"]),
    ],
    outputs: &[("matchedCase", "the case"), ("matchedValue", "the value")],
    gets: Gets::Member("matchedCase"),
    handles: &["<case>", "default"],
    ..NodeType::PLAIN
};

const LOOP: NodeType = NodeType {
    key: "loop",
    name: "Loop",
    category: "logic",
    description: "Repeats the nodes of its body for each item, while a condition holds, or a number of times.",
    fields: &[
        Field::new("loopType", "Kind", K::Select, "What the passes are for.")
            .options(&["forEach", "while", "count"])
            .default("\"forEach\""),
        Field::new("arrayPath", "List", K::Expression, "The items of forEach."),
        Field::new("condition", "Condition", K::Expression, "Tested before each pass of while."),
        Field::new("count", "Times", K::Number, "How many passes of count."),
        Field::new("startIndex", "First index", K::Number, "Index of the first pass of count.").default("0"),
        Field::new("itemVariable", "Item", K::Text, "Name of the item.").default("\"item\""),
        Field::new("indexVariable", "Index", K::Text, "Name of the index.").default("\"index\""),
        Field::new("maxIterations", "Passes at most", K::Number, "Where the loop ends anyway.")
            .range(1.0, 10_000.0)
            .default("1000"),
        Field::new("parallel", "At the same time", K::Boolean, "Whether passes work beside each other."),
        Field::new("maxConcurrency", "Passes beside each other", K::Number, "How many.").range(1.0, 10_000.0),
        Field::new("initialVariables", "Variables", K::Json, "Set before the first pass."),
        Field::new("onPartialFailure", "Failed pass", K::Select, "What it does to the loop.")
            .options(&["fail", "continue", "collect"])
            .default("\"fail\""),
    ],
    outputs: &[
        ("results", "values of the passes"),
        ("iterations", "how many"),
        ("completed", "whether it ran to its end"),
    ],
    gets: Gets::Member("results"),
    runs: Runs::Loop,
    handles: &["body", "done"],
    ..NodeType::PLAIN
};

const WAIT: NodeType = NodeType {
    key: "wait",
    aliases: &["delay", "sleep"],
    name: "Wait",
    category: "logic",
    description: "Waits for some time, until an instant, for a condition, or for a call.",
    fields: &[
        Field::new("waitType", "Kind", K::Select, "What is waited for.")
            .options(&["duration", "until", "condition", "webhook"])
            .default("\"duration\""),
        Field::new("duration", "How long", K::Number, "In durationUnit, else in milliseconds."),
        Field::new("durationValue", "How long", K::Number, "In durationUnit, else in seconds."),
        Field::new("durationUnit", "Unit", K::Text, "ms, seconds, minutes, hours or days."),
        Field::new("timestamp", "Until", K::Date, "The instant."),
        Field::new("timezone", "Time zone", K::Text, "IANA name."),
        Field::new("condition", "Condition", K::Expression, "Looked at again and again until it holds."),
        Field::new("pollingInterval", "Looked at every", K::Number, "Seconds.").range(0.0, 86_400.0).default("5"),
        Field::new("timeout", "Time limit", K::Number, "Milliseconds until it goes on anyway.").range(0.0, YEAR_MS),
    ],
    outputs: &[("waitType", "the kind"), ("actualWaitDuration", "milliseconds"), ("timedOut", "whether time was over")],
    runs: Runs::Wait,
    ..NodeType::PLAIN
};

/// Milliseconds of 366 days.
const YEAR_MS: f64 = 31_622_400_000.0;

const HUMAN_REVIEW: NodeType = NodeType {
    key: "humanReview",
    name: "Review",
    category: "logic",
    description: "Asks a person for a value and waits for it.",
    fields: &[
        Field::new("prompt", "Question", K::LongText, "What is asked."),
        Field::new("description", "Explanation", K::LongText, "What the person should know."),
        Field::new("variableName", "Variable", K::Text, "Name of the value."),
        Field::new("inputType", "Type", K::Select, "What the answer holds.")
            .options(&["text", "number", "boolean", "json"])
            .default("\"text\""),
        Field::new("placeholder", "Placeholder", K::Text, "Shown in the empty form."),
        Field::new("required", "Required", K::Boolean, "Whether an answer is needed.").default("true"),
        Field::new("defaultValue", "Default", K::Json, "Taken when time is over."),
        Field::new("validation", "Rules", K::Json, "pattern, min, max, minLength, maxLength, jsonSchema."),
        Field::new("timeoutMs", "Time limit", K::Number, "Milliseconds until the default is taken.")
            .range(1.0, YEAR_MS),
    ],
    outputs: &[("value", "the answer"), ("source", "provided, default or user")],
    gets: Gets::Member("value"),
    runs: Runs::Review,
    ..NodeType::PLAIN
};

const TRANSFORM: NodeType = NodeType {
    key: "transform",
    name: "Transform",
    category: "data",
    description: "Makes a value of other values.",
    fields: &[
        Field::new("operation", "Operation", K::Select, "What is done.").required().options(&[
            "map",
            "filter",
            "reduce",
            "sort",
            "extract",
            "merge",
            "template",
            "flatten",
            "aggregate",
            "parseJSON",
            "parseXML",
            "custom",
            "passthrough",
        ]),
        Field::new("inputData", "Input", K::Expression, "Without it the node before is taken."),
        Field::new("expression", "Expression", K::Expression, "What is done with each item."),
        Field::new("initialValue", "First value", K::Json, "Where reduce begins."),
        Field::new("sources", "Sources", K::Json, "What merge takes beside the input."),
        Field::new("template", "Template", K::LongText, "Text with placeholders."),
    ],
    outputs: &[("value", "the result")],
    gets: Gets::Member("value"),
    json_texts: &["template"],
    ..NodeType::PLAIN
};

const CODE: NodeType = NodeType {
    key: "code",
    name: "Code",
    category: "data",
    description: "Runs JavaScript without network and files.",
    fields: &[
        Field::new("language", "Language", K::Select, "javascript; others where they are switched on.")
            .options(&["javascript", "js", "typescript", "python", "shell", "bash"])
            .default("\"javascript\""),
        Field::new("code", "Program", K::Code, "Its return value is the result.").required(),
        Field::new("timeout", "Time limit", K::Number, "Milliseconds.").range(1.0, 300_000.0).default("30000"),
        Field::new("memory", "Memory", K::Number, "Megabytes.").range(1.0, 512.0).default("128"),
        Field::new("inputVariables", "Variables", K::Json, "Names that it sees; all without it."),
    ],
    outputs: &[("output", "what it returned"), ("stdout", "what it printed")],
    gets: Gets::Member("output"),
    family: Family::Code,
    runs: inside("node-code"),
    ..NodeType::PLAIN
};

const SHARED_MEMORY: NodeType = NodeType {
    key: "shared-memory",
    aliases: &["sharedMemory"],
    name: "Shared memory",
    category: "data",
    description: "Keeps values for the run, to be read or searched later.",
    fields: &[
        Field::new("operation", "Operation", K::Select, "What is done.")
            .options(&["store", "get", "append", "delete", "search"])
            .default("\"store\""),
        Field::new("key", "Key", K::Text, "Name of the value."),
        Field::new("value", "Value", K::Json, "What is kept."),
        Field::new("searchQuery", "Search", K::Text, "What is looked for."),
        Field::new("topK", "Results", K::Number, "How many at most.").range(1.0, 50.0).default("5"),
        Field::new("similarityThreshold", "Similarity", K::Number, "From 0 to 1.").range(0.0, 1.0).default("0.7"),
        Field::new("enableSemanticSearch", "Searchable", K::Boolean, "Whether it can be searched.").default("true"),
    ],
    outputs: &[("key", "the key"), ("value", "the value")],
    ..NodeType::PLAIN
};

const SUBWORKFLOW: NodeType = NodeType {
    key: "subworkflow",
    aliases: &["workflow"],
    name: "Workflow",
    category: "logic",
    description: "Runs another workflow.",
    fields: &[
        Field::new("workflowId", "Workflow", K::Text, "Which one.").required().choices(Choices::Flows),
        Field::new("inputs", "Inputs", K::Json, "What it is given."),
        Field::new("mode", "Mode", K::Select, "Whether its end is awaited.").options(&["wait", "detach"]),
    ],
    outputs: &[("execution_id", "the run"), ("status", "how it ended"), ("outputs", "what it gave")],
    gets: Gets::Member("outputs"),
    runs: Runs::Child(Callee::Flow),
    ..NodeType::PLAIN
};

const MERGE: NodeType = NodeType {
    key: "merge",
    name: "Join",
    category: "logic",
    description: "Goes on when all branches before it are settled.",
    ..NodeType::PLAIN
};

const PARALLEL: NodeType = NodeType {
    key: "parallel",
    name: "Fan out",
    category: "logic",
    description: "Goes on with all nodes behind it at the same time.",
    ..NodeType::PLAIN
};
