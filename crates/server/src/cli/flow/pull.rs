//! `floe flow pull`: writes flows into files.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::file::{Base, Bases, FlowFile};
use super::workflow;
use super::{Context, Exit, Failure, SEARCHED_MAX, flow_id, record};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Ids or names of flows and workflows
    #[arg(required_unless_present = "all")]
    flows: Vec<String>,
    /// Folder to write into
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Every flow and workflow of the workspace
    #[arg(long, conflicts_with = "flows")]
    all: bool,
}

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let api = context.api()?;
    let mut workflows = Vec::new();
    let ids = if arguments.all {
        for id in workflow::ids(&api).await? {
            workflows.extend(workflow::find(&api, &id).await?);
        }
        let rows = api.pages("/v1/flow", &[("sort", "name".to_owned())], SEARCHED_MAX).await?;
        rows.iter().filter_map(|row| row["_id"].as_str().map(str::to_owned)).collect()
    } else {
        let mut ids = Vec::new();
        for reference in &arguments.flows {
            match workflow::find(&api, reference).await? {
                Some(found) => workflows.push(found),
                None => ids.push(flow_id(&api, reference).await?),
            }
        }
        ids
    };

    let failed = |error: std::io::Error| Failure::usage(format!("{}: {error}", arguments.dir.display()));
    std::fs::create_dir_all(&arguments.dir).map_err(failed)?;
    let mut bases = Bases::of_folder(&arguments.dir);
    let mut written = std::collections::BTreeSet::new();
    for id in &ids {
        let record = record(&api, id).await?;
        let file = FlowFile::of_record(&record);
        let mut name = file.file_name();
        if !written.insert(name.clone()) {
            // Two flows whose names differ only in what a file name cannot hold.
            name = format!("{id}.flow.json");
        }
        let path = arguments.dir.join(&name);
        let changed = std::fs::read_to_string(&path).ok().as_deref() != Some(file.text().as_str());
        if changed {
            std::fs::write(&path, file.text()).map_err(failed)?;
        }
        let revision = record["revision"].as_i64().unwrap_or(0);
        bases.note(&name, Base { server: api.url().to_owned(), id: id.clone(), revision })?;
        report(context, &record["_id"], &path.display().to_string(), changed);
    }
    for record in &workflows {
        let text = workflow::text(&api, record).await?;
        let mut name = workflow::file_name(record["name"].as_str().unwrap_or_default());
        if !written.insert(name.clone()) {
            name = format!("{}.workflow.json", record["id"].as_str().unwrap_or_default());
        }
        let path = arguments.dir.join(&name);
        let changed = std::fs::read_to_string(&path).ok().as_deref() != Some(text.as_str());
        if changed {
            std::fs::write(&path, text).map_err(failed)?;
        }
        workflow::note_base(&api, &path, record)?;
        report(context, &record["id"], &path.display().to_string(), changed);
    }
    Ok(Exit::Done)
}

fn report(context: &Context, id: &Value, path: &str, changed: bool) {
    if context.output.json {
        context.output.line(&json!({ "_id": id, "file": path, "changed": changed }).to_string());
    } else {
        context.output.line(&format!("{}  {path}", if changed { "written  " } else { "unchanged" }));
    }
}
