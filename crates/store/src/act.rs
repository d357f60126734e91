//! A closure on its way to a database thread, and its answer on the way back.

use std::panic::{AssertUnwindSafe, catch_unwind};

use floe_model::Fault;
use tokio::sync::oneshot;

use crate::tx::{StatementError, Tx};

/// A closure with its result type hidden.
pub(crate) trait Act: Send {
    /// Runs the closure and keeps its result; true when it wants its writes kept. May be called again after a rollback.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;

    /// Answers with the kept result. For a result that asked to be kept this means: it is on disk.
    fn answer(self: Box<Self>);

    /// Answers with a fault in place of whatever the closure said.
    fn refuse(self: Box<Self>, fault: Fault);

    /// Whether nobody waits for the answer any more.
    fn abandoned(&self) -> bool;
}

/// The only kind of [`Act`].
pub(crate) struct Call<T, F> {
    closure: F,
    result: Option<Result<T, Fault>>,
    reply: oneshot::Sender<Result<T, Fault>>,
}

impl<T, F> Call<T, F>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
    T: Send + 'static,
{
    /// A call and the place where its answer arrives.
    pub(crate) fn boxed(closure: F) -> (Box<dyn Act>, oneshot::Receiver<Result<T, Fault>>) {
        let (reply, answer) = oneshot::channel();
        (Box::new(Self { closure, result: None, reply }), answer)
    }
}

impl<T, F> Act for Call<T, F>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
    T: Send + 'static,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        // A panic is the closure's own failure; the transaction is rolled back, so nothing half-done is seen afterwards.
        let result = match catch_unwind(AssertUnwindSafe(|| (self.closure)(tx))) {
            Ok(Ok(value)) => match tx.failed() {
                None => Ok(value),
                Some(statement) => Err(Fault::internal(StatementError::new(
                    statement,
                    "failed, and its transaction went on as if it had not".to_owned(),
                ))),
            },
            Ok(Err(fault)) => Err(fault),
            Err(panic) => Err(Fault::internal(format!("panic in a transaction: {}", panic_text(panic.as_ref())))),
        };
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn answer(self: Box<Self>) {
        let result = self.result.unwrap_or_else(|| Err(Fault::internal("a closure was answered before it ran")));
        let _ = self.reply.send(result);
    }

    fn refuse(self: Box<Self>, fault: Fault) {
        let _ = self.reply.send(Err(fault));
    }

    fn abandoned(&self) -> bool {
        self.reply.is_closed()
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)")
}
