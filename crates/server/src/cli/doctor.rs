//! `floe doctor`: one line for each check, what to do below it; also with the server stopped.

use clap::Args;
use floe_operation::doctor::{Check, Status, closed};
use serde_json::Value;

use super::local::operate;
use super::{Context, Exit, Failure, Place};
use crate::app::location;
use crate::operator::{self, Operation};
use crate::settings::{KEY_FILE, Settings};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) place: Place,
}

pub(super) async fn execute(context: &Context) -> Result<Exit, Failure> {
    let settings = &context.settings;
    let place = location(settings, &settings.data_dir);
    let runs = operator::is_running(&settings.data_dir).await;
    let schema = if runs { None } else { Some(floe_store::inspect(place).await) };
    let checks = match schema {
        // Opening a database brings it up to date, and a look must change nothing.
        Some(Ok(schema)) if schema.version == 0 => {
            let fix = "Start the server with floe serve, which makes one";
            vec![Check::warn("store", "Store integrity", "there is no database yet", fix)]
        }
        Some(Ok(_)) if key_is_missing(settings) => {
            let fix = "Put the secret.key of this data back into the data folder, or set FLOE_SECRET_KEY to it";
            vec![Check::fail("secret_key", "Secret key", "there is none beside the database", fix)]
        }
        Some(schema) if !schema.as_ref().is_ok_and(|schema| schema.pending.is_empty()) => vec![closed(&schema)],
        _ => read(&operate(context, Operation::Doctor).await?)?,
    };
    print(context, &checks)?;
    let failed = checks.iter().any(|check| check.status == Status::Fail);
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

/// Opening the folder would make a new key, which is not the one of the data.
fn key_is_missing(settings: &Settings) -> bool {
    settings.secret_key.is_none() && !settings.data_dir.join(KEY_FILE).exists()
}

fn read(answer: &Value) -> Result<Vec<Check>, Failure> {
    serde_json::from_value(answer["data"].clone())
        .map_err(|error| Failure::new(Exit::Failed, "answer", format!("the server is of another version: {error}")))
}

fn print(context: &Context, checks: &[Check]) -> Result<(), Failure> {
    let output = context.output;
    for check in checks {
        if output.json {
            let line = serde_json::to_string(check);
            output.line(&line.map_err(|error| Failure::new(Exit::Failed, "json", error.to_string()))?);
            continue;
        }
        let word = match check.status {
            Status::Ok => "ok",
            Status::Warn => "warn",
            Status::Fail => "FAIL",
        };
        output.line(&format!("{word:<5} {:<16} {}", check.title, check.detail));
        if let Some(fix) = &check.fix {
            output.line(&format!("      {fix}"));
        }
    }
    Ok(())
}
