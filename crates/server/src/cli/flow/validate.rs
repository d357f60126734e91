//! `floe flow validate`: checks files without a server.

use std::path::PathBuf;

use clap::Args;
use floe_engine::lang::steps::compile;
use floe_engine::lang::{Problem, Severity};
use serde_json::json;

use super::file::FlowFile;
use super::workflow;
use super::{Context, Exit, Failure};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Files <name>.flow.json and <name>.workflow.json
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let catalog = crate::registry::catalog(&context.settings);
    let mut errors = 0;
    for path in &arguments.files {
        if workflow::is_workflow(path) {
            errors += workflow::validate(context, path)?;
            continue;
        }
        let file = FlowFile::read(path)?;
        let name = path.display().to_string();
        let problems = compile(&file.definition, &catalog).problems;
        errors += problems.iter().filter(|problem| problem.severity == Severity::Error).count();
        problems.iter().for_each(|problem| print(context, &name, problem));
    }
    if errors == 0 {
        context.output.say("no errors");
        return Ok(Exit::Done);
    }
    context.output.say(&format!("{errors} errors"));
    Ok(Exit::Invalid)
}

/// `file:pointer severity code message`.
fn print(context: &Context, file: &str, problem: &Problem) {
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let pointer = format!("/definition{}", problem.path);
    if context.output.json {
        let line = json!({ "file": file, "pointer": pointer, "severity": severity, "code": problem.code,
            "stepId": problem.step_id, "message": problem.message });
        context.output.line(&line.to_string());
    } else {
        context.output.line(&format!("{file}:{pointer} {severity} {} {}", problem.code, problem.message));
    }
}
