//! Variables and secrets of a workspace (console contract, section 5.1).
//!
//! Every value is sealed at rest. The value of a secret is never given out again, only to the step that names it when that is
//! performed. In test mode a variable has its test value when there is one, else its value.

use floe_model::id::{FlowId, VariableId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_runtime::seal::Place;
use floe_store::Tx;
use floe_store::access::variables::{self as rows, Page, Variable};
use serde_json::{Value, json};

use crate::act::{Act, Note};
use crate::keys::check_revision;
use crate::service::Access;

mod uses;

/// Characters of the value of a secret at least: a shorter text could not be told from others when it is masked.
pub const SECRET_CHARS_MIN: usize = 4;
/// Characters of a value at most.
pub const VALUE_CHARS_MAX: usize = 16_384;

/// A variable as asked for.
#[derive(Debug, Clone)]
pub struct NewVariable {
    /// `^[A-Z][A-Z0-9_]{0,63}$`
    pub name: String,
    /// Whether its value is never shown again.
    pub secret: bool,
    /// The value.
    pub value: String,
    /// The value in test mode where it differs.
    pub test_value: Option<String>,
    /// What it is for.
    pub description: String,
}

/// What shall be changed; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct VariablePatch {
    /// Another name.
    pub name: Option<String>,
    /// Whether its value is never shown again. A secret can only become readable together with a new value.
    pub secret: Option<bool>,
    /// Another value.
    pub value: Option<String>,
    /// Another value in test mode; `Some(None)` takes it away.
    pub test_value: Option<Option<String>>,
    /// Another description.
    pub description: Option<String>,
}

/// A flow that names a variable, in its published latest version or its draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The flow.
    pub flow: FlowId,
    /// Its name; none when the reader may not see the flow.
    pub name: Option<String>,
}

/// A variable as it may be shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The record.
    pub row: Variable,
    /// The value; none for a secret.
    pub value: Option<String>,
    /// The value in test mode; none for a secret, and when there is none.
    pub test_value: Option<String>,
    /// Who names it.
    pub used_by: Vec<Use>,
}

/// A page of variables.
#[derive(Debug, Clone)]
pub struct VariableList {
    /// The variables.
    pub variables: Vec<Shown>,
    /// Whether there are more behind them.
    pub more: bool,
    /// How many there are in all, when asked for.
    pub total: Option<i64>,
}

impl Access {
    /// A page of the variables of the caller's workspace.
    ///
    /// # Errors
    /// Of the database; internal when a value cannot be opened.
    pub async fn list_variables(&self, act: &Act, page: Page, total: bool) -> Result<VariableList, Fault> {
        let act = act.clone();
        let reading = self.platform.store.read(move |tx| {
            let workspace = act.ctx.caller.workspace;
            let wanted = Page { limit: page.limit + 1, ..page.clone() };
            let mut found = rows::list(tx, workspace, &wanted)?;
            let more = found.len() > page.limit;
            found.truncate(page.limit);
            let mut uses = uses::all(tx, &act.ctx.caller)?;
            let shown = found.into_iter().map(|row| {
                let used_by = uses.remove(&row.name).unwrap_or_default();
                open(tx, &act, row, used_by)
            });
            let variables = shown.collect::<Result<Vec<Shown>, Fault>>()?;
            let total = if total { Some(rows::count(tx, workspace, page.secret)?) } else { None };
            Ok(VariableList { variables, more, total })
        });
        reading.await
    }

    /// A variable of the caller's workspace.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn find_variable(&self, act: &Act, id: VariableId) -> Result<Shown, Fault> {
        let act = act.clone();
        let reading = self.platform.store.read(move |tx| {
            let row = find(tx, act.ctx.caller.workspace, id)?;
            show(tx, &act, row)
        });
        reading.await
    }
}

/// Adds a variable.
///
/// # Errors
/// `conflict` when the name is taken or there are too many; 400 for a secret that is too short.
pub fn create(tx: &mut Tx<'_>, act: &Act, new: &NewVariable) -> Result<Shown, Fault> {
    let (workspace, now) = (act.ctx.caller.workspace, act.now());
    if rows::count(tx, workspace, None)? >= rows::NAMES_MAX as i64 {
        let message = format!("A workspace has at most {} variables", rows::NAMES_MAX);
        return Err(Fault::conflict("conflict", message));
    }
    check_length(new.secret, "/value", &new.value)?;
    let test_value = new.test_value.as_deref();
    if let Some(value) = test_value {
        check_length(new.secret, "/test_value", value)?;
    }
    let id: VariableId = act.ctx.ids.next();
    let row = Variable {
        workspace,
        id,
        name: new.name.clone(),
        secret: new.secret,
        value: seal(tx, act, Place::variable(id), &new.value)?,
        test_value: test_value.map(|value| seal(tx, act, Place::variable_test(id), value)).transpose()?,
        description: new.description.clone(),
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    if !rows::insert(tx, &row)? {
        return Err(taken(&new.name));
    }
    note(tx, act, &row, "created_variable", json!({ "secret": row.secret, "has_test_value": test_value.is_some() }))?;
    show(tx, act, row)
}

/// Changes a variable.
///
/// # Errors
/// `not_found`; `stale_revision`; `in_use` for another name while flows name it; `conflict` for a name that is taken; 400 for a secret
/// that would become readable.
pub fn patch(
    tx: &mut Tx<'_>,
    act: &Act,
    id: VariableId,
    patch: &VariablePatch,
    if_match: Option<i64>,
) -> Result<Shown, Fault> {
    let mut row = find(tx, act.ctx.caller.workspace, id)?;
    check_revision(row.revision, if_match)?;
    let mut changed = Vec::new();
    if let Some(name) = patch.name.as_ref().filter(|name| **name != row.name) {
        rename(tx, act, &mut row, name)?;
        changed.push("name");
    }
    let secret = patch.secret.unwrap_or(row.secret);
    check_readable(&row, patch, secret)?;
    if secret != row.secret {
        row.secret = secret;
        changed.push("secret");
    }
    set_values(tx, act, &mut row, patch, &mut changed)?;
    if let Some(description) = &patch.description {
        row.description.clone_from(description);
        changed.push("description");
    }
    row.updated_at = act.now();
    if !rows::update(tx, &row)? {
        return Err(stale());
    }
    row.revision += 1;
    note(tx, act, &row, "changed_variable", json!({ "secret": row.secret, "changed": changed }))?;
    show(tx, act, row)
}

/// Removes a variable that nobody names.
///
/// # Errors
/// `not_found`; `stale_revision`; `in_use` with `used_by`.
pub fn delete(tx: &mut Tx<'_>, act: &Act, id: VariableId, if_match: Option<i64>) -> Result<(), Fault> {
    let row = find(tx, act.ctx.caller.workspace, id)?;
    check_revision(row.revision, if_match)?;
    check_unused(tx, act, &row.name)?;
    if !rows::delete(tx, row.workspace, id, row.revision)? {
        return Err(stale());
    }
    note(tx, act, &row, "deleted_variable", json!({ "secret": row.secret }))
}

fn rename(tx: &mut Tx<'_>, act: &Act, row: &mut Variable, name: &str) -> Result<(), Fault> {
    check_unused(tx, act, &row.name)?;
    if rows::find_named(tx, row.workspace, name)?.is_some() {
        return Err(taken(name));
    }
    name.clone_into(&mut row.name);
    Ok(())
}

/// What was kept as a secret stays one, until all of it is replaced.
fn check_readable(row: &Variable, patch: &VariablePatch, secret: bool) -> Result<(), Fault> {
    let replaces_all = patch.value.is_some() && (patch.test_value.is_some() || row.test_value.is_none());
    if row.secret && !secret && !replaces_all {
        let message = "A secret can only become readable together with a new value and test value";
        return Err(Fault::field("/secret", "value", message));
    }
    Ok(())
}

fn set_values(
    tx: &mut Tx<'_>,
    act: &Act,
    row: &mut Variable,
    patch: &VariablePatch,
    changed: &mut Vec<&'static str>,
) -> Result<(), Fault> {
    let (place, test_place) = (Place::variable(row.id), Place::variable_test(row.id));
    let becomes_secret = changed.contains(&"secret") && row.secret;
    if let Some(value) = &patch.value {
        check_length(row.secret, "/value", value)?;
        row.value = seal(tx, act, place, value)?;
        changed.push("value");
    } else if becomes_secret {
        let value = act.ctx.seal.open_text(tx, row.workspace, place, &row.value)?;
        check_length(true, "/value", &value)?;
    }
    match &patch.test_value {
        Some(Some(value)) => {
            check_length(row.secret, "/test_value", value)?;
            row.test_value = Some(seal(tx, act, test_place, value)?);
            changed.push("test_value");
        }
        Some(None) => {
            row.test_value = None;
            changed.push("test_value");
        }
        None => {
            if let Some(sealed) = row.test_value.as_deref().filter(|_| becomes_secret) {
                let value = act.ctx.seal.open_text(tx, row.workspace, test_place, sealed)?;
                check_length(true, "/test_value", &value)?;
            }
        }
    }
    Ok(())
}

fn check_length(secret: bool, path: &str, value: &str) -> Result<(), Fault> {
    if secret && value.chars().count() < SECRET_CHARS_MIN {
        let message = format!("The value of a secret needs at least {SECRET_CHARS_MIN} characters");
        return Err(Fault::field(path, "length", message));
    }
    Ok(())
}

fn check_unused(tx: &mut Tx<'_>, act: &Act, name: &str) -> Result<(), Fault> {
    let uses = uses::all(tx, &act.ctx.caller)?.remove(name).unwrap_or_default();
    if uses.is_empty() {
        return Ok(());
    }
    let message = format!("{name} is named by {} flow(s)", uses.len());
    Err(Fault::conflict("in_use", message).with_details(json!({ "used_by": used_by(&uses) })))
}

/// Flows that name a variable, as answers list them.
#[must_use]
pub fn used_by(uses: &[Use]) -> Value {
    uses.iter().map(|one| json!({ "type": "flow", "id": one.flow.prefixed(), "name": one.name })).collect()
}

fn show(tx: &mut Tx<'_>, act: &Act, row: Variable) -> Result<Shown, Fault> {
    let used_by = uses::all(tx, &act.ctx.caller)?.remove(&row.name).unwrap_or_default();
    open(tx, act, row, used_by)
}

fn open(tx: &mut Tx<'_>, act: &Act, row: Variable, used_by: Vec<Use>) -> Result<Shown, Fault> {
    let (mut value, mut test_value) = (None, None);
    if !row.secret {
        value = Some(act.ctx.seal.open_text(tx, row.workspace, Place::variable(row.id), &row.value)?);
        if let Some(sealed) = &row.test_value {
            test_value = Some(act.ctx.seal.open_text(tx, row.workspace, Place::variable_test(row.id), sealed)?);
        }
    }
    Ok(Shown { row, value, test_value, used_by })
}

fn seal(tx: &mut Tx<'_>, act: &Act, place: Place, value: &str) -> Result<Vec<u8>, Fault> {
    act.ctx.seal.seal(tx, &act.ctx.ids, act.ctx.caller.workspace, place, value.as_bytes())
}

fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: VariableId) -> Result<Variable, Fault> {
    rows::find(tx, workspace, id)?.ok_or_else(|| Fault::not_found("Variable"))
}

fn taken(name: &str) -> Fault {
    Fault::conflict("conflict", format!("There is already a variable {name}"))
}

fn stale() -> Fault {
    Fault::new(FaultKind::Stale, "stale_revision", "The object was changed after you read it")
}

/// The audit entry of an act on a variable: which fields, never a value.
fn note(tx: &mut Tx<'_>, act: &Act, row: &Variable, action: &'static str, detail: Value) -> Result<(), Fault> {
    let target = Some(("variable", row.id.0, row.name.as_str()));
    act.note(tx, Note { action, mode: None, target, detail })
}
