//! The node type `pdfExtract`: the text of a PDF, read in the process that reads hostile files.

use std::sync::Arc;

use floe_engine::catalog::StepSpec;
use floe_engine::event::StepError;
use floe_model::agents::document_kind::DocumentKind;
use floe_runtime::Platform;
use floe_runtime::documents::Unreadable;
use floe_runtime::documents::child::{ReadFailure, Readers};
use floe_runtime::effect::{Effect, EffectCall, EffectFuture};
use serde_json::{Value, json};

use super::config::{Config, parsed};
use super::failure::{invalid, of_reading};
use super::files::given;
use super::spec;

static SPEC: StepSpec = spec::outside("node-pdfExtract", "PDF text");

/// Reads PDFs.
pub(super) struct PdfExtract(pub(super) Readers);

impl Effect for PdfExtract {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    fn sends(&self, _: &Value) -> bool {
        false
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move { run(platform, &self.0, &call).await.into() })
    }
}

async fn run(platform: &Arc<Platform>, readers: &Readers, call: &EffectCall) -> Result<Value, StepError> {
    let config = Config(&call.input);
    let source = config.get(&["path", "file", "url", "source"]).ok_or_else(|| invalid("path is missing"))?;
    let source = parsed(source);
    // The record of a node that takes files, or of one that downloads them.
    let source = match source.pointer("/files/0") {
        Some(first) => first,
        None => &*source,
    };
    let file = given(platform, call, source).await?;
    if DocumentKind::of(&file.name, None, &file.bytes) != Ok(DocumentKind::Pdf) {
        return Err(invalid("The file is no PDF"));
    }
    let size = file.bytes.len();
    let blocks = match readers.read(DocumentKind::Pdf, file.bytes).await {
        Ok(blocks) => blocks,
        Err(ReadFailure::File(Unreadable::Empty)) => Vec::new(),
        Err(failure) => return Err(of_reading(&file.name, failure)),
    };
    let pages = blocks.iter().filter_map(|block| block.page).max().unwrap_or(0);
    let text: Vec<&str> = blocks.iter().map(|block| block.text.as_str()).collect();
    let text = text.join("\n\n");
    let metadata = json!({ "fileName": file.name, "size": size, "characters": text.chars().count() });
    Ok(json!({ "text": text, "pages": pages, "metadata": metadata }))
}
