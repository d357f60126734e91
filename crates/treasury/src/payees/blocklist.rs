//! Whom nobody pays (Treasury contract, sections 5.2 and 10.1). The list holds for live and test alike.

use std::collections::HashSet;

use floe_model::Fault;
use floe_model::id::{BlocklistId, WorkspaceId};
use floe_model::treasury::{Directory, name_key};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::platform::audit;
use floe_store::treasury::blocklist::{self as rows, BlocklistEntry, ENTRIES_MAX};
use serde_json::{Value, json};

use super::institution_key;
use crate::trail::{self, Who, last_four};

/// What an entry names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlockKind {
    /// Ten digits, at whatever bank.
    AccountNumber,
    /// A name, whatever its case, accents and punctuation.
    BeneficiaryName,
    /// An institution, by any of its codes.
    BankCode,
}

impl BlockKind {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::AccountNumber, Self::BeneficiaryName, Self::BankCode];
    /// Their words, for messages.
    pub const WORDS: &'static str = "account_number, beneficiary_name, bank_code";

    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccountNumber => "account_number",
            Self::BeneficiaryName => "beneficiary_name",
            Self::BankCode => "bank_code",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// What is compared of a value.
    #[must_use]
    pub fn key(self, directory: &Directory, value: &str) -> String {
        match self {
            Self::AccountNumber => value.to_owned(),
            Self::BeneficiaryName => name_key(value),
            Self::BankCode => institution_key(directory, value),
        }
    }
}

/// An entry as asked for; the value is checked.
#[derive(Debug, Clone)]
pub struct NewBlock {
    /// What it names.
    pub kind: BlockKind,
    /// As it was given.
    pub value: String,
    /// Why.
    pub reason: Option<String>,
}

/// The whole list, for the risk agent.
#[derive(Debug, Clone, Default)]
pub struct Blocklist {
    accounts: HashSet<String>,
    names: HashSet<String>,
    banks: HashSet<String>,
}

impl Blocklist {
    /// Reads the list of an organisation.
    ///
    /// # Errors
    /// Of the database.
    pub fn load(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Self, Fault> {
        let mut list = Self::default();
        for (kind, key) in rows::keys(tx, workspace)? {
            match BlockKind::parse(&kind) {
                Some(BlockKind::AccountNumber) => list.accounts.insert(key),
                Some(BlockKind::BeneficiaryName) => list.names.insert(key),
                Some(BlockKind::BankCode) => list.banks.insert(key),
                None => return Err(Fault::internal(format!("a blocklist entry of the kind {kind:?}"))),
            };
        }
        Ok(list)
    }

    /// What of a payee is on the list, if anything.
    #[must_use]
    pub fn hit(&self, directory: &Directory, name: &str, account_number: &str, code: &str) -> Option<BlockKind> {
        if self.accounts.contains(account_number) {
            return Some(BlockKind::AccountNumber);
        }
        if !self.names.is_empty() && self.names.contains(&name_key(name)) {
            return Some(BlockKind::BeneficiaryName);
        }
        let is_bank = !self.banks.is_empty() && self.banks.contains(&institution_key(directory, code));
        is_bank.then_some(BlockKind::BankCode)
    }
}

/// A page of the list, newest first, and how many entries there are.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, ctx: &Ctx, limit: usize, offset: i64) -> Result<(Vec<BlocklistEntry>, i64), Fault> {
    rows::list(tx, ctx.caller.workspace, limit, offset)
}

/// Adds an entry.
///
/// # Errors
/// 409 for one that is there, and when the list is full.
pub fn add(tx: &mut Tx<'_>, ctx: &Ctx, directory: &Directory, new: &NewBlock) -> Result<BlocklistEntry, Fault> {
    let workspace = ctx.caller.workspace;
    if usize::try_from(rows::count(tx, workspace)?).unwrap_or(usize::MAX) >= ENTRIES_MAX {
        return Err(Fault::conflict("conflict", format!("The blocklist has {ENTRIES_MAX} entries already")));
    }
    let entry = BlocklistEntry {
        id: ctx.ids.next(),
        kind: new.kind.as_str().to_owned(),
        value: new.value.clone(),
        match_key: new.kind.key(directory, &new.value),
        reason: new.reason.clone(),
        created_by: ctx.caller.member_id(),
        created_by_name: ctx.caller.name.clone(),
        created_at: ctx.now(),
    };
    if !rows::insert(tx, workspace, &entry)? {
        return Err(Fault::conflict("conflict", "This is on the blocklist already"));
    }
    note(tx, ctx, json!({ "before": Value::Null, "after": shown(&entry) }))?;
    Ok(entry)
}

/// Takes an entry away.
///
/// # Errors
/// 404.
pub fn remove(tx: &mut Tx<'_>, ctx: &Ctx, id: BlocklistId) -> Result<(), Fault> {
    let workspace = ctx.caller.workspace;
    let missing = || Fault::not_found("Blocklist entry");
    let entry = rows::find(tx, workspace, id)?.ok_or_else(missing)?;
    if !rows::delete(tx, workspace, id)? {
        return Err(missing());
    }
    note(tx, ctx, json!({ "before": shown(&entry), "after": Value::Null }))
}

fn note(tx: &mut Tx<'_>, ctx: &Ctx, detail: Value) -> Result<(), Fault> {
    let entry = trail::entry(ctx, ctx.caller.scope(), &Who::caller(ctx), "changed_blocklist", None, &detail);
    audit::record(tx, &entry)
}

/// An entry as the audit log has it.
fn shown(entry: &BlocklistEntry) -> Value {
    let is_account = entry.kind == BlockKind::AccountNumber.as_str();
    let value = if is_account { last_four(&entry.value) } else { &entry.value };
    json!({ "id": entry.id, "kind": entry.kind, "value": value, "reason": entry.reason })
}
