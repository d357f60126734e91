//! The node type `chartGeneration`: a drawing of numbers (SVG) in the folder of the run.

mod data;
mod draw;

use std::sync::Arc;

use floe_engine::catalog::StepSpec;
use floe_engine::event::StepError;
use floe_runtime::Platform;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture};
use serde_json::{Value, json};

use super::config::Config;
use super::failure::invalid;
use super::files::folder::{self, Path};
use super::spec;
use data::Numbers;
use draw::{Form, Sheet};

/// Characters of a title at most.
const TITLE_CHARS_MAX: usize = 200;

static SPEC: StepSpec = spec::inside("node-chartGeneration", "Chart", spec::TIMEOUT_MS);

/// Draws charts.
pub(super) struct Chart;

impl Effect for Chart {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move { run(platform, &call).await.into() })
    }
}

async fn run(platform: &Arc<Platform>, call: &EffectCall) -> Result<Value, StepError> {
    let config = Config(&call.input);
    let kind = config.text(&["chartType", "type"])?.map_or_else(|| "bar".to_owned(), |kind| kind.to_ascii_lowercase());
    let form = Form::parse(&kind)?;
    let source = config.get(&["dataSource", "data"]).ok_or_else(|| invalid("dataSource is missing"))?;
    let numbers = Numbers::of(source, config)?;
    let title: String = config.text(&["title"])?.unwrap_or_default().chars().take(TITLE_CHARS_MAX).collect();
    let size = |keys: &[&str], usual| config.number(keys, usual, 100..=4_000);
    let sheet = Sheet { width: size(&["width"], 800)? as f64, height: size(&["height"], 500)? as f64, title: &title };
    let svg = draw::chart(form, &numbers, &sheet);
    let mut name =
        config.text(&["filename", "fileName", "path"])?.map_or_else(|| "chart".to_owned(), |name| name.into_owned());
    if !name.to_ascii_lowercase().ends_with(".svg") {
        name.push_str(".svg");
    }
    let path = Path::parse(&name)?;
    let entry = folder::write(platform, call, &path, svg.into_bytes()).await?;
    Ok(json!({
        "filename": path.filename(), "path": entry.path, "size": entry.size, "url": entry.url(), "format": "svg",
        "chartType": kind, "contentType": "image/svg+xml",
    }))
}
