//! What a thrown value means to the caller: code, message and the user's line.

use rquickjs::{Coerced, Ctx, Error, Value};

use super::{USER_FILE, Watch};
use crate::sandbox::job::{CodeFailure, FailureCode, JobLimits};
use crate::sandbox::limits::MESSAGE_BYTES_MAX;

/// The failure behind an engine error; takes the pending exception.
pub(super) fn describe(ctx: &Ctx<'_>, error: &Error, limits: JobLimits, watch: &Watch, code: &str) -> CodeFailure {
    match error {
        Error::Exception => thrown(ctx, &ctx.catch(), limits, watch, code),
        Error::Allocation => memory(limits),
        Error::InvalidString(_) => CodeFailure::new(FailureCode::Error, "the code holds a NUL character"),
        other => CodeFailure::new(FailureCode::Error, cut(other.to_string())),
    }
}

/// The code went over its time.
pub(super) fn timeout(limits: JobLimits, line: Option<u32>) -> CodeFailure {
    let message = format!("the code ran longer than {} ms", limits.time_ms);
    CodeFailure { line, ..CodeFailure::new(FailureCode::Timeout, message) }
}

/// The code waits for what nobody will do.
pub(super) fn never_settles() -> CodeFailure {
    CodeFailure::new(FailureCode::Timeout, "the code awaits a promise that never settles")
}

/// The code went over its memory.
pub(super) fn memory(limits: JobLimits) -> CodeFailure {
    let message = format!("the code used more than {} MiB of memory", limits.memory_bytes >> 20);
    CodeFailure::new(FailureCode::Memory, message)
}

/// The result is larger than allowed.
pub(super) fn too_large(limits: JobLimits) -> CodeFailure {
    let message = format!("the returned value is larger than {} bytes of JSON", limits.result_bytes);
    CodeFailure::new(FailureCode::ResultTooLarge, message)
}

fn thrown<'js>(ctx: &Ctx<'js>, value: &Value<'js>, limits: JobLimits, watch: &Watch, code: &str) -> CodeFailure {
    // Without memory for an error object the engine fails with no exception at all.
    if value.type_of() == rquickjs::Type::Uninitialized {
        return memory(limits);
    }
    let property = |name: &str| {
        let object = value.as_object().filter(|_| value.is_error())?;
        let text = object.get::<_, Option<Coerced<String>>>(name).ok().flatten().map(|text| text.0);
        // A getter that throws leaves its exception behind.
        ctx.catch();
        text
    };
    let line = property("stack").and_then(|stack| user_line(&stack, code));
    if watch.is_over() {
        return timeout(limits, line);
    }
    let message = match (property("name"), property("message")) {
        (Some(name), Some(message)) if name == "InternalError" && message == "out of memory" => {
            return CodeFailure { line, ..memory(limits) };
        }
        (Some(name), Some(message)) if message.is_empty() => name,
        (Some(name), Some(message)) => format!("{name}: {message}"),
        (_, Some(message)) => message,
        (_, None) => plain_text(ctx, value),
    };
    if watch.is_over() {
        return timeout(limits, line);
    }
    CodeFailure { line, ..CodeFailure::new(FailureCode::Error, cut(message)) }
}

/// A thrown value that is no error: a text as it is, anything else as JSON.
fn plain_text<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> String {
    if let Some(text) = value.as_string() {
        return text.to_string().unwrap_or_default();
    }
    let json = ctx.json_stringify(value.clone()).ok().flatten().and_then(|json| json.to_string().ok());
    ctx.catch();
    json.unwrap_or_else(|| format!("threw a value of type {}", value.type_name()))
}

/// The first line of the user's file in a stack trace. A missing bracket is found after the end: the last line then.
fn user_line(stack: &str, code: &str) -> Option<u32> {
    let position = stack.lines().find_map(|frame| {
        let (before, position) = frame.split_once(USER_FILE)?;
        // `at name (file:1:2)` or `at file:1:2`
        before.ends_with(['(', ' ']).then_some(position)
    })?;
    let line: u32 = position.strip_prefix(':')?.split([':', ')']).next()?.parse().ok()?;
    let last = u32::try_from(code.lines().count().max(1)).unwrap_or(u32::MAX);
    Some(line.clamp(1, last))
}

fn cut(mut message: String) -> String {
    message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX));
    message
}
