//! Table `payment_approvals`: who approved which version of a run. An approval holds for one choice of candidates.

use floe_model::{
    Fault, Scope, Timestamp,
    access::TreasuryRole,
    id::{ApprovalId, MemberId, PaymentRunId, WorkspaceId},
    treasury::Kobo,
};

use crate::{Row, Tx, params, statements};

/// Runs of one page at most.
pub const PAGE_MAX: usize = 1_000;

/// An approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// Who counts: a member, or a key that no member made. One approval a person and run.
    pub person: u128,
    /// The key, when it was one.
    pub key: Option<u128>,
    /// The role in the treasury at that time; a key counts as an approver.
    pub role: TreasuryRole,
    /// The name at that time.
    pub name: String,
    /// The version of the run.
    pub version: i64,
    /// Digest of the candidates that were chosen.
    pub selection_hash: Vec<u8>,
    /// How many these are.
    pub candidates: i64,
    /// What they come to.
    pub amount: Kobo,
    /// What the person said.
    pub notes: Option<String>,
    /// Why a blocked candidate is paid.
    pub override_reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

statements! {
    /// An approval.
    ADD = both(
        "insert into payment_approvals (workspace_id, mode, run_id, person, id, key_id, role, name, version, selection_hash, candidates,
             amount, notes, override_reason, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) on conflict do nothing"
    );
    /// The approvals of a run, oldest first.
    LIST = both(
        "select id, person, key_id, role, name, version, selection_hash, candidates, amount, notes, override_reason, at from payment_approvals
         where workspace_id = $1 and mode = $2 and run_id = $3 order by at, id"
    ) -> [id, id, opt id, text, text, int, bytes, int, int, opt text, opt text, time];
    /// Whether there are two or more people who can approve.
    ABLE = both(
        "select count(*) from (
             select 1 as one from memberships where workspace_id = $1 and treasury_role in ('owner', 'approver') limit 2) able"
    ) -> [int];
    /// How many runs wait for somebody. $3 is the person, $4 whether its own runs count.
    WAITING_COUNT = both(
        "select count(*) from payment_runs r
         where r.workspace_id = $1 and r.mode = $2 and r.shown = 'awaiting_approval' and r.status = 'awaiting_approval'
             and ($4 or r.creator is null or r.creator <> $3)
             and not exists (select 1 from payment_approvals a
                 where a.workspace_id = $1 and a.mode = $2 and a.run_id = r.id and a.person = $3)"
    ) -> [int];
    /// Which runs wait for somebody, oldest first.
    WAITING = both(
        "select r.id from payment_runs r
         where r.workspace_id = $1 and r.mode = $2 and r.shown = 'awaiting_approval' and r.status = 'awaiting_approval'
             and ($4 or r.creator is null or r.creator <> $3)
             and not exists (select 1 from payment_approvals a
                 where a.workspace_id = $1 and a.mode = $2 and a.run_id = r.id and a.person = $3)
         order by r.seq limit $5 offset $6"
    ) -> [id];
    /// Takes one back.
    REMOVE = both("delete from payment_approvals where workspace_id = $1 and mode = $2 and run_id = $3 and person = $4");
    /// Takes all back.
    CLEAR = both("delete from payment_approvals where workspace_id = $1 and mode = $2 and run_id = $3");
}

/// Notes an approval; false when that person gave one before.
///
/// # Errors
/// Of the database.
pub fn add(tx: &mut Tx<'_>, scope: Scope, run: PaymentRunId, approval: &Approval) -> Result<bool, Fault> {
    let added = tx.execute(
        &ADD,
        params![
            scope.workspace,
            scope.mode,
            run.0,
            approval.person,
            approval.id.0,
            approval.key,
            approval.role.as_str(),
            &approval.name,
            approval.version,
            &approval.selection_hash,
            approval.candidates,
            approval.amount.0,
            &approval.notes,
            &approval.override_reason,
            approval.at
        ],
    )?;
    Ok(added == 1)
}

/// The approvals of a run, oldest first; people give one each, so that there are few.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, scope: Scope, run: PaymentRunId) -> Result<Vec<Approval>, Fault> {
    tx.rows(&LIST, params![scope.workspace, scope.mode, run.0], approval)
}

/// Whether two or more people of a workspace can approve.
///
/// # Errors
/// Of the database.
pub fn several_can_approve(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<bool, Fault> {
    Ok(tx.row(&ABLE, params![workspace], |row| row.int(0))?.unwrap_or(0) >= 2)
}

/// A page of the runs that wait for somebody, oldest first, and how many there are. `own` says whether the runs that it made itself
/// are among them.
///
/// # Errors
/// Of the database.
pub fn waiting_for(
    tx: &mut Tx<'_>,
    scope: Scope,
    person: MemberId,
    own: bool,
    limit: usize,
    offset: i64,
) -> Result<(Vec<PaymentRunId>, i64), Fault> {
    let total = tx.row(&WAITING_COUNT, params![scope.workspace, scope.mode, person, own], |row| row.int(0))?;
    let values = params![scope.workspace, scope.mode, person, own, limit.min(PAGE_MAX), offset];
    let page = tx.rows(&WAITING, values, |row| row.id(0).map(PaymentRunId))?;
    Ok((page, total.unwrap_or(0)))
}

/// Takes one back; false when there is none.
///
/// # Errors
/// Of the database.
pub fn remove(tx: &mut Tx<'_>, scope: Scope, run: PaymentRunId, person: u128) -> Result<bool, Fault> {
    Ok(tx.execute(&REMOVE, params![scope.workspace, scope.mode, run.0, person])? == 1)
}

/// Takes all back; answers how many there were.
///
/// # Errors
/// Of the database.
pub fn clear(tx: &mut Tx<'_>, scope: Scope, run: PaymentRunId) -> Result<u64, Fault> {
    tx.execute(&CLEAR, params![scope.workspace, scope.mode, run.0])
}

fn approval(row: &Row<'_>) -> Result<Approval, Fault> {
    Ok(Approval {
        id: ApprovalId(row.id(0)?),
        person: row.id(1)?,
        key: row.opt_id(2)?,
        role: TreasuryRole::parse(row.text(3)?).ok_or_else(|| row.mismatch(3, "a role"))?,
        name: row.string(4)?,
        version: row.int(5)?,
        selection_hash: row.bytes(6)?.to_vec(),
        candidates: row.int(7)?,
        amount: Kobo(row.int(8)?),
        notes: row.opt_string(9)?,
        override_reason: row.opt_string(10)?,
        at: row.time(11)?,
    })
}
