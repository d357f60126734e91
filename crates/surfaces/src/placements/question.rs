//! Questions that are sent with POST: they only read, and are answered again under their `Idempotency-Key` like any other POST.

use floe_model::Fault;
use floe_store::Tx;
use http::HeaderName;

use crate::http::{Call, Reply};

/// Under what a client asks for the same answer again.
const REPEAT_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Answers a question. Nothing is written unless the answer has to be kept for a repeat.
///
/// # Errors
/// Of the question, and of the repeat.
pub(super) async fn answered<T, A, R>(call: &Call, mut ask: A, render: R) -> Result<Reply, Fault>
where
    T: Send + 'static,
    A: FnMut(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
    R: Fn(T) -> Result<Reply, Fault> + Send + 'static,
{
    if call.headers.contains_key(REPEAT_KEY) {
        return call.commit(ask, render).await;
    }
    render(call.ctx.store.read(move |tx| ask(tx)).await?)
}
