//! Table `approval_rules`: how many people a release takes (Treasury contract, section 6).

use floe_model::{
    Fault, Timestamp,
    id::{ApprovalRuleId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// Rules that an organisation may have.
pub const RULES_MAX: usize = 200;

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleRow {
    /// Its id.
    pub id: ApprovalRuleId,
    /// Shown name.
    pub name: String,
    /// `amount_above`, `risk_score_above` or `always`.
    pub condition_type: String,
    /// Kobo, or ten-thousandths of a score; none for `always`.
    pub threshold: Option<i64>,
    /// Distinct people, at least 1.
    pub required_approvers: i64,
    /// JSON list of the roles that count; an empty one is all that can approve.
    pub approver_roles: String,
    /// Whether it counts.
    pub is_active: bool,
    /// Counts changes.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

macro_rules! columns {
    () => {
        "id, name, condition_type, threshold, required_approvers, approver_roles, is_active, revision, created_at"
    };
}

statements! {
    /// A new one.
    INSERT = both(
        "insert into approval_rules (workspace_id, id, name, condition_type, threshold, required_approvers, approver_roles,
             is_active, revision, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $9)"
    );
    /// By id.
    FIND = both(concat!("select ", columns!(), " from approval_rules where workspace_id = $1 and id = $2"))
        -> [id, text, text, opt int, int, json, bool, int, time];
    /// A page, the oldest first.
    LIST = both(concat!(
        "select ", columns!(), " from approval_rules where workspace_id = $1 order by id limit $2 offset $3"
    )) -> [id, text, text, opt int, int, json, bool, int, time];
    /// Those that count.
    ACTIVE = both(concat!(
        "select ", columns!(), " from approval_rules where workspace_id = $1 and is_active order by id limit $2"
    )) -> [id, text, text, opt int, int, json, bool, int, time];
    /// How many there are.
    COUNT = both("select count(*) from approval_rules where workspace_id = $1") -> [int];
    /// What can be changed.
    UPDATE = both(
        "update approval_rules set name = $3, condition_type = $4, threshold = $5, required_approvers = $6, approver_roles = $7,
             is_active = $8, revision = revision + 1, updated_at = $9
         where workspace_id = $1 and id = $2 and revision = $10"
    );
    /// Gone.
    DELETE = both("delete from approval_rules where workspace_id = $1 and id = $2");
}

/// Adds a rule.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, workspace: WorkspaceId, rule: &RuleRow) -> Result<(), Fault> {
    let values = params![
        workspace,
        rule.id,
        &rule.name,
        &rule.condition_type,
        rule.threshold,
        rule.required_approvers,
        &rule.approver_roles,
        rule.is_active,
        rule.created_at
    ];
    tx.execute(&INSERT, values).map(drop)
}

/// By id.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: ApprovalRuleId) -> Result<Option<RuleRow>, Fault> {
    tx.row(&FIND, params![workspace, id], map)
}

/// Up to `limit` ([`RULES_MAX`] at most) rules, the oldest first, and how many there are.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, workspace: WorkspaceId, limit: usize, offset: i64) -> Result<(Vec<RuleRow>, i64), Fault> {
    let rows = tx.rows(&LIST, params![workspace, limit.min(RULES_MAX), offset], map)?;
    Ok((rows, count(tx, workspace)?))
}

/// The rules that count, the oldest first.
///
/// # Errors
/// Of the database.
pub fn active(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<RuleRow>, Fault> {
    tx.rows(&ACTIVE, params![workspace, RULES_MAX], map)
}

/// How many rules there are.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<i64, Fault> {
    Ok(tx.row(&COUNT, params![workspace], |row| row.int(0))?.unwrap_or(0))
}

/// Writes what can be changed when the revision is still that of `rule`; false otherwise.
///
/// # Errors
/// Of the database.
pub fn update(tx: &mut Tx<'_>, workspace: WorkspaceId, rule: &RuleRow, now: Timestamp) -> Result<bool, Fault> {
    let values = params![
        workspace,
        rule.id,
        &rule.name,
        &rule.condition_type,
        rule.threshold,
        rule.required_approvers,
        &rule.approver_roles,
        rule.is_active,
        now,
        rule.revision
    ];
    Ok(tx.execute(&UPDATE, values)? == 1)
}

/// Takes one away; false when it was gone.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, id: ApprovalRuleId) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![workspace, id])? == 1)
}

fn map(row: &Row<'_>) -> Result<RuleRow, Fault> {
    Ok(RuleRow {
        id: ApprovalRuleId(row.id(0)?),
        name: row.string(1)?,
        condition_type: row.string(2)?,
        threshold: row.opt_int(3)?,
        required_approvers: row.int(4)?,
        approver_roles: row.string(5)?,
        is_active: row.bool(6)?,
        revision: row.int(7)?,
        created_at: row.time(8)?,
    })
}
