//! One job in one fresh QuickJS engine. Runs in the child process only.
//!
//! The engine has no host objects but `console`: no modules, files, network, timers or processes exist in it. Time is
//! watched by the interrupt handler; what the handler cannot interrupt (a long native loop) is ended by the parent.

mod failure;
mod logs;
mod watch;

use std::cell::RefCell;
use std::rc::Rc;

use rquickjs::context::EvalOptions;
use rquickjs::promise::PromiseState;
use rquickjs::{Context, Ctx, Error, Function, Object, Runtime, Value};
use serde_json::value::RawValue;

use self::logs::Logs;
pub(super) use self::watch::Watch;
use super::job::{CodeFailure, FailureCode, JobLimits};
use super::limits::{CODE_BYTES_MAX, STACK_BYTES};
use super::protocol::{JobIn, Reply};

/// The file name that user code has in stack traces; lines are read from there.
const USER_FILE: &str = "floe-step.js";
const HARNESS: &str = include_str!("engine/harness.js");

/// A started engine. Dropping it frees all objects of the job, which may take time: answer first.
pub(super) struct Engine {
    context: Context,
    watch: Rc<Watch>,
    limits: JobLimits,
}

impl Engine {
    /// Starts an engine with the limits of the job.
    ///
    /// # Errors
    /// There is no memory for it.
    pub(super) fn try_new(limits: JobLimits, watch: Watch) -> Result<Self, CodeFailure> {
        let no_memory = |_| failure::memory(limits);
        let watch = Rc::new(watch);
        let runtime = Runtime::new().map_err(no_memory)?;
        runtime.set_memory_limit(usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX));
        runtime.set_max_stack_size(STACK_BYTES);
        let watched = Rc::clone(&watch);
        runtime.set_interrupt_handler(Some(Box::new(move || watched.is_over())));
        let context = Context::full(&runtime).map_err(no_memory)?;
        Ok(Self { context, watch, limits })
    }

    /// Runs the job to its end. Call once.
    pub(super) fn run(&self, job: &JobIn) -> Reply<Box<RawValue>> {
        let logs = Rc::new(RefCell::new(Logs::new(self.limits.log_bytes)));
        let run = Run { job, limits: self.limits, watch: &self.watch };
        let result = self.context.with(|ctx| run.to_json(&ctx, &logs));
        let logs = logs.take().into_lines();
        let result = result.and_then(|json| {
            RawValue::from_string(json)
                .map_err(|_| CodeFailure::new(FailureCode::Error, "the returned value is not JSON"))
        });
        match result {
            Ok(value) => Reply::Done { value, logs },
            Err(failure) if self.is_out_of_memory(&failure, &job.code) => {
                Reply::Failed(CodeFailure { logs, ..failure::memory(self.limits) })
            }
            Err(failure) => Reply::Failed(CodeFailure { logs, ..failure }),
        }
    }

    /// The engine throws null when memory does not even hold an error object; code may throw null too. Told apart by the
    /// memory still in use, or, when that was freed on the way, by code that never speaks of null.
    fn is_out_of_memory(&self, failure: &CodeFailure, code: &str) -> bool {
        let used = || u64::try_from(self.context.runtime().memory_usage().malloc_size).unwrap_or(0);
        failure.code == FailureCode::Error
            && failure.message == "null"
            && (!code.contains("null") || used() > self.limits.memory_bytes / 2)
    }
}

struct Run<'a> {
    job: &'a JobIn,
    limits: JobLimits,
    watch: &'a Watch,
}

impl Run<'_> {
    fn to_json(&self, ctx: &Ctx<'_>, logs: &Rc<RefCell<Logs>>) -> Result<String, CodeFailure> {
        if self.job.code.len() > CODE_BYTES_MAX {
            let message = format!("the code is longer than {CODE_BYTES_MAX} bytes");
            return Err(CodeFailure::new(FailureCode::Error, message));
        }
        let harness = self.prepare(ctx, logs).map_err(|error| self.failure(ctx, error))?;
        let value = self.settle(ctx)?;
        self.stringify(ctx, value, &harness)
    }

    /// Sets `console` and the globals, runs the prelude.
    fn prepare<'js>(&self, ctx: &Ctx<'js>, logs: &Rc<RefCell<Logs>>) -> rquickjs::Result<Object<'js>> {
        let logs = Rc::clone(logs);
        let emit =
            Function::new(ctx.clone(), move |level: String, text: String| logs.borrow_mut().write(&level, text))?;
        let make: Function = ctx.eval_with_options(HARNESS, options("floe-harness.js"))?;
        let harness: Object = make.call((emit, self.limits.result_bytes as f64, self.limits.log_bytes as f64))?;
        let globals = ctx.globals();
        globals.set("console", harness.get::<_, Object>("console")?)?;
        for (name, json) in &self.job.globals {
            globals.set(name.as_str(), ctx.json_parse(json.get())?)?;
        }
        if !self.job.prelude.is_empty() {
            ctx.eval_with_options::<Value, _>(self.job.prelude.as_str(), options("floe-prelude.js"))?;
        }
        Ok(harness)
    }

    /// Calls the code and runs its promises until the result is there.
    fn settle<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>, CodeFailure> {
        // The opening stands on the user's first line, so line numbers need no correction.
        let source = format!("(async function () {{{}\n}})", self.job.code);
        let returned = ctx
            .eval_with_options::<Function, _>(source, options(USER_FILE))
            .and_then(|function| function.call::<_, Value>(()))
            .map_err(|error| self.failure(ctx, error))?;
        let Some(promise) = returned.as_promise() else { return Ok(returned) };
        loop {
            if self.watch.is_over() {
                return Err(failure::timeout(self.limits, None));
            }
            match promise.state() {
                PromiseState::Pending if ctx.execute_pending_job() => {}
                // Nothing outside can settle it: there are no timers and no I/O.
                PromiseState::Pending => return Err(failure::never_settles()),
                PromiseState::Resolved | PromiseState::Rejected => break,
            }
        }
        let result = promise.result::<Value>().unwrap_or(Err(Error::WouldBlock));
        result.map_err(|error| self.failure(ctx, error))
    }

    fn stringify<'js>(&self, ctx: &Ctx<'js>, value: Value<'js>, harness: &Object<'js>) -> Result<String, CodeFailure> {
        let json = harness
            .get::<_, Function>("replacer")
            .and_then(|replacer| ctx.json_stringify_replacer(value, replacer))
            .and_then(|json| json.map(|json| json.to_string()).transpose());
        let too_large = || failure::too_large(self.limits);
        match json {
            Ok(None) => Ok("null".to_owned()),
            Ok(Some(json)) if json.len() as u64 > self.limits.result_bytes => Err(too_large()),
            Ok(Some(json)) => Ok(json),
            Err(error) => {
                let failure = self.failure(ctx, error);
                let over = harness.get::<_, Function>("over").and_then(|over| over.call::<_, bool>(()));
                Err(if failure.code == FailureCode::Error && over.unwrap_or(false) { too_large() } else { failure })
            }
        }
    }

    fn failure(&self, ctx: &Ctx<'_>, error: Error) -> CodeFailure {
        failure::describe(ctx, &error, self.limits, self.watch, &self.job.code)
    }
}

/// Sloppy mode, as a script has it; code may ask for strict mode itself.
fn options(file: &str) -> EvalOptions {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(file.to_owned());
    options
}

#[cfg(test)]
mod tests;
