//! Sums: numbers, `+ - * / % ^`, brackets.

use serde_json::Value;

/// Brackets inside each other at most.
const DEPTH_MAX: usize = 50;

struct Reader<'t> {
    rest: &'t str,
    depth: usize,
}

/// The value of a sum; a whole one without a fraction.
///
/// # Errors
/// What is wrong with it.
pub(super) fn work_out(text: &str) -> Result<Value, &'static str> {
    let mut reader = Reader { rest: text, depth: 0 };
    let value = reader.sum()?;
    if reader.peek().is_some() {
        return Err("The sum cannot be read to its end");
    }
    if !value.is_finite() {
        return Err("The sum has no value; something is divided by 0, or too large");
    }
    let is_whole = value.fract() == 0.0 && value.abs() < 9e15;
    Ok(if is_whole { Value::from(value as i64) } else { Value::from(value) })
}

impl Reader<'_> {
    fn sum(&mut self) -> Result<f64, &'static str> {
        let mut value = self.product()?;
        loop {
            match self.peek() {
                Some('+') => value += self.after_sign(Self::product)?,
                Some('-') => value -= self.after_sign(Self::product)?,
                _ => return Ok(value),
            }
        }
    }

    fn product(&mut self) -> Result<f64, &'static str> {
        let mut value = self.power()?;
        loop {
            match self.peek() {
                Some('*') => value *= self.after_sign(Self::power)?,
                Some('/') => value /= self.after_sign(Self::power)?,
                Some('%') => value %= self.after_sign(Self::power)?,
                _ => return Ok(value),
            }
        }
    }

    /// From the right: 2^3^2 is 2^9; a sign binds less than it: -2^2 is -4.
    fn power(&mut self) -> Result<f64, &'static str> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("The sum is nested too deep");
        }
        let value = match self.peek() {
            Some('-') => -self.after_sign(Self::power)?,
            Some('+') => self.after_sign(Self::power)?,
            _ => {
                let base = self.number()?;
                if self.peek() == Some('^') { base.powf(self.after_sign(Self::power)?) } else { base }
            }
        };
        self.depth -= 1;
        Ok(value)
    }

    fn number(&mut self) -> Result<f64, &'static str> {
        if self.peek() == Some('(') {
            let value = self.after_sign(Self::sum)?;
            if self.peek() != Some(')') {
                return Err("A bracket is not closed");
            }
            self.rest = &self.rest[1..];
            return Ok(value);
        }
        let end = self.rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        digits.parse().map_err(|_| "A number is missing")
    }

    fn after_sign(&mut self, read: fn(&mut Self) -> Result<f64, &'static str>) -> Result<f64, &'static str> {
        self.rest = &self.rest[1..];
        read(self)
    }

    /// The next character that is no blank.
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }
}
