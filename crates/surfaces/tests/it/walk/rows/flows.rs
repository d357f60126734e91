//! Rows of the Flow API.

use serde_json::{Value, json};

use super::{Row, Thing, row};

pub(super) fn all() -> Vec<Row> {
    let groups = [flows(), shared(), helpers(), versions(), runs()];
    groups.into_iter().flatten().collect()
}

fn flows() -> Vec<Row> {
    use Thing::{Flow, None, Published};
    let inputs: fn(&Value) -> Value = |_| json!({ "topic": "tea" });
    let others: fn(&Value) -> Value = |_| json!({ "topic": "rice" });
    vec![
        row("GET", "/v1/flow", None).lists(Flow),
        row("POST", "/v1/flow", None).body(|_| json!({ "name": "Renewal" })).other(|_| json!({ "name": "Other" })),
        row("GET", "/v1/flow/{id}", Flow),
        row("PATCH", "/v1/flow/{id}", Flow).body(|_| json!({ "name": "New" })),
        row("DELETE", "/v1/flow/{id}", Flow),
        row("POST", "/v1/client/flow/{id}/execute", Published).body(inputs).other(others),
        row("POST", "/v1/sdk/flow/{id}/execute", Published).body(inputs).other(others),
        row("POST", "/v1/flow/execute/{id}", Published)
            .body(|_| json!({ "inputs": { "topic": "tea" }, "returnExecutionMetadata": true }))
            .other(|_| json!({ "inputs": { "topic": "rice" } })),
    ]
}

fn shared() -> Vec<Row> {
    use Thing::{File, Link, None};
    const FORM: &str = "takes a form; see sharing/files.rs";
    vec![
        row("GET", "/v1/flow/share/{token}", Link),
        row("POST", "/v1/flow/share/execute/{token}", Link).body(|_| json!({})),
        row("POST", "/v1/flow/share/file/{token}", Link).cannot_succeed(FORM),
        row("POST", "/v1/flow/file", None).cannot_succeed(FORM),
        row("GET", "/v1/flow/file/{id}", File),
        row("GET", "/f/{token}", Link),
        row("GET", "/f/form.css", None),
        row("GET", "/f/form.js", None),
    ]
}

fn helpers() -> Vec<Row> {
    use Thing::{Flow, None, Published};
    const MODEL: &str = "needs a model, and there is none yet";
    let prompt: fn(&Value) -> Value = |_| json!({ "prompt": "Add a step" });
    vec![
        row("GET", "/v1/flow/preferences", None),
        row("POST", "/v1/flow/step-field-items", None)
            .body(|_| json!({ "stepType": "sub-flow", "field": "flowId" }))
            .cannot_succeed("changes nothing, so it keeps no repeats; see sharing/editor.rs"),
        row("POST", "/v1/flow/enhance", None).body(prompt).cannot_succeed(MODEL),
        row("POST", "/v1/flow/{id}/enhance", Flow).body(prompt).cannot_succeed(MODEL),
        row("POST", "/v1/flow/{id}/clone", Flow)
            .body(|_| json!({ "name": "Copy" }))
            .other(|_| json!({ "name": "Other" })),
        row("GET", "/v1/flow/{id}/export", Published),
        row("POST", "/v1/flow/import", None)
            .body(|_| json!({ "document": {} }))
            .cannot_succeed("needs a document; see sharing/transfer.rs"),
        row("GET", "/v1/flow/{id}/logs", Published).fixed("see flows/schedule.rs"),
        row("GET", "/v1/flow/{id}/schedule", Published),
        row("POST", "/v1/flow/{id}/schedule", Published)
            .body(|_| json!({ "cron": "0 9 * * *" }))
            .other(|_| json!({ "cron": "0 10 * * *" })),
        row("POST", "/v1/flow/{id}/schedule-cancel", Published),
    ]
}

fn versions() -> Vec<Row> {
    use Thing::{Flow, Published, Versions};
    let summary: fn(&Value) -> Value = |_| json!({ "summary": "Better" });
    let other: fn(&Value) -> Value = |_| json!({ "summary": "Best" });
    vec![
        row("POST", "/v1/flow/{id}/autosave", Flow)
            .body(|_| json!({ "name": "Saved" }))
            .other(|_| json!({ "name": "Again" })),
        row("POST", "/v1/flow/{id}/publish", Flow).body(summary).other(other),
        row("GET", "/v1/flow/{id}/versions", Versions),
        row("GET", "/v1/flow/{id}/versions/{version}", Published),
        row("DELETE", "/v1/flow/{id}/versions/{version}", Flow),
        row("POST", "/v1/flow/{id}/versions/{version}/publish", Flow).body(summary).other(other),
        row("POST", "/v1/flow/{id}/versions/{version}/set-latest", Versions),
        row("POST", "/v1/flow/{id}/versions/{version}/rollback", Published)
            .body(|_| json!({ "publish": false }))
            .other(|_| json!({ "publish": true })),
        row("POST", "/v1/flow/{id}/versions/{version}/unpublish", Versions),
    ]
}

fn runs() -> Vec<Row> {
    use Thing::{Failed, Ran, Run, Waiting};
    vec![
        row("POST", "/v1/flowrun/resume/{id}", Waiting)
            .body(|_| json!({ "decision": "approve" }))
            .other(|_| json!({ "decision": "reject" })),
        row("POST", "/v1/flowrun/cancel/{id}", Waiting),
        row("POST", "/v1/flowrun/retry/{id}", Failed)
            .body(|_| json!({ "fromFailedStep": true }))
            .other(|_| json!({ "fromFailedStep": false })),
        row("GET", "/v1/flowrun/stream/{id}", Run),
        row("GET", "/v1/flowrun/{id}", Ran),
        row("GET", "/v1/flowrun/light/{id}", Ran),
        row("GET", "/v1/flowrun/overview/{id}", Ran),
        row("GET", "/v1/flowrun/poll/{id}", Run),
        row("GET", "/v1/flowrun/minimal-details/{id}", Run),
        row("GET", "/v1/flowrun/summary/{id}", Run),
        row("GET", "/v1/flowrun/details/{id}", Waiting),
        row("GET", "/v1/flowrun/detailed/{id}", Run),
        row("GET", "/v1/flowrun/inputs/{id}", Run),
        row("GET", "/v1/flowrun/outputs/{id}", Run),
        row("GET", "/v1/flowrun/errorDetails/{id}", Run),
        row("GET", "/v1/flowrun/steps/{id}", Run),
        row("GET", "/v1/flowrun/context/{id}", Run),
        row("GET", "/v1/flowrun/credit-details/{id}", Run),
    ]
}
