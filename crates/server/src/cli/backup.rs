//! `floe backup`: a copy of everything in one file.

use std::path::PathBuf;

use clap::Args;
use floe_store::Location;

use super::local::operate;
use super::{Context, Exit, Failure, Place};
use crate::app::location;
use crate::operator::{self, Operation};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) place: Place,
    /// Where to write it (default: the backup folder)
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also put the server's secret key into it; keep such a file safe
    #[arg(long)]
    with_key: bool,
}

pub(super) async fn execute(context: &Context, arguments: Arguments) -> Result<Exit, Failure> {
    let output = arguments.output.as_deref().map(std::path::absolute).transpose();
    let output = output.map_err(|error| Failure::usage(format!("--output: {error}")))?;
    refuse_old_schema(context).await?;
    let answer = operate(context, Operation::Backup { output, with_key: arguments.with_key }).await?;
    if !arguments.with_key {
        context.output.say("the secret key is not inside: keep secret.key (or FLOE_SECRET_KEY) somewhere safe as well");
    }
    if context.output.json {
        context.output.document(&answer);
        return Ok(Exit::Done);
    }
    let bytes = answer["bytes"].as_i64().unwrap_or(0);
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    context.output.line(&text("path"));
    if !context.output.quiet {
        context.output.line(&format!("{bytes} bytes, sha256 {}", text("sha256")));
        context.output.line(&format!("opened and checked; schema version {}", answer["schema_version"]));
    }
    Ok(Exit::Done)
}

/// Without a server this command would open the database, and so upgrade what it is to keep as it is.
async fn refuse_old_schema(context: &Context) -> Result<(), Failure> {
    let settings = &context.settings;
    let place = location(settings, &settings.data_dir);
    if matches!(place, Location::Postgres(_)) || operator::is_running(&settings.data_dir).await {
        return Ok(());
    }
    let schema = floe_store::inspect(place).await;
    let schema = schema.map_err(|error| Failure::new(Exit::Refused, "schema", error.to_string()))?;
    match (schema.version, schema.pending.len()) {
        (0, _) => Err(Failure::not_found(format!("there is no database in {}", settings.data_dir.display()))),
        (_, 0) => Ok(()),
        (version, _) => {
            let known = schema.known;
            let message = format!(
                "the database has schema version {version} and this program {known}: take the backup with the program that runs it, \
                 or run floe migrate, which keeps the old file"
            );
            Err(Failure::new(Exit::Refused, "schema_old", message))
        }
    }
}
