//! Table `waits`: questions of runs to people and programs.

use floe_model::{
    Fault, Mode, Timestamp,
    id::{FlowId, RunId, WaitId, WorkspaceId},
};

use crate::{Row, Tx, Value, params, statements};

/// Questions of one page at most.
pub const PAGE_MAX: usize = 200;

/// A question.
#[derive(Debug, Clone)]
pub struct WaitRow {
    /// Whose run.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: WaitId,
    /// Live or test.
    pub mode: Mode,
    /// The run that asks.
    pub run: RunId,
    /// The flow of the run.
    pub flow: FlowId,
    /// The flow's name when the run began.
    pub flow_name: String,
    /// The step that asks.
    pub step_id: String,
    /// Its shown name.
    pub step_name: String,
    /// `user-approval`, `client-tool` or `show-form`.
    pub kind: String,
    /// JSON object: the rendered question.
    pub question: String,
    /// The credential that started the run, e.g. `member:<id>`.
    pub started_by: String,
    /// `open`, `answered`, `expired` or `cancelled`.
    pub status: String,
    /// When it was asked.
    pub created_at: Timestamp,
    /// When it expires.
    pub due_at: Timestamp,
    /// When it was closed.
    pub answered_at: Option<Timestamp>,
    /// JSON: who answered, `{type, id, name}`.
    pub answered_by: Option<String>,
    /// JSON: the answer.
    pub answer: Option<String>,
}

/// The end of a question.
#[derive(Debug, Clone)]
pub struct WaitEnd {
    /// Whose run.
    pub workspace: WorkspaceId,
    /// Which question.
    pub id: WaitId,
    /// `answered`, `expired` or `cancelled`.
    pub status: &'static str,
    /// When.
    pub at: Timestamp,
    /// JSON: who answered.
    pub by: Option<String>,
    /// JSON: the answer.
    pub answer: Option<String>,
}

/// Which questions a list shows.
#[derive(Debug, Clone, Default)]
pub struct WaitFilter {
    /// `open`, `answered`, …; every status when absent.
    pub status: Option<String>,
    /// One kind.
    pub kind: Option<String>,
    /// Live or test only.
    pub mode: Option<Mode>,
    /// Text in the flow's or step's name.
    pub text: Option<String>,
    /// Only ids after this one, for keyset paging in order of id.
    pub after: Option<WaitId>,
}

statements! {
    /// Opens questions.
    OPEN = bulk(
        "insert into waits (workspace_id, id, mode, run_id, flow_id, flow_name, step_id, step_name, kind, question,
             started_by, status, created_at, due_at)",
        [id, id, text, id, id, text, text, text, text, json, text, text, time, time]
    );
    /// Closes a question, once.
    CLOSE = both(
        "update waits set status = $3, answered_at = $4, answered_by = $5, answer = $6
         where workspace_id = $1 and id = $2 and status = 'open'"
    );
    /// One question.
    FIND = both(
        "select workspace_id, id, mode, run_id, flow_id, flow_name, step_id, step_name, kind, question, started_by, status,
             created_at, due_at, answered_at, answered_by, answer
         from waits where workspace_id = $1 and id = $2"
    ) -> [id, id, text, id, id, text, text, text, text, json, text, text, time, time, opt time, opt json, opt json];
    /// Questions in order of id.
    LIST = both(
        "select workspace_id, id, mode, run_id, flow_id, flow_name, step_id, step_name, kind, question, started_by, status,
             created_at, due_at, answered_at, answered_by, answer
         from waits
         where workspace_id = $1 and (id > $2 or $2 is null)
             and (cast($3 as text) is null or status = $3)
             and (cast($4 as text) is null or kind = $4)
             and (cast($5 as text) is null or mode = $5)
             and (cast($6 as text) is null or lower(flow_name) like $6 escape '\\' or lower(step_name) like $6 escape '\\')
         order by id limit $7"
    ) -> [id, id, text, id, id, text, text, text, text, json, text, text, time, time, opt time, opt json, opt json];
    /// Open questions by kind.
    COUNT_OPEN = both(
        "select kind, count(*) from waits where workspace_id = $1 and status = 'open'
             and (cast($2 as text) is null or mode = $2) group by kind"
    ) -> [text, int];
}

/// Opens questions.
///
/// # Errors
/// Of the database.
pub fn open(tx: &mut Tx<'_>, waits: &[&WaitRow]) -> Result<(), Fault> {
    if waits.is_empty() {
        return Ok(());
    }
    let rows: Vec<[Value<'_>; 14]> = waits
        .iter()
        .map(|wait| {
            [
                wait.workspace.into(),
                wait.id.into(),
                wait.mode.into(),
                wait.run.into(),
                wait.flow.into(),
                (&wait.flow_name).into(),
                (&wait.step_id).into(),
                (&wait.step_name).into(),
                (&wait.kind).into(),
                (&wait.question).into(),
                (&wait.started_by).into(),
                (&wait.status).into(),
                wait.created_at.into(),
                wait.due_at.into(),
            ]
        })
        .collect();
    tx.bulk(&OPEN, &rows)?;
    Ok(())
}

/// Closes a question; false when it was closed before.
///
/// # Errors
/// Of the database.
pub fn close(tx: &mut Tx<'_>, end: &WaitEnd) -> Result<bool, Fault> {
    let values = params![end.workspace, end.id, end.status, end.at, end.by.as_deref(), end.answer.as_deref()];
    Ok(tx.execute(&CLOSE, values)? == 1)
}

/// One question.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: WaitId) -> Result<Option<WaitRow>, Fault> {
    tx.row(&FIND, params![workspace, id], wait)
}

/// Questions in order of id, at most `limit` ([`PAGE_MAX`] at most).
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    filter: &WaitFilter,
    limit: usize,
) -> Result<Vec<WaitRow>, Fault> {
    let like = filter.text.as_deref().map(contains_pattern);
    let values = params![
        workspace,
        filter.after,
        filter.status.as_deref(),
        filter.kind.as_deref(),
        filter.mode,
        like.as_deref(),
        limit.min(PAGE_MAX)
    ];
    tx.rows(&LIST, values, wait)
}

/// Open questions by kind.
///
/// # Errors
/// Of the database.
pub fn count_open(tx: &mut Tx<'_>, workspace: WorkspaceId, mode: Option<Mode>) -> Result<Vec<(String, u64)>, Fault> {
    tx.rows(&COUNT_OPEN, params![workspace, mode], |row| Ok((row.string(0)?, row.int(1)?.unsigned_abs())))
}

/// A `like` pattern (with `\` as escape) that finds the text anywhere, in lower case.
#[must_use]
pub fn contains_pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

fn wait(row: &Row<'_>) -> Result<WaitRow, Fault> {
    Ok(WaitRow {
        workspace: WorkspaceId(row.id(0)?),
        id: WaitId(row.id(1)?),
        mode: row.mode(2)?,
        run: RunId(row.id(3)?),
        flow: FlowId(row.id(4)?),
        flow_name: row.string(5)?,
        step_id: row.string(6)?,
        step_name: row.string(7)?,
        kind: row.string(8)?,
        question: row.string(9)?,
        started_by: row.string(10)?,
        status: row.string(11)?,
        created_at: row.time(12)?,
        due_at: row.time(13)?,
        answered_at: row.opt_time(14)?,
        answered_by: row.opt_string(15)?,
        answer: row.opt_string(16)?,
    })
}
