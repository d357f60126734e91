//! How large a value is, and building arrays and objects within the limits.

use serde_json::{Map, Number, Value};

use super::error::{EvalError, Limit};
use super::limits::{self, Meter, VALUE_DEPTH_MAX};
use super::profile::Profile;
use super::value::Val;

/// What a number with a fraction is taken for; most have fewer digits than the 17 it can have.
const SCALAR_BYTES: usize = 8;

/// Fails when a value is larger or deeper than a result may be.
pub(super) fn check(value: &Value, profile: Profile) -> Result<(), EvalError> {
    Measure::new(profile).add(value, 0)
}

/// Adds up sizes, about as compact JSON has them: texts without their escapes.
#[derive(Default)]
pub(super) struct Measure {
    bytes: usize,
    values: usize,
    profile: Profile,
}

impl Measure {
    /// Of a language.
    pub(super) fn new(profile: Profile) -> Self {
        Self { profile, ..Self::default() }
    }

    /// Adds a value that stands `depth` levels deep.
    pub(super) fn add(&mut self, value: &Value, depth: usize) -> Result<(), EvalError> {
        self.values += 1;
        match value {
            Value::Null | Value::Bool(_) => self.add_bytes(5),
            Value::Number(number) => self.add_bytes(1 + number_bytes(number)),
            Value::String(text) => self.add_bytes(3 + text.len()),
            Value::Array(_) | Value::Object(_) if depth == VALUE_DEPTH_MAX => Err(EvalError::Limit(Limit::ValueDepth)),
            Value::Array(items) => {
                self.add_bytes(3)?;
                items.iter().try_for_each(|item| self.add(item, depth + 1))
            }
            Value::Object(members) => {
                self.add_bytes(3)?;
                members.iter().try_for_each(|(key, member)| {
                    self.add_bytes(3 + key.len())?;
                    self.add(member, depth + 1)
                })
            }
        }
    }

    pub(super) fn add_bytes(&mut self, bytes: usize) -> Result<(), EvalError> {
        self.bytes = self.bytes.saturating_add(bytes);
        limits::check_size_in(self.profile, self.bytes)
    }
}

/// An array that grows within the limits; everything put in is paid for.
#[derive(Default)]
pub(super) struct ArrayBuilder {
    items: Vec<Value>,
    measure: Measure,
}

impl ArrayBuilder {
    pub(super) fn push(&mut self, item: Val<'_>, meter: &mut Meter) -> Result<(), EvalError> {
        let item = plain(item, &mut self.measure, meter)?;
        self.items.push(item);
        Ok(())
    }

    pub(super) fn extend(&mut self, items: &[Value], meter: &mut Meter) -> Result<(), EvalError> {
        items.iter().try_for_each(|item| self.push(Val::borrowed(item), meter))
    }

    pub(super) fn finish(self) -> Val<'static> {
        Val::Owned(Value::Array(self.items))
    }
}

/// An object that grows within the limits; missing members are left out.
#[derive(Default)]
pub(super) struct ObjectBuilder {
    members: Map<String, Value>,
    measure: Measure,
}

impl ObjectBuilder {
    pub(super) fn insert(&mut self, key: &str, member: Val<'_>, meter: &mut Meter) -> Result<(), EvalError> {
        if matches!(member, Val::Missing) {
            // As in JavaScript a later member of the same name replaces an earlier one, also by nothing.
            self.members.shift_remove(key);
            return Ok(());
        }
        meter.bytes(key.len())?;
        self.measure.add_bytes(key.len() + 3)?;
        let member = plain(member, &mut self.measure, meter)?;
        self.members.insert(key.to_owned(), member);
        Ok(())
    }

    pub(super) fn finish(self) -> Val<'static> {
        Val::Owned(Value::Object(self.members))
    }
}

/// Pays for a value that was just made, and refuses one that is larger or deeper than a result may be.
pub(super) fn pay(value: &Value, meter: &mut Meter) -> Result<(), EvalError> {
    pay_in(Profile::Steps, value, meter)
}

/// As [`pay`], in a language.
pub(super) fn pay_in(profile: Profile, value: &Value, meter: &mut Meter) -> Result<(), EvalError> {
    let mut measure = Measure::new(profile);
    measure.add(value, 0)?;
    meter.elements(measure.values)?;
    meter.bytes(measure.bytes)
}

/// A part of an array or object as JSON; measured and paid before it is copied.
fn plain(part: Val<'_>, measure: &mut Measure, meter: &mut Meter) -> Result<Value, EvalError> {
    let (values, bytes) = (measure.values, measure.bytes);
    if let Some(value) = part.composite() {
        measure.add(value, 1)?;
    } else {
        measure.values += 1;
        measure.add_bytes(if let Val::Str(text) = &part { text.len() + 3 } else { SCALAR_BYTES })?;
    }
    meter.elements(measure.values - values)?;
    meter.bytes(measure.bytes - bytes)?;
    Ok(part.into_unmeasured())
}

fn number_bytes(number: &Number) -> usize {
    match (number.as_u64(), number.as_i64()) {
        (Some(integer), _) => 1 + integer.checked_ilog10().unwrap_or(0) as usize,
        (None, Some(integer)) => 2 + integer.unsigned_abs().checked_ilog10().unwrap_or(0) as usize,
        (None, None) => SCALAR_BYTES,
    }
}
