//! Types that reach outside: calls, integrations, databases, the web and files.

use super::{Family, Gets, NodeType, Runs, inside, outside};
use crate::catalog::{Field, FieldKind as K};
use crate::plan::Callee;

const CONNECTION: Field =
    Field::new("connectionId", "Connection", K::Text, "Which; the only active one of the provider without it.");

/// What a step on a file has.
const FILE: NodeType = NodeType {
    category: "files",
    fields: &[
        Field::new("path", "Path", K::Text, "In the folder of the run."),
        Field::new("content", "Content", K::LongText, "What is written."),
        Field::new("encoding", "Encoding", K::Text, "utf-8 or base64."),
    ],
    outputs: &[("path", "where it is"), ("filename", "its name"), ("size", "bytes"), ("content", "what it holds")],
    ..NodeType::PLAIN
};

/// A payment run, made of what a new one takes (Treasury contract, section 2.1), in the spelling of this language.
const PAYMENT_RUN: NodeType = NodeType {
    key: "paymentRun",
    aliases: &["payment-run"],
    name: "Payment run",
    category: "payments",
    description: "Prepares payments, which people approve, and waits until they are paid.",
    fields: &[
        Field::new("objective", "What for", K::LongText, "What is paid, in a sentence.").required(),
        Field::new("candidates", "Payments", K::Json, "Each with payee, account, institution and amount."),
        Field::new("recipientIds", "Saved payees", K::Json, "Their ids, instead of payments."),
        Field::new("amountEach", "Amount for each", K::Number, "What every saved payee gets.").range(0.01, 1e13),
        Field::new("budgetCap", "Budget", K::Number, "The most that may be paid.").range(0.01, 1e13),
        Field::new("riskTolerance", "Risk tolerance", K::Number, "From 0 to 1.").range(0.0, 1.0),
        Field::new("dateFrom", "First day", K::Text, "Of what is looked at, like 2026-06-01."),
        Field::new("dateTo", "Last day", K::Text, "Of what is looked at, like 2026-06-30."),
        Field::new("mode", "Mode", K::Select, "Whether its end is awaited.").options(&["wait", "detach"]),
    ],
    outputs: &[
        ("payment_run_id", "the run"),
        ("status", "how it ended"),
        ("succeeded_count", "payments that were made"),
        ("failed_count", "payments that failed"),
        ("total_payout_amount", "what was paid"),
    ],
    runs: Runs::Child(Callee::PaymentRun),
    ..NodeType::PLAIN
};

pub(super) const TYPES: &[NodeType] = &[
    PAYMENT_RUN,
    NodeType {
        key: "http",
        name: "HTTP",
        category: "tools",
        description: "Calls an address. Any answer goes on, whatever its status.",
        fields: &[
            Field::new("method", "Method", K::Select, "How it is called.")
                .options(&["GET", "POST", "PUT", "PATCH", "DELETE"])
                .default("\"GET\""),
            Field::new("url", "Address", K::Text, "What is called.").required(),
            Field::new("headers", "Headers", K::KeyValue, "Names and values."),
            Field::new("queryParams", "Query", K::KeyValue, "Names and values."),
            Field::new("authType", "Authentication", K::Select, "What is sent along.")
                .options(&["none", "basic", "bearer", "apiKey"]),
            Field::new("authCredentials", "Credentials", K::Text, "user:pass, token or key."),
            Field::new("bodyType", "Body", K::Select, "What it is.").options(&["json", "form", "raw"]),
            Field::new("body", "Content", K::Json, "Text or JSON."),
            Field::new("timeout", "Time limit", K::Number, "Seconds.").range(0.001, 300.0).default("30"),
            Field::new("retryCount", "Repeats", K::Number, "After errors of transport.").range(0.0, 5.0).default("0"),
            CONNECTION,
        ],
        outputs: &[("status", "status code"), ("headers", "headers"), ("data", "the answer"), ("responseTime", "ms")],
        runs: outside("node-http"),
        json_texts: &["body"],
        ..NodeType::PLAIN
    },
    NodeType {
        key: "integration",
        aliases: &["action"],
        name: "Integration",
        category: "tools",
        description: "Calls an operation of a provider by a connection.",
        fields: &[
            Field::new("provider", "Provider", K::Text, "Whose operation.").required(),
            Field::new("operation", "Operation", K::Text, "Which one.").required(),
            CONNECTION,
            Field::new("parameters", "Parameters", K::Json, "What it is given."),
        ],
        outputs: &[("data", "the answer"), ("success", "whether it worked")],
        gets: Gets::Member("data"),
        runs: outside("node-integration"),
        ..NodeType::PLAIN
    },
    NodeType {
        key: "database",
        name: "Database",
        category: "tools",
        description: "Asks a database. Values are bound, never pasted into the query.",
        fields: &[
            Field::new("provider", "Database", K::Text, "postgres, mysql, sqlite or mongodb."),
            CONNECTION,
            Field::new("operation", "Operation", K::Text, "What is done."),
            Field::new("query", "Query", K::LongText, "SQL."),
            Field::new("parameters", "Parameters", K::Json, "List or names and values."),
        ],
        outputs: &[("rows", "the rows"), ("rowCount", "how many")],
        gets: Gets::Member("rows"),
        runs: outside("node-database"),
        ..NodeType::PLAIN
    },
    NodeType {
        key: "webSearch",
        aliases: &["web_search"],
        name: "Web search",
        category: "tools",
        description: "Searches the web by a provider of searches.",
        fields: &[
            Field::new("query", "Question", K::Text, "What is looked for."),
            Field::new("maxResults", "Results", K::Number, "How many at most.").range(1.0, 20.0).default("5"),
            Field::new("searchType", "Kind", K::Select, "Where.").options(&["general", "news", "images"]),
        ],
        outputs: &[("results", "title, url, snippet of each")],
        family: Family::Web,
        runs: super::optional("node-webSearch"),
        ..NodeType::PLAIN
    },
    NodeType {
        key: "webBrowse",
        aliases: &["web_browse"],
        name: "Web page",
        category: "tools",
        description: "Reads a web page.",
        fields: &[
            Field::new("url", "Address", K::Text, "Which page."),
            Field::new("extractText", "Text only", K::Boolean, "Whether markup is left out."),
            Field::new("maxLength", "Length", K::Number, "Characters at most.")
                .range(1.0, 1_000_000_000.0)
                .default("10000"),
        ],
        outputs: &[("title", "its title"), ("content", "its text")],
        family: Family::Web,
        runs: outside("node-webBrowse"),
        ..NodeType::PLAIN
    },
    NodeType {
        key: "fileDownload",
        name: "Download",
        description: "Fetches a file into the folder of the run.",
        fields: &[
            Field::new("url", "Address", K::Text, "Of the file."),
            Field::new("path", "Path", K::Text, "In the folder of the run."),
            Field::new("maxSize", "Size", K::Number, "Bytes at most."),
        ],
        runs: outside("node-fileDownload"),
        ..FILE
    },
    NodeType {
        key: "fileRead",
        name: "Read a file",
        description: "Reads a file of the folder of the run.",
        runs: inside("node-fileRead"),
        ..FILE
    },
    NodeType {
        key: "fileWrite",
        name: "Write a file",
        description: "Writes a file into the folder of the run.",
        runs: inside("node-fileWrite"),
        ..FILE
    },
    NodeType {
        key: "fileOperations",
        name: "Files of the run",
        description: "Lists, copies, moves or deletes files of the folder of the run.",
        runs: inside("node-fileOperations"),
        ..FILE
    },
];
