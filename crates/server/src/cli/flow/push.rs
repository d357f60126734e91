//! `floe flow push`: creates or updates flows from files.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::super::api::{Api, escaped};
use super::file::{Base, Bases, FlowFile, split};
use super::workflow::{self, WorkflowFile};
use super::{Context, Exit, Failure, by_name, record};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Files <name>.flow.json and <name>.workflow.json
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Publish what was pushed
    #[arg(long)]
    publish: bool,
    /// Note of the version
    #[arg(long)]
    note: Option<String>,
}

impl Pushed {
    /// What a push did to the flow or workflow of an id.
    pub(super) const fn new(id: String, outcome: &'static str, version: Value) -> Self {
        Self { id, outcome, version }
    }
}

/// One of the files.
enum File {
    Flow(FlowFile),
    Workflow(WorkflowFile),
}

impl File {
    fn read(path: &Path) -> Result<Self, Failure> {
        if workflow::is_workflow(path) {
            return WorkflowFile::read(path).map(Self::Workflow);
        }
        FlowFile::read(path).map(Self::Flow)
    }

    fn name(&self) -> &str {
        match self {
            Self::Flow(file) => &file.name,
            Self::Workflow(file) => &file.name,
        }
    }
}

/// What a push did to one flow.
pub(super) struct Pushed {
    pub(super) id: String,
    outcome: &'static str,
    version: Value,
}

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let api = context.api()?;
    // All files are read before anything is sent, so that a broken one changes nothing.
    let files: Result<Vec<File>, Failure> = arguments.files.iter().map(|path| File::read(path)).collect();
    let note = arguments.note.as_deref();
    for (path, file) in arguments.files.iter().zip(files?) {
        let mut pushed = match &file {
            File::Flow(file) => push(&api, path, file, note).await?,
            File::Workflow(file) => workflow::push(&api, path, file).await?,
        };
        if arguments.publish {
            match &file {
                File::Flow(_) => publish(&api, path, &mut pushed, note).await?,
                File::Workflow(_) => workflow::publish(&api, path, &mut pushed, note).await?,
            }
        }
        report(context, file.name(), &pushed);
    }
    Ok(Exit::Done)
}

/// Creates the flow, or writes its draft when it differs from the file.
pub(super) async fn push(api: &Api, path: &Path, file: &FlowFile, note: Option<&str>) -> Result<Pushed, Failure> {
    let Some(row) = by_name(api, &file.name).await? else {
        let made = api.post("/v1/flow", &Value::Object(file.fields())).await?;
        let id = made["_id"].as_str().unwrap_or_default().to_owned();
        note_base(api, path, &made)?;
        return Ok(Pushed { id, outcome: "created", version: made["currentDraftVersion"].clone() });
    };

    let id = row["_id"].as_str().unwrap_or_default().to_owned();
    let present = record(api, &id).await?;
    if FlowFile::of_record(&present) == *file {
        note_base(api, path, &present)?;
        return Ok(Pushed { id, outcome: "unchanged", version: present["currentDraftVersion"].clone() });
    }
    let (folder, name) = split(path);
    // Without a note of an earlier pull, what is on the server now is what the file replaces.
    let known = Bases::of_folder(&folder).revision(&name, api.url(), &id);
    let mut body = file.fields();
    body.insert("baseRevision".to_owned(), known.map_or_else(|| present["revision"].clone(), Value::from));
    if let Some(note) = note {
        body.insert("summary".to_owned(), Value::from(note));
    }
    let saved = api.post(&format!("/v1/flow/{}/autosave", escaped(&id)), &Value::Object(body)).await?;
    note_base(api, path, &json!({ "_id": id, "revision": saved["revision"] }))?;
    Ok(Pushed { id, outcome: "updated", version: saved["version"].clone() })
}

async fn publish(api: &Api, path: &Path, pushed: &mut Pushed, note: Option<&str>) -> Result<(), Failure> {
    if pushed.version.is_null() {
        // Nothing changed and there is no draft: what is published is what the file says.
        return Ok(());
    }
    let body = note.map_or_else(|| json!({}), |note| json!({ "summary": note }));
    let version = api.post(&format!("/v1/flow/{}/publish", escaped(&pushed.id)), &body).await?;
    pushed.outcome = "published";
    pushed.version = version["version"].clone();
    note_base(api, path, &record(api, &pushed.id).await?)
}

fn note_base(api: &Api, path: &Path, record: &Value) -> Result<(), Failure> {
    let (Some(id), Some(revision)) = (record["_id"].as_str(), record["revision"].as_i64()) else { return Ok(()) };
    let (folder, name) = split(path);
    Bases::of_folder(&folder).note(&name, Base { server: api.url().to_owned(), id: id.to_owned(), revision })
}

fn report(context: &Context, name: &str, pushed: &Pushed) {
    if context.output.json {
        let document = json!({ "_id": pushed.id, "name": name, "outcome": pushed.outcome, "version": pushed.version });
        context.output.line(&document.to_string());
        return;
    }
    let version = pushed.version.as_u64().map(|version| format!("  v{version}")).unwrap_or_default();
    context.output.line(&format!("{:<9}  {}  {}{version}", pushed.outcome, pushed.id, name));
}
