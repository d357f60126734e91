//! Start and end.

use super::{Family, Gets, NodeType, inside, outside};
use crate::catalog::{Field, FieldKind as K};

const INPUT_NAME: Field = Field::new("inputName", "Name", K::Text, "Name of the input of the run.");
const DESCRIPTION: Field = Field::new("description", "Description", K::LongText, "What is to be entered.");
const REQUIRED: Field =
    Field::new("required", "Required", K::Boolean, "Whether a run without it is refused.").default("true");
const CHUNK_SIZE: Field = Field::new("chunkSize", "Chunk size", K::Number, "Characters of one chunk.")
    .range(1.0, 10_000_000.0)
    .default("1000");
const CHUNK_OVERLAP: Field =
    Field::new("chunkOverlap", "Overlap", K::Number, "Characters that two chunks share.").range(0.0, 10_000_000.0);

pub(super) const TYPES: &[NodeType] = &[TRIGGER, INPUT, FILES, URL, OUTPUT, TEMPLATE_OUTPUT];

const TRIGGER: NodeType = NodeType {
    key: "trigger",
    name: "Trigger",
    category: "start",
    description: "Starts a run at set times, when a webhook is called, or when something has happened.",
    fields: &[
        Field::new("triggerType", "Starts", K::Select, "What starts a run.")
            .options(&["schedule", "webhook", "event", "manual"]),
        Field::new("cronExpression", "Times", K::Text, "Five fields: minute, hour, day, month, day of the week."),
        Field::new("timezone", "Time zone", K::Text, "IANA name.").default("\"UTC\""),
        Field::new("providerId", "Provider", K::Text, "Whose event it is."),
        Field::new("eventId", "Event", K::Text, "Which event."),
    ],
    outputs: &[("*", "what the trigger brought")],
    ..NodeType::PLAIN
};

const INPUT: NodeType = NodeType {
    key: "input",
    name: "Input",
    category: "start",
    description: "A value that whoever starts the workflow gives.",
    fields: &[
        INPUT_NAME,
        Field::new("inputType", "Type", K::Select, "What it holds.")
            .options(&["text", "json", "number", "boolean", "select", "file"])
            .default("\"text\""),
        REQUIRED,
        Field::new("defaultValue", "Default", K::Json, "Taken when nothing is given."),
        DESCRIPTION,
        Field::new("options", "Options", K::Json, "Allowed values of a select."),
        Field::new("schema", "Schema", K::Json, "JSON Schema of a JSON value."),
    ],
    outputs: &[("<inputName>", "the value")],
    gets: Gets::Named,
    ..NodeType::PLAIN
};

const FILES: NodeType = NodeType {
    key: "files",
    name: "Files",
    category: "start",
    description: "One or more files, read as text and cut into chunks.",
    fields: &[
        INPUT_NAME,
        REQUIRED,
        Field::new("allowedFileTypes", "Allowed types", K::Json, "Media types or endings."),
        CHUNK_SIZE,
        CHUNK_OVERLAP,
    ],
    outputs: &[("files", "the files"), ("combinedText", "the text of all"), ("fileCount", "how many")],
    runs: inside("node-files"),
    ..NodeType::PLAIN
};

const URL: NodeType = NodeType {
    key: "url",
    name: "Web pages",
    category: "start",
    description: "Reads the pages at one or more addresses.",
    fields: &[
        INPUT_NAME,
        Field::new("urls", "Addresses", K::Json, "One address or a list."),
        Field::new("urlVariable", "Variable", K::Text, "Name of the value that holds them."),
        Field::new("scrapingMode", "As", K::Text, "html, text or markdown."),
        Field::new("timeout", "Time limit", K::Number, "Seconds for one page.").range(5.0, 60.0).default("30"),
        CHUNK_SIZE,
        CHUNK_OVERLAP,
    ],
    outputs: &[("urls", "the pages"), ("combinedText", "the text of all"), ("content", "the text of a single one")],
    family: Family::Web,
    runs: outside("node-url"),
    ..NodeType::PLAIN
};

const OUTPUT: NodeType = NodeType {
    key: "output",
    name: "Output",
    category: "end",
    description: "A value that the run gives back.",
    fields: &[
        Field::new("outputName", "Name", K::Text, "Name of the output.").required(),
        Field::new("value", "Value", K::Json, "What it holds.").required(),
        Field::new("format", "Format", K::Select, "What it is made into.")
            .options(&["json", "string", "number", "boolean"]),
    ],
    outputs: &[("<outputName>", "the value")],
    gets: Gets::Named,
    json_texts: &["value"],
    ..NodeType::PLAIN
};

const TEMPLATE_OUTPUT: NodeType = NodeType {
    key: "templateOutput",
    name: "Document",
    category: "end",
    description: "A text made from a template, given back by the run.",
    fields: &[
        Field::new("outputName", "Name", K::Text, "Name of the output."),
        Field::new("template", "Template", K::LongText, "Text with placeholders, {{#each}} and {{#if}}."),
        Field::new("outputFormat", "Format", K::Select, "What it is.").options(&["markdown", "html", "handlebars"]),
        Field::new("variables", "Variables", K::Json, "Further names for the template."),
    ],
    outputs: &[("<outputName>", "the text")],
    gets: Gets::Named,
    ..NodeType::PLAIN
};
