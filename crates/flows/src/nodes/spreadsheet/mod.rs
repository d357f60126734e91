//! The node type `spreadsheetGeneration`: rows as a table in the folder of the run.

mod rows;
mod xlsx;

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
use rows::Table;

static SPEC: StepSpec = spec::inside("node-spreadsheetGeneration", "Spreadsheet", spec::TIMEOUT_MS);

/// Writes spreadsheets.
pub(super) struct Spreadsheet;

impl Effect for Spreadsheet {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move { run(platform, &call).await.into() })
    }
}

async fn run(platform: &Arc<Platform>, call: &EffectCall) -> Result<Value, StepError> {
    let config = Config(&call.input);
    let table = Table::of(config.get(&["dataSource", "data"]).ok_or_else(|| invalid("dataSource is missing"))?)?;
    let format = config.text(&["format"])?.map_or_else(|| "xlsx".to_owned(), |format| format.to_ascii_lowercase());
    let bytes = match format.as_str() {
        "xlsx" | "excel" => {
            let sheet = config.text(&["sheetName"])?;
            xlsx::write(&table, sheet.as_deref().unwrap_or("Sheet1"))?
        }
        "csv" => table.csv()?,
        _ => return Err(invalid("format is not one of xlsx, csv")),
    };
    let ending = if format == "csv" { ".csv" } else { ".xlsx" };
    let name = config.text(&["filename", "fileName", "path"])?;
    let mut name = name.as_deref().unwrap_or("spreadsheet").to_owned();
    if !name.to_ascii_lowercase().ends_with(ending) {
        name.push_str(ending);
    }
    let path = Path::parse(&name)?;
    let entry = folder::write(platform, call, &path, bytes).await?;
    Ok(json!({
        "filename": path.filename(), "path": entry.path, "size": entry.size, "url": entry.url(), "format": format,
        "rowCount": table.rows.len(),
    }))
}
