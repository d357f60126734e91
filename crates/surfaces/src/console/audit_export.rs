//! `/audit/export`: the log as a stream, page by page, from a signed head to a signed head.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use floe_access::audit::export::Export;
use floe_access::audit::{Sealed, SignedHead, chain};
use floe_model::Fault;
use http::header::CONTENT_DISPOSITION;
use http_body_util::channel::{Channel, Sender};
use serde_json::{Value, json};

use super::filters;
use crate::App;
use crate::http::{Call, Reply};

/// Media type of JSON lines.
pub(super) const JSONL: &str = "application/x-ndjson";
/// Media type of comma-separated values.
pub(super) const CSV: &str = "text/csv";
/// Pages that are read before the one before was taken.
const PAGES_AHEAD: usize = 1;
/// Columns of an entry and of a head; `record` tells which a row is.
const COLUMNS: &[(&str, &str)] = &[
    ("id", "/id"),
    ("seq", "/seq"),
    ("at", "/at"),
    ("mode", "/mode"),
    ("product", "/product"),
    ("agent_type", "/agent_type"),
    ("action", "/action"),
    ("actor_type", "/actor/type"),
    ("actor_id", "/actor/id"),
    ("actor_name", "/actor/name"),
    ("target_type", "/target/type"),
    ("target_id", "/target/id"),
    ("target_name", "/target/name"),
    ("run_id", "/run_id"),
    ("detail", "/detail"),
    ("request_id", "/request_id"),
    ("ip", "/ip"),
    ("prev_hash", "/prev_hash"),
    ("hash", "/hash"),
    ("workspace_id", "/workspace_id"),
    ("public_key", "/public_key"),
    ("signature", "/signature"),
];

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Jsonl,
    Csv,
}

pub(super) async fn export(call: Call) -> Result<Reply, Fault> {
    let form = match call.query.get("format") {
        None | Some("jsonl") => Form::Jsonl,
        Some("csv") => Form::Csv,
        Some(_) => return Err(Fault::field("/format", "value", "format must be jsonl or csv")),
    };
    let (from, to) = (filters::instant(&call, "from")?, filters::instant(&call, "to")?);
    let export = call.app.access.begin_export(call.ctx.caller.workspace, from, to).await?;
    let (sender, body) = Channel::new(PAGES_AHEAD);
    tokio::spawn(send(Arc::clone(&call.app), export, form, sender));
    let (media, name) = match form {
        Form::Jsonl => (JSONL, "audit.jsonl"),
        Form::Csv => (CSV, "audit.csv"),
    };
    let reply = Reply::stream(media, Body::new(body));
    Ok(reply.text_header(CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\"")))
}

/// Sends page after page, as fast as they are taken; a reader that went away ends it.
async fn send(app: Arc<App>, mut export: Export, form: Form, mut sender: Sender<Bytes, Fault>) {
    let mut text = form.begin(&export.begin);
    loop {
        if sender.send_data(Bytes::from(std::mem::take(&mut text))).await.is_err() {
            return;
        }
        match app.access.export_page(&mut export).await {
            Ok(page) if page.is_empty() => break,
            Ok(page) => text = page.iter().map(|sealed| form.entry(sealed)).collect(),
            // The answer has begun: all that can be done is to end it before its last head, which no check takes for whole.
            Err(fault) => {
                tracing::error!(%fault, "an export of the audit log ended early");
                return sender.abort(fault);
            }
        }
    }
    // A reader that went away misses nothing.
    let _ = sender.send_data(Bytes::from(form.head(&app.access.end_export(&export)))).await;
}

impl Form {
    fn begin(self, head: &SignedHead) -> String {
        match self {
            Self::Jsonl => self.head(head),
            Self::Csv => csv_line("record", COLUMNS.iter().map(|(name, _)| (*name).to_owned())) + &self.head(head),
        }
    }

    fn head(self, head: &SignedHead) -> String {
        match self {
            Self::Jsonl => format!("{}\n", json!({ "head": head.object() })),
            Self::Csv => row("head", &head.object()),
        }
    }

    fn entry(self, sealed: &Sealed) -> String {
        match self {
            Self::Jsonl => format!("{}\n", chain::entry_object(sealed)),
            Self::Csv => row("entry", &chain::entry_object(sealed)),
        }
    }
}

fn row(record: &str, object: &Value) -> String {
    csv_line(record, COLUMNS.iter().map(|(_, pointer)| cell(object.pointer(pointer))))
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// A line by RFC 4180. Cells that a spreadsheet would take for a formula get an apostrophe before them.
fn csv_line(record: &str, cells: impl Iterator<Item = String>) -> String {
    let mut line = record.to_owned();
    for cell in cells {
        let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let cell = if formula { format!("'{cell}") } else { cell };
        line.push(',');
        if cell.contains([',', '"', '\n', '\r']) {
            line.push('"');
            line.push_str(&cell.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(&cell);
        }
    }
    line.push_str("\r\n");
    line
}

#[cfg(test)]
mod tests {
    use super::csv_line;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        let cells = ["plain", "a,b", "say \"x\"", "=1+1", "", "two\nlines"].map(str::to_owned);
        assert_eq!(
            csv_line("entry", cells.into_iter()),
            "entry,plain,\"a,b\",\"say \"\"x\"\"\",'=1+1,,\"two\nlines\"\r\n"
        );
    }
}
