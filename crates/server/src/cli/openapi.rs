//! `floe openapi`: the document of what this version serves, without a server.

use clap::Args;
use floe_surfaces::SURFACES;
use floe_surfaces::openapi::{Form, text_of};

use super::{Exit, Failure, Output};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// One surface, such as flows; all of them unless given
    #[arg(long, value_name = "NAME")]
    surface: Option<String>,
    /// YAML in place of JSON
    #[arg(long)]
    yaml: bool,
}

pub(super) fn execute(output: Output, arguments: &Arguments) -> Result<Exit, Failure> {
    let form = if arguments.yaml { Form::Yaml } else { Form::Json };
    let text = text_of(arguments.surface.as_deref(), form).ok_or_else(|| {
        let names: Vec<&str> = SURFACES.iter().map(|surface| surface.name).collect();
        Failure::usage(format!("--surface must be one of: {}", names.join(", ")))
    })?;
    output.line(text.trim_end());
    Ok(Exit::Done)
}
