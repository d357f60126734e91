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

/// What a question that was closed was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Live or test.
    pub mode: Mode,
    /// The run that asked.
    pub run: RunId,
    /// The flow of the run.
    pub flow: FlowId,
    /// The flow's name when the run began.
    pub flow_name: String,
    /// Shown name of the step that asked.
    pub step_name: String,
    /// As [`WaitRow::kind`].
    pub kind: String,
}

/// A question with the version that its run follows.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The question.
    pub wait: WaitRow,
    /// Version of the flow.
    pub version: u32,
}

/// Which questions a list shows.
#[derive(Debug, Clone, Default)]
pub struct WaitFilter {
    /// `open`, `answered`, …; every status when absent.
    pub status: Option<String>,
    /// Comma-separated kinds, wrapped in commas: `,user-approval,show-form,`; every kind when absent.
    pub kinds: Option<String>,
    /// Live or test only.
    pub mode: Option<Mode>,
    /// Text in the flow's or step's name or in the question.
    pub text: Option<String>,
}

/// Orders of a list; ties are broken by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitOrder {
    /// Newest first.
    Newest,
    /// Oldest first.
    Oldest,
    /// Those that expire first, first.
    DueFirst,
    /// Those that expire last, first.
    DueLast,
}

/// Questions with the version of their run, as a list shows them: parameters $3 to $6; $2 is the last one of the page before.
macro_rules! list_asked {
    ($after:literal, $order:literal) => {
        concat!(
            "select w.workspace_id, w.id, w.mode, w.run_id, w.flow_id, w.flow_name, w.step_id, w.step_name, w.kind, w.question,
                 w.started_by, w.status, w.created_at, w.due_at, w.answered_at, w.answered_by, w.answer, r.version
             from waits w join runs r on r.workspace_id = w.workspace_id and r.id = w.run_id
             where w.workspace_id = $1 and (",
            $after,
            " or $2 is null)
                 and (w.status = $3 or $3 is null)
                 and ($4 like '%,' || w.kind || ',%' or $4 is null)
                 and (w.mode = $5 or $5 is null)
                 and (lower(w.flow_name) like $6 escape '\\' or lower(w.step_name) like $6 escape '\\'
                     or lower(w.question) like $6 escape '\\' or $6 is null) ",
            $order
        )
    };
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
         where workspace_id = $1 and id = $2 and status = 'open'
         returning mode, run_id, flow_id, flow_name, step_name, kind"
    ) -> [text, id, id, text, text, text];
    /// One question.
    FIND = both(
        "select workspace_id, id, mode, run_id, flow_id, flow_name, step_id, step_name, kind, question, started_by, status,
             created_at, due_at, answered_at, answered_by, answer
         from waits where workspace_id = $1 and id = $2"
    ) -> [id, id, text, id, id, text, text, text, text, json, text, text, time, time, opt time, opt json, opt json];
    /// Open questions of a run, in the order in which they were asked.
    OPEN_OF_RUN = split {
        // SQLite would walk all questions of the workspace, since they are in the order that is asked for.
        sqlite: "select workspace_id, id, mode, run_id, flow_id, flow_name, step_id, step_name, kind, question, started_by, status,
             created_at, due_at, answered_at, answered_by, answer
         from waits indexed by waits_run where workspace_id = $1 and run_id = $2 and status = 'open' order by id limit $3",
        postgres: "select workspace_id, id, mode, run_id, flow_id, flow_name, step_id, step_name, kind, question, started_by, status,
             created_at, due_at, answered_at, answered_by, answer
         from waits where workspace_id = $1 and run_id = $2 and status = 'open' order by id limit $3",
    } -> [id, id, text, id, id, text, text, text, text, json, text, text, time, time, opt time, opt json, opt json];
    /// One question with the version of its run.
    FIND_ASKED = both(
        "select w.workspace_id, w.id, w.mode, w.run_id, w.flow_id, w.flow_name, w.step_id, w.step_name, w.kind, w.question,
             w.started_by, w.status, w.created_at, w.due_at, w.answered_at, w.answered_by, w.answer, r.version
         from waits w join runs r on r.workspace_id = w.workspace_id and r.id = w.run_id
         where w.workspace_id = $1 and w.id = $2"
    ) -> [id, id, text, id, id, text, text, text, text, json, text, text, time, time, opt time, opt json, opt json, int];
    /// Questions, newest first.
    LIST_NEWEST = both(list_asked!("w.id < $2", "order by w.id desc limit $7"))
        -> [id, id, text, id, id, text, text, text, text, json, text, text, time, time, opt time, opt json, opt json, int];
    /// Questions, oldest first.
    LIST_OLDEST = both(list_asked!("w.id > $2", "order by w.id limit $7"))
        -> [id, id, text, id, id, text, text, text, text, json, text, text, time, time, opt time, opt json, opt json, int];
    /// Questions, those that expire first, first. $8 is when the last one of the page before expires.
    LIST_DUE_FIRST = both(list_asked!("w.due_at > $8 or (w.due_at = $8 and w.id > $2)", "order by w.due_at, w.id limit $7"))
        -> [id, id, text, id, id, text, text, text, text, json, text, text, time, time, opt time, opt json, opt json, int];
    /// Questions, those that expire last, first. $8 is when the last one of the page before expires.
    LIST_DUE_LAST = both(list_asked!("w.due_at < $8 or (w.due_at = $8 and w.id < $2)", "order by w.due_at desc, w.id desc limit $7"))
        -> [id, id, text, id, id, text, text, text, text, json, text, text, time, time, opt time, opt json, opt json, int];
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
    tx.bulk_later(&OPEN, &rows)
}

/// Closes a question, and tells which it was; none when it was closed before.
///
/// # Errors
/// Of the database.
pub fn close(tx: &mut Tx<'_>, end: &WaitEnd) -> Result<Option<Closed>, Fault> {
    let values = params![end.workspace, end.id, end.status, end.at, end.by.as_deref(), end.answer.as_deref()];
    tx.row(&CLOSE, values, |row| {
        Ok(Closed {
            mode: row.mode(0)?,
            run: RunId(row.id(1)?),
            flow: FlowId(row.id(2)?),
            flow_name: row.string(3)?,
            step_name: row.string(4)?,
            kind: row.string(5)?,
        })
    })
}

/// One question.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: WaitId) -> Result<Option<WaitRow>, Fault> {
    tx.row(&FIND, params![workspace, id], wait)
}

/// Open questions of a run in the order in which they were asked, at most `limit` ([`PAGE_MAX`] at most).
///
/// # Errors
/// Of the database.
pub fn open_of_run(tx: &mut Tx<'_>, workspace: WorkspaceId, run: RunId, limit: usize) -> Result<Vec<WaitRow>, Fault> {
    tx.rows(&OPEN_OF_RUN, params![workspace, run, limit.min(PAGE_MAX)], wait)
}

/// One question with the version of its run.
///
/// # Errors
/// Of the database.
pub fn find_asked(tx: &mut Tx<'_>, workspace: WorkspaceId, id: WaitId) -> Result<Option<Asked>, Fault> {
    tx.row(&FIND_ASKED, params![workspace, id], asked)
}

/// Questions after one (`None`: from the first), at most `limit` ([`PAGE_MAX`] at most). A question that is no longer there ends
/// the list.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    filter: &WaitFilter,
    order: WaitOrder,
    after: Option<WaitId>,
    limit: usize,
) -> Result<Vec<Asked>, Fault> {
    let like = filter.text.as_deref().map(contains_pattern);
    let (status, kinds, limit) = (filter.status.as_deref(), filter.kinds.as_deref(), limit.min(PAGE_MAX));
    let due_at = match (order, after) {
        (WaitOrder::DueFirst | WaitOrder::DueLast, Some(id)) => {
            let Some(last) = find(tx, workspace, id)? else { return Ok(Vec::new()) };
            Some(last.due_at)
        }
        _ => None,
    };
    let by_id = params![workspace, after, status, kinds, filter.mode, like.as_deref(), limit];
    let by_due = params![workspace, after, status, kinds, filter.mode, like.as_deref(), limit, due_at];
    match order {
        WaitOrder::Newest => tx.rows(&LIST_NEWEST, by_id, asked),
        WaitOrder::Oldest => tx.rows(&LIST_OLDEST, by_id, asked),
        WaitOrder::DueFirst => tx.rows(&LIST_DUE_FIRST, by_due, asked),
        WaitOrder::DueLast => tx.rows(&LIST_DUE_LAST, by_due, asked),
    }
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

fn asked(row: &Row<'_>) -> Result<Asked, Fault> {
    Ok(Asked { wait: wait(row)?, version: row.u32(17)? })
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
