//! Table `audit_entries`: who did what, written in the transaction of the act (console contract, section 5.6).

use floe_model::{
    Fault, Mode, Timestamp,
    access::{Caller, Credential},
    id::{AuditId, RequestId, RunId, WorkspaceId},
};

use crate::{Row, Tx, Value, params, statements};

/// Entries of one page at most.
pub const PAGE_MAX: usize = 1_000;

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Actor {
    /// `member`, `key`, `token`, `agent` or `system`.
    pub kind: String,
    /// Its id, when it has one.
    pub id: Option<u128>,
    /// Its name at that time.
    pub name: String,
}

impl Actor {
    /// The caller of a request, as every entry names it. A member who signed in is named by itself, not by the session.
    #[must_use]
    pub fn of(caller: &Caller) -> Self {
        let (kind, id) = match (caller.credential, &caller.member) {
            (Credential::Token(id), _) => ("token", Some(id.0)),
            (
                Credential::FlowsKey(id)
                | Credential::TreasuryKey(id)
                | Credential::PlacementsKey(id)
                | Credential::AgentsKey(id)
                | Credential::WorkflowsKey(id),
                _,
            ) => ("key", Some(id.0)),
            (Credential::Share(id), _) => ("share", Some(id.0)),
            (Credential::Session(_), Some(member)) => ("member", Some(member.id.0)),
            (Credential::Session(id), None) => ("member", Some(id.0)),
            (Credential::Anonymous | Credential::System, _) => ("system", None),
        };
        Self { kind: kind.to_owned(), id, name: caller.name.clone() }
    }
}

/// What was acted on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Target {
    /// E.g. `flow` or `key`.
    pub kind: String,
    /// Its id, when it has one.
    pub id: Option<u128>,
    /// Its name at that time.
    pub name: Option<String>,
}

/// An audit entry.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// Its id; ids of one workspace are in order of time.
    pub id: AuditId,
    /// Whose log.
    pub workspace: WorkspaceId,
    /// Place in the sealed chain of the workspace; none until it is sealed. Not written by [`record`].
    pub seq: Option<i64>,
    /// Live or test, where the act has a mode.
    pub mode: Option<Mode>,
    /// `flows`, `console`, …
    pub product: String,
    /// Past verb and object, e.g. `published_flow`.
    pub action: String,
    /// Who.
    pub actor: Actor,
    /// On what.
    pub target: Option<Target>,
    /// The run in which it happened.
    pub run_id: Option<RunId>,
    /// JSON object with the facts; never a secret.
    pub detail: String,
    /// The request in which it happened.
    pub request_id: Option<RequestId>,
    /// Address of the caller.
    pub ip: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Which entries a list shows; an empty filter shows all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Live or test only.
    pub mode: Option<Mode>,
    /// One product.
    pub product: Option<String>,
    /// One action.
    pub action: Option<String>,
    /// One actor.
    pub actor_id: Option<u128>,
    /// One target.
    pub target_id: Option<u128>,
    /// One run.
    pub run_id: Option<RunId>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

statements! {
    /// One entry.
    RECORD = both(
        "insert into audit_entries (workspace_id, id, mode, product, action, actor_type, actor_id, actor_name,
             target_type, target_id, target_name, run_id, detail, request_id, ip, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
    );
    /// Many entries.
    RECORD_ALL = bulk(
        "insert into audit_entries (workspace_id, id, mode, product, action, actor_type, actor_id, actor_name,
             target_type, target_id, target_name, run_id, detail, request_id, ip, at)",
        [id, id, opt text, text, text, text, opt id, text, opt text, opt id, opt text, opt id, json, opt id, opt text, time]
    );
    /// One entry by its id.
    FIND = both(
        "select workspace_id, id, seq, mode, product, action, actor_type, actor_id, actor_name,
             target_type, target_id, target_name, run_id, detail, request_id, ip, at
         from audit_entries where workspace_id = $1 and id = $2"
    ) -> [id, id, opt int, opt text, text, text, text, opt id, text, opt text, opt id, opt text, opt id, json, opt id, opt text, time];
    /// Entries, newest first. The comparison comes before the test for null: from it PostgreSQL learns the parameter's type.
    LIST = both(
        "select workspace_id, id, seq, mode, product, action, actor_type, actor_id, actor_name,
             target_type, target_id, target_name, run_id, detail, request_id, ip, at
         from audit_entries
         where workspace_id = $1 and id < $2
             and (mode = $3 or $3 is null)
             and (product = $4 or $4 is null)
             and (action = $5 or $5 is null)
             and (actor_id = $6 or $6 is null)
             and (target_id = $7 or $7 is null)
             and (run_id = $8 or $8 is null)
             and (at >= $9 or $9 is null)
             and (at < $10 or $10 is null)
         order by id desc limit $11"
    ) -> [id, id, opt int, opt text, text, text, text, opt id, text, opt text, opt id, opt text, opt id, json, opt id, opt text, time];
}

/// Writes an entry; its `seq` is given later, when it is sealed.
///
/// # Errors
/// Of the database.
pub fn record(tx: &mut Tx<'_>, entry: &Entry) -> Result<(), Fault> {
    let target = entry.target.as_ref();
    tx.execute(
        &RECORD,
        params![
            entry.workspace,
            entry.id,
            entry.mode,
            &entry.product,
            &entry.action,
            &entry.actor.kind,
            entry.actor.id,
            &entry.actor.name,
            target.map(|target| &target.kind),
            target.and_then(|target| target.id),
            target.and_then(|target| target.name.as_deref()),
            entry.run_id,
            &entry.detail,
            entry.request_id,
            &entry.ip,
            entry.at
        ],
    )?;
    Ok(())
}

/// Writes many entries, for acts on whole lists; their `seq` is given later.
///
/// # Errors
/// Of the database.
pub fn record_all(tx: &mut Tx<'_>, entries: &[Entry]) -> Result<(), Fault> {
    let rows: Vec<[Value<'_>; 16]> = entries
        .iter()
        .map(|entry| {
            let target = entry.target.as_ref();
            [
                entry.workspace.into(),
                entry.id.into(),
                entry.mode.into(),
                (&entry.product).into(),
                (&entry.action).into(),
                (&entry.actor.kind).into(),
                entry.actor.id.into(),
                (&entry.actor.name).into(),
                target.map(|target| &target.kind).into(),
                target.and_then(|target| target.id).into(),
                target.and_then(|target| target.name.as_deref()).into(),
                entry.run_id.into(),
                (&entry.detail).into(),
                entry.request_id.into(),
                (&entry.ip).into(),
                entry.at.into(),
            ]
        })
        .collect();
    tx.bulk(&RECORD_ALL, &rows).map(drop)
}

/// One entry.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: AuditId) -> Result<Option<Entry>, Fault> {
    tx.row(&FIND, params![workspace, id], entry)
}

/// Up to `limit` ([`PAGE_MAX`] at most) entries, newest first, before an entry (`None`: from the newest).
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    filter: &Filter,
    before: Option<AuditId>,
    limit: usize,
) -> Result<Vec<Entry>, Fault> {
    tx.rows(
        &LIST,
        params![
            workspace,
            before.unwrap_or(AuditId(u128::MAX)),
            filter.mode,
            &filter.product,
            &filter.action,
            filter.actor_id,
            filter.target_id,
            filter.run_id,
            filter.from,
            filter.to,
            limit.min(PAGE_MAX)
        ],
        entry,
    )
}

pub(crate) fn entry(row: &Row<'_>) -> Result<Entry, Fault> {
    let target = match row.opt_string(9)? {
        Some(kind) => Some(Target { kind, id: row.opt_id(10)?, name: row.opt_string(11)? }),
        None => None,
    };
    Ok(Entry {
        workspace: WorkspaceId(row.id(0)?),
        id: AuditId(row.id(1)?),
        seq: row.opt_int(2)?,
        mode: row.opt_text(3)?.and_then(Mode::parse),
        product: row.string(4)?,
        action: row.string(5)?,
        actor: Actor { kind: row.string(6)?, id: row.opt_id(7)?, name: row.string(8)? },
        target,
        run_id: row.opt_id(12)?.map(RunId),
        detail: row.string(13)?,
        request_id: row.opt_id(14)?.map(RequestId),
        ip: row.opt_string(15)?,
        at: row.time(16)?,
    })
}
