//! Saved recipients (Treasury contract, sections 2.3 and 10.7).

use floe_model::id::RecipientId;
use floe_model::treasury::Directory;
use floe_model::{Fault, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::platform::audit;
use floe_store::treasury::recipients::{self as rows, Recipient};
use serde_json::{Value, json};

use super::institution_key;
use crate::trail::{self, Who, last_four};

/// A recipient as asked for; every value is checked, the institution is known.
#[derive(Debug, Clone)]
pub struct NewRecipient {
    /// Name of the account's holder, 1 to 256 characters.
    pub name: String,
    /// Ten digits.
    pub account_number: String,
    /// The code as it was given.
    pub institution_code: String,
    /// Name of the bank; none takes it from the directory.
    pub bank_name: Option<String>,
    /// What a payment to it says, up to 100 characters.
    pub narration_note: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
}

/// What shall be changed; what is none stays, an inner none takes the value away.
#[derive(Debug, Clone, Default)]
pub struct RecipientPatch {
    /// Another name.
    pub name: Option<String>,
    /// Another account.
    pub account_number: Option<String>,
    /// Another institution, by a known code; without a `bank_name` beside it the bank's name follows.
    pub institution_code: Option<String>,
    /// Another name of the bank.
    pub bank_name: Option<Option<String>>,
    /// Another note.
    pub narration_note: Option<Option<String>>,
    /// Other tags.
    pub tags: Option<Vec<String>>,
}

/// A recipient with what was paid to its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientView {
    /// The recipient.
    pub recipient: Recipient,
    /// Successful payouts to its account, whoever was named.
    pub payment_count: i64,
    /// The last of them.
    pub last_paid_at: Option<Timestamp>,
}

/// Saves recipients. The same account may be saved twice.
///
/// # Errors
/// Of the database.
pub fn create(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    directory: &Directory,
    new: &[NewRecipient],
) -> Result<Vec<Recipient>, Fault> {
    let (scope, now) = (ctx.caller.scope(), ctx.now());
    let bank = |new: &NewRecipient| {
        new.bank_name.clone().or_else(|| directory.find(&new.institution_code).map(|found| found.name.clone()))
    };
    let made: Vec<Recipient> = new
        .iter()
        .map(|new| Recipient {
            id: ctx.ids.next(),
            name: new.name.clone(),
            account_number: new.account_number.clone(),
            institution_code: new.institution_code.clone(),
            bank_name: bank(new),
            narration_note: new.narration_note.clone(),
            tags: json!(new.tags).to_string(),
            created_at: now,
            updated_at: now,
        })
        .collect();
    rows::insert(tx, scope, &made)?;
    let entries: Vec<_> = made.iter().map(|one| entry(ctx, one, "created_recipient", json!({}))).collect();
    audit::record_all(tx, &entries)?;
    Ok(made)
}

/// A recipient with what was paid to it.
///
/// # Errors
/// 404.
pub fn get(tx: &mut Tx<'_>, ctx: &Ctx, directory: &Directory, id: RecipientId) -> Result<RecipientView, Fault> {
    let recipient = find(tx, ctx, id)?;
    view(tx, ctx, directory, recipient)
}

/// A page of recipients by name, and how many there are.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    search: Option<&str>,
    limit: usize,
    offset: i64,
) -> Result<(Vec<Recipient>, i64), Fault> {
    rows::list(tx, ctx.caller.scope(), search, limit, offset)
}

/// Adds what was paid to a recipient.
///
/// # Errors
/// Of the database.
pub fn view(tx: &mut Tx<'_>, ctx: &Ctx, directory: &Directory, recipient: Recipient) -> Result<RecipientView, Fault> {
    let paid = rows::paid(tx, ctx.caller.scope(), &recipient.account_number)?;
    let own = institution_key(directory, &recipient.institution_code);
    let at_own = || paid.iter().filter(|paid| institution_key(directory, &paid.institution_code) == own);
    let payment_count = at_own().map(|paid| paid.count).sum();
    let last_paid_at = at_own().filter_map(|paid| paid.last_at).max();
    Ok(RecipientView { recipient, payment_count, last_paid_at })
}

/// Changes a recipient. Runs keep their own copies of payees and are untouched.
///
/// # Errors
/// 404.
pub fn patch(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    directory: &Directory,
    id: RecipientId,
    patch: &RecipientPatch,
) -> Result<RecipientView, Fault> {
    let mut one = find(tx, ctx, id)?;
    let mut changed: Vec<&str> = Vec::new();
    let mut put = |name: &'static str, is_new: bool| {
        if is_new {
            changed.push(name);
        }
    };
    if let Some(name) = &patch.name {
        put("name", *name != one.name);
        one.name.clone_from(name);
    }
    if let Some(account) = &patch.account_number {
        put("account_number", *account != one.account_number);
        one.account_number.clone_from(account);
    }
    if let Some(code) = &patch.institution_code {
        put("institution_code", *code != one.institution_code);
        one.institution_code.clone_from(code);
    }
    let bank = match (&patch.bank_name, &patch.institution_code) {
        (Some(Some(name)), _) => Some(Some(name.clone())),
        (Some(None), _) | (None, Some(_)) => {
            Some(directory.find(&one.institution_code).map(|found| found.name.clone()))
        }
        (None, None) => None,
    };
    if let Some(bank) = bank {
        put("bank_name", bank != one.bank_name);
        one.bank_name = bank;
    }
    if let Some(note) = &patch.narration_note {
        put("narration_note", *note != one.narration_note);
        one.narration_note.clone_from(note);
    }
    if let Some(tags) = &patch.tags {
        let tags = json!(tags).to_string();
        put("tags", tags != one.tags);
        one.tags = tags;
    }
    if !changed.is_empty() {
        one.updated_at = ctx.now();
        if !rows::update(tx, ctx.caller.scope(), &one)? {
            return Err(Fault::not_found("Recipient"));
        }
        audit::record(tx, &entry(ctx, &one, "updated_recipient", json!({ "changed": changed })))?;
    }
    view(tx, ctx, directory, one)
}

/// Takes a recipient away.
///
/// # Errors
/// 404, also the second time.
pub fn delete(tx: &mut Tx<'_>, ctx: &Ctx, id: RecipientId) -> Result<(), Fault> {
    let one = find(tx, ctx, id)?;
    if !rows::delete(tx, ctx.caller.scope(), id)? {
        return Err(Fault::not_found("Recipient"));
    }
    audit::record(tx, &entry(ctx, &one, "deleted_recipient", json!({})))
}

fn find(tx: &mut Tx<'_>, ctx: &Ctx, id: RecipientId) -> Result<Recipient, Fault> {
    rows::find(tx, ctx.caller.scope(), id)?.ok_or_else(|| Fault::not_found("Recipient"))
}

fn entry(ctx: &Ctx, one: &Recipient, action: &str, more: Value) -> audit::Entry {
    let mut detail = json!({
        "recipient_id": one.id,
        "name": one.name,
        "account_number": last_four(&one.account_number),
        "institution_code": one.institution_code,
    });
    if let (Value::Object(detail), Value::Object(more)) = (&mut detail, more) {
        detail.extend(more);
    }
    let entry = trail::entry(ctx, ctx.caller.scope(), &Who::caller(ctx), action, None, &detail);
    trail::on(entry, "recipient", one.id.0, Some(&one.name))
}
