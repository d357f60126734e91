//! The values of secrets, at the moment when a step is performed (Flow API contract, section 6.3).
//!
//! They are read anew for each call: a changed or deleted secret counts from the next call on, on every node, and nothing is kept in
//! memory. All secrets that the flow names are taken out of what any of its steps brings back, since a receiver may give out later
//! what an earlier step has told it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use floe_engine::event::StepError;
use floe_engine::secrets;
use floe_model::{Fault, Mode, Scope};
use floe_runtime::Platform;
use floe_runtime::effect::{Effect, EffectCall, Effected};
use floe_runtime::seal::{Place, Seal};
use floe_store::Tx;
use floe_store::access::variables::{self, Variable};
use serde_json::{Map, Value};

use super::mask::Mask;

/// The value of a variable in the mode of the run, and whether it is to be kept secret.
struct Opened {
    value: String,
    /// The value in the other mode: a receiver may know that too.
    other: Option<String>,
    secret: bool,
}

/// Makes a call with the values of its secrets and gives what came of it without them. `names` are all that the flow names.
pub(super) async fn call(
    platform: &Arc<Platform>,
    effect: &dyn Effect,
    mut call: EffectCall,
    names: BTreeSet<String>,
) -> Effected {
    if names.is_empty() {
        return effect.call(platform, call).await;
    }
    let (scope, seal) = (call.scope, platform.seal.clone());
    let opened = match platform.store.read(move |tx| open_all(tx, &seal, scope, &names)).await {
        Ok(opened) => opened,
        Err(fault) => {
            tracing::error!(run.id = %call.run, source = ?std::error::Error::source(&fault), %fault, "secrets cannot be opened");
            return Effected::failed(StepError::retryable("secret_unavailable", "The secrets cannot be read now"));
        }
    };
    if secrets::has_any(&call.input) {
        match filled(&call.input, &opened) {
            Ok(input) => call.input = Arc::new(input),
            Err(error) => return Effected::failed(error),
        }
    }
    let hidden = opened.into_values().filter(|one| one.secret);
    let mask = Mask::new(hidden.flat_map(|one| [Some(one.value), one.other]).flatten());
    mask.apply(effect.call(platform, call).await)
}

/// The variables of those names as a run sees them under `env`: the values of those that are no secrets, in the mode of the run, and
/// the names of those that are.
///
/// # Errors
/// Of the database and the seal.
pub(super) async fn env(
    platform: &Arc<Platform>,
    scope: Scope,
    names: BTreeSet<String>,
) -> Result<(Map<String, Value>, Vec<String>), Fault> {
    let seal = platform.seal.clone();
    let opened = platform.store.read(move |tx| open_all(tx, &seal, scope, &names)).await?;
    let (hidden, shown): (Vec<_>, Vec<_>) = opened.into_iter().partition(|(_, one)| one.secret);
    let values = shown.into_iter().map(|(name, one)| (name, Value::String(one.value))).collect();
    Ok((values, hidden.into_iter().map(|(name, _)| name).collect()))
}

fn open_all(
    tx: &mut Tx<'_>,
    seal: &Seal,
    scope: Scope,
    names: &BTreeSet<String>,
) -> Result<BTreeMap<String, Opened>, Fault> {
    let mut opened = BTreeMap::new();
    for name in names {
        if let Some(variable) = variables::find_named(tx, scope.workspace, name)? {
            opened.insert(name.clone(), open(tx, seal, scope, &variable)?);
        }
    }
    Ok(opened)
}

/// The test value in test mode where there is one, else the value.
fn open(tx: &mut Tx<'_>, seal: &Seal, scope: Scope, variable: &Variable) -> Result<Opened, Fault> {
    let live = seal.open_text(tx, scope.workspace, Place::variable(variable.id), &variable.value)?;
    let test = match &variable.test_value {
        Some(sealed) => Some(seal.open_text(tx, scope.workspace, Place::variable_test(variable.id), sealed)?),
        None => None,
    };
    let (value, other) = match test {
        Some(test) if scope.mode == Mode::Test => (test, Some(live)),
        test => (live, test),
    };
    Ok(Opened { value, other, secret: variable.secret })
}

fn filled(input: &Value, opened: &BTreeMap<String, Opened>) -> Result<Value, StepError> {
    let filled = secrets::fill(input, |name| opened.get(name).map(|one| one.value.clone()))?;
    let host = filled.get("url").and_then(Value::as_str).map(host_of).unwrap_or_default();
    // Host names are no place for them: they are asked of name servers, and stand in logs.
    if opened.values().any(|one| one.secret && host.contains(one.value.trim())) {
        return Err(StepError::new("bad_value", "url holds a secret in its host"));
    }
    Ok(filled)
}

/// The part of a URL between `//` and the path.
fn host_of(url: &str) -> &str {
    let after = url.split_once("//").map_or(url, |(_, after)| after);
    after.split(['/', '?', '#', '\\']).next().unwrap_or_default()
}
