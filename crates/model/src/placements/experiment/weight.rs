//! Shares of users: hundredths of a percent inside, percent on the wire.

use serde_json::{Number, Value};

/// Everybody, in hundredths of a percent.
pub const WEIGHT_ALL: u32 = 10_000;

/// How far a number may be from a hundredth because it was written in binary, in hundredths of a percent.
const ROUNDING: f64 = 1e-6;

/// Reads percent, 0 to 100 in steps of 0.01.
#[must_use]
pub fn hundredths(percent: &Value) -> Option<u32> {
    let scaled = percent.as_f64()? * 100.0;
    let whole = scaled.round();
    let is_step = (scaled - whole).abs() <= ROUNDING && (0.0..=f64::from(WEIGHT_ALL)).contains(&whole);
    is_step.then_some(whole as u32)
}

/// Percent as a JSON number, whole where it is whole.
#[must_use]
pub fn percent(hundredths: u32) -> Value {
    if hundredths.is_multiple_of(100) {
        return Value::from(hundredths / 100);
    }
    Number::from_f64(f64::from(hundredths) / 100.0).map_or(Value::Null, Value::Number)
}
