//! Writing log entries, in the transaction of what they report.

use floe_model::id::{FlowId, RunId, WorkspaceId};
use floe_model::{Fault, Timestamp};
use floe_runtime::{Ctx, Platform};
use floe_store::Tx;
use floe_store::flows::flow_logs::{self, LogRow};
use floe_store::platform::audit::Actor;
use serde_json::{Map, Value, json};

use super::event::Event;

/// Days after which an entry is removed; a flow whose schedule fires each minute would otherwise fill the disk.
const KEPT_DAYS: i64 = 90;

/// A log entry to be written. What happens to runs and their steps is not written: the runs tell it.
#[derive(Debug, Clone)]
pub struct Note {
    event: Event,
    level: &'static str,
    message: String,
    version: Option<u32>,
    run: Option<RunId>,
    data: Map<String, Value>,
    fired_for: Option<Timestamp>,
}

impl Note {
    /// An entry with the level that its event has as a rule; `message` is a sentence for a person, without secrets.
    #[must_use]
    pub fn new(event: Event, message: impl Into<String>) -> Self {
        let level = event.level();
        Self { event, level, message: message.into(), version: None, run: None, data: Map::new(), fired_for: None }
    }

    /// Names the version that it is about.
    #[must_use]
    pub fn version(self, version: u32) -> Self {
        Self { version: Some(version), ..self }
    }

    /// Names the run that it is about.
    #[must_use]
    pub fn run(self, run: RunId) -> Self {
        Self { run: Some(run), ..self }
    }

    /// Adds a fact for programs; never a secret.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.data.insert(name.to_owned(), value.into());
        self
    }

    /// Makes it an `error`, whatever its event is as a rule.
    #[must_use]
    pub(crate) fn of_error_level(self) -> Self {
        Self { level: "error", ..self }
    }

    /// Makes it the one entry that settles a due time of the flow's schedule.
    #[must_use]
    pub(crate) fn settling(self, due: Timestamp) -> Self {
        Self { fired_for: Some(due), ..self }
    }
}

/// Writes an entry about a flow in the name of the caller.
///
/// # Errors
/// Of the database.
pub fn note(tx: &mut Tx<'_>, ctx: &Ctx, flow: FlowId, note: &Note) -> Result<(), Fault> {
    write(tx, ctx, ctx.caller.workspace, flow, &Actor::of(&ctx.caller), note).map(|_| ())
}

/// Writes an entry in the name of the server. False when the due time that it settles was settled before: nothing is written then.
pub(crate) fn note_by_server(
    tx: &mut Tx<'_>,
    platform: &Platform,
    workspace: WorkspaceId,
    flow: FlowId,
    note: &Note,
) -> Result<bool, Fault> {
    let server = Actor { kind: "system".to_owned(), id: None, name: "Schedule".to_owned() };
    write(tx, platform, workspace, flow, &server, note)
}

fn write(
    tx: &mut Tx<'_>,
    platform: &Platform,
    workspace: WorkspaceId,
    flow: FlowId,
    actor: &Actor,
    note: &Note,
) -> Result<bool, Fault> {
    let now = platform.clock.now();
    flow_logs::prune(tx, workspace, flow, now.plus_seconds(-KEPT_DAYS * 86_400))?;
    let row = LogRow {
        workspace,
        flow,
        at: now,
        id: platform.ids.next(),
        level: note.level.to_owned(),
        event: note.event.as_str().to_owned(),
        message: note.message.clone(),
        run: note.run,
        version: note.version,
        actor: shown(actor).to_string(),
        data: Value::Object(note.data.clone()).to_string(),
    };
    flow_logs::insert(tx, &row, note.fired_for)
}

/// An actor as the log shows it.
pub(super) fn shown(actor: &Actor) -> Value {
    let id = actor.id.map(|bits| RunId(bits).to_string());
    json!({ "type": actor.kind, "id": id, "name": actor.name })
}
