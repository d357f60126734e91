//! Who approves, and whose approvals count for a run.

use floe_model::access::{Credential, TreasuryRole};
use floe_model::id::{KeyId, MemberId};
use floe_model::treasury::approval::{Approver, ApproverProblem, Creator, Panel, Requirement};
use floe_model::{Fault, Scope};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::treasury::approvals::{self, Approval};
use floe_store::treasury::payment_runs::PaymentRun;
use floe_store::treasury::settings::OrgSettings;

use super::called;
use super::create::person_of;

/// The caller as an approver.
///
/// # Errors
/// `forbidden` for whoever is neither a member nor a key of the treasury.
pub(crate) fn approver_of(tx: &mut Tx<'_>, ctx: &Ctx) -> Result<Approver, Fault> {
    match (ctx.caller.credential, &ctx.caller.member) {
        (_, Some(member)) => Ok(Approver::Member(member.id, member.treasury_role)),
        (Credential::TreasuryKey(key), None) => Ok(Approver::Key(key, person_of(tx, ctx)?)),
        _ => Err(refused(ApproverProblem::Role)),
    }
}

/// The person that counts, as its bits.
pub(crate) fn person(approver: &Approver) -> u128 {
    match *approver {
        Approver::Member(member, _) | Approver::Key(_, Some(member)) => member.0,
        Approver::Key(key, None) => key.0,
    }
}

/// The key that approves, if one does.
pub(crate) fn key(approver: &Approver) -> Option<u128> {
    match *approver {
        Approver::Member(..) => None,
        Approver::Key(key, _) => Some(key.0),
    }
}

/// The role that is noted with an approval; a key counts as an approver.
pub(crate) fn role(approver: &Approver) -> TreasuryRole {
    match *approver {
        Approver::Member(_, role) => role,
        Approver::Key(..) => TreasuryRole::Approver,
    }
}

/// Refuses keys where the organisation lets none approve (section 3.7).
///
/// # Errors
/// `forbidden`.
pub(crate) fn require_keys_allowed(approver: &Approver, organisation: &OrgSettings) -> Result<(), Fault> {
    match approver {
        Approver::Key(..) if !organisation.allow_key_approvals => Err(refused(ApproverProblem::KeysOff)),
        _ => Ok(()),
    }
}

/// What holds for the approvals of a run.
///
/// # Errors
/// Of the database.
pub(crate) fn panel(
    tx: &mut Tx<'_>,
    scope: Scope,
    run: &PaymentRun,
    settings: &OrgSettings,
    requirement: Requirement,
) -> Result<Panel, Fault> {
    let key = (run.creator.kind == "key").then_some(run.creator.id).flatten().map(KeyId);
    let able = if approvals::several_can_approve(tx, scope.workspace)? { 2 } else { 1 };
    let author = called::caller(tx, scope, run)?.and_then(|call| call.author);
    let creator = Creator { member: run.creator.member, key, author };
    Ok(Panel { creator, able, allows_keys: settings.allow_key_approvals, requirement })
}

/// How many people of these approvals count.
pub(crate) fn given(panel: &Panel, approvals: &[Approval]) -> i64 {
    let approvers: Vec<Approver> = approvals.iter().map(of_row).collect();
    i64::from(panel.given(&approvers))
}

/// An approval as it was noted. The person of a key is its owner, or the key itself where nobody owns it.
fn of_row(row: &Approval) -> Approver {
    match row.key {
        Some(key) => Approver::Key(KeyId(key), (key != row.person).then_some(MemberId(row.person))),
        None => Approver::Member(MemberId(row.person), row.role),
    }
}

/// Why somebody may not approve, as a fault.
pub(crate) fn refused(problem: ApproverProblem) -> Fault {
    Fault::forbidden(problem.to_string())
}
