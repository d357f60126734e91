//! Calls whose answer comes after their effect: a run goes on when its call is long committed.
//!
//! Such a call is noted under its idempotency key in a transaction of its own, before anything happens, together with a
//! subject: the id that its effect will have. Its answer is saved when it is known. A repeat that finds the key without an
//! answer is told to come again while this process still works on the first call; when the first call's server has ended,
//! the repeat finds out from the subject what became of it, and does the rest.

use std::time::Duration;

use floe_flows::serving::Served;
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_store::Tx;
use http::header::{HeaderName, HeaderValue};

use crate::http::{Begun, Call, Repeat, Reply, ReplyBody};

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Time in which it is noticed that a node has ended: its lease, and the look for it.
const NOTICED_WITHIN: Duration = Duration::from_secs(8);
/// Pause between two looks at a call that another node has.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Whether a call is the first one with its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is, or it has no key.
    First,
    /// The first one was noted with this subject, and its server ended before it answered.
    Again(u128),
}

/// Does a call once per idempotency key; `subject` is what a first call is noted with.
///
/// # Errors
/// Whatever the act returns, and then the key is free again, unless the outcome is unknown; 409 `idempotency_in_progress`;
/// 422 `idempotency_mismatch`.
pub(crate) async fn once<F>(call: &Call, subject: u128, act: impl FnOnce(Turn) -> F) -> Result<Reply, Fault>
where
    F: Future<Output = Result<Reply, Fault>>,
{
    let noted = match note(call, subject).await? {
        Start::Plain => return act(Turn::First).await,
        Start::Answered(reply) => return Ok(*reply),
        Start::Noted(noted) => noted,
    };
    let turn = noted.turn;
    let outcome = act(turn).await;
    noted.keep(&call.ctx, Kept::of(&outcome)).await?;
    match turn {
        Turn::First => outcome,
        Turn::Again(_) => outcome.map(|reply| reply.header(REPLAYED, HeaderValue::from_static("true"))),
    }
}

/// How a call begins.
pub(crate) enum Start {
    /// It has no idempotency key.
    Plain,
    /// It is a repeat: this is its answer.
    Answered(Box<Reply>),
    /// It was noted under its key.
    Noted(Box<Noted>),
}

/// A call that was noted under its key, until what it came to is kept.
pub(crate) struct Noted {
    /// Whether it is the first one.
    pub(crate) turn: Turn,
    repeat: Repeat,
    /// Says that this process works on it.
    _served: Option<Served>,
}

/// Notes a call under its key before anything happens.
///
/// # Errors
/// 409 `idempotency_in_progress`; 422 `idempotency_mismatch`.
pub(crate) async fn note(call: &Call, subject: u128) -> Result<Start, Fault> {
    let Some(repeat) = call.repeat()? else { return Ok(Start::Plain) };
    // Entered before the key is written, so that no repeat can take this call for one that was left behind.
    let served = call.app.flows.serving.enter(repeat.mark());
    let turn = match begin(call, &repeat, subject).await {
        Ok(Begun::First) => Turn::First,
        Ok(Begun::Replay(reply)) => return Ok(Start::Answered(reply)),
        Err(fault) => match left_behind(&fault).filter(|_| served.is_some()) {
            Some(subject) => Turn::Again(subject),
            None => return Err(fault),
        },
    };
    Ok(Start::Noted(Box::new(Noted { turn, repeat, _served: served })))
}

impl Noted {
    /// Keeps what a call came to.
    ///
    /// # Errors
    /// Of the database.
    pub(crate) async fn keep(self, ctx: &Ctx, kept: Kept) -> Result<(), Fault> {
        keep(ctx, self.repeat, kept).await
    }
}

/// The fault for a repeat whose first call has a run that still goes on.
pub(crate) fn in_progress() -> Fault {
    Fault::conflict("idempotency_in_progress", "The first request with this Idempotency-Key is still going")
}

/// What a key is known for. While another node has its first call it may be one that has ended: then the call is left behind as soon as
/// that is noticed, which is waited for.
async fn begin(call: &Call, repeat: &Repeat, subject: u128) -> Result<Begun, Fault> {
    let began = tokio::time::Instant::now();
    loop {
        let own = repeat.clone();
        match call.ctx.store.write(move |tx| own.begin(tx, Some(subject))).await {
            Err(fault) if is_elsewhere(&fault) && began.elapsed() < NOTICED_WITHIN => {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            outcome => return outcome,
        }
    }
}

/// Whether the first call with a key goes on where nobody here can see it.
fn is_elsewhere(fault: &Fault) -> bool {
    fault.code() == "idempotency_in_progress" && left_behind(fault).is_none()
}

/// What is kept of a call.
pub(crate) enum Kept {
    /// Its answer.
    Answer(Reply),
    /// Nothing: a repeat is done anew.
    Freed,
    /// That it was begun: what may have had an effect keeps the key, and a repeat finds out.
    Nothing,
}

impl Kept {
    /// Of what a call came to: its answer, or that its key is free again, unless its outcome is unknown.
    pub(crate) fn of(outcome: &Result<Reply, Fault>) -> Self {
        match outcome {
            Ok(reply) => Self::Answer(copy(reply)),
            Err(fault) if is_unknown(fault) => Self::Nothing,
            Err(_) => Self::Freed,
        }
    }
}

async fn keep(ctx: &Ctx, repeat: Repeat, kept: Kept) -> Result<(), Fault> {
    if matches!(kept, Kept::Nothing) {
        return Ok(());
    }
    let write = move |tx: &mut Tx<'_>| match &kept {
        Kept::Answer(reply) => repeat.complete(tx, reply),
        Kept::Freed => repeat.release(tx),
        Kept::Nothing => Ok(()),
    };
    ctx.store.write(write).await
}

fn is_unknown(fault: &Fault) -> bool {
    matches!(fault.kind(), FaultKind::Overloaded | FaultKind::Internal) || fault.code() == "idempotency_in_progress"
}

/// The subject of a call that is noted and not answered.
fn left_behind(fault: &Fault) -> Option<u128> {
    let details = fault.details().filter(|_| fault.code() == "idempotency_in_progress")?;
    floe_model::id::parse_bits(details.get("runId")?.as_str()?).ok()
}

fn copy(reply: &Reply) -> Reply {
    let body = ReplyBody::Full(reply.full_body().cloned().unwrap_or_default());
    Reply { status: reply.status, headers: reply.headers.clone(), body, replay_body: reply.replay_body.clone() }
}
