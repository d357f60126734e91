//! Statements that wait for the next one, their parameters in the server's format already.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

use floe_model::Fault;
use tokio_postgres::{
    Client, Error, Statement as Prepared,
    types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked},
};

use crate::{postgres::connect::Link, tx::StatementError};

/// A statement that waits.
pub(super) struct Queued {
    name: &'static str,
    text: &'static str,
    statement: Prepared,
    params: Vec<Encoded>,
}

/// A statement that failed, by its name.
pub(super) struct Unsent {
    pub(super) name: &'static str,
    pub(super) error: Error,
}

/// A parameter as the server reads it.
struct Encoded {
    bytes: BytesMut,
    is_null: bool,
}

impl Queued {
    /// A statement with these parameters.
    ///
    /// # Errors
    /// An internal fault for parameters that the statement does not take.
    pub(super) fn new(
        name: &'static str,
        text: &'static str,
        statement: Prepared,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Self, Fault> {
        let wrong = |problem: String| Fault::internal(StatementError::new(name, problem));
        if statement.params().len() != params.len() {
            return Err(wrong(format!("{} parameters instead of {}", params.len(), statement.params().len())));
        }
        let encode = |(param, kind): (&&(dyn ToSql + Sync), &Type)| {
            let mut bytes = BytesMut::new();
            let null = param.to_sql_checked(kind, &mut bytes).map_err(|error| wrong(error.to_string()))?;
            Ok(Encoded { bytes, is_null: matches!(null, IsNull::Yes) })
        };
        let params = params.iter().zip(statement.params()).map(encode).collect::<Result<_, Fault>>()?;
        Ok(Self { name, text, statement, params })
    }

    async fn send(&self, client: &Client) -> Result<(), Unsent> {
        let params: Vec<&(dyn ToSql + Sync)> = self.params.iter().map(|param| param as &(dyn ToSql + Sync)).collect();
        let sent = client.execute(&self.statement, &params).await;
        sent.map(drop).map_err(|error| Unsent { name: self.name, error })
    }
}

/// Prepares what waits as one statement; nothing is carried out yet.
pub(super) async fn put_together(link: &mut Link, queue: &[Queued]) -> Result<Prepared, Unsent> {
    if let [only] = queue {
        return Ok(only.statement.clone());
    }
    let parts: Vec<(&'static str, usize)> = parts(queue).map(|queued| (queued.text, queued.params.len())).collect();
    link.prepared_together(&parts).await.map_err(|error| Unsent { name: name_of(queue), error })
}

/// Sends what waits as the statement that it was put together to; it is kept as soon as it is carried out.
pub(super) async fn send_together(client: &Client, statement: &Prepared, queue: &[Queued]) -> Result<(), Unsent> {
    let params: Vec<&(dyn ToSql + Sync)> =
        parts(queue).flat_map(|queued| &queued.params).map(|param| param as &(dyn ToSql + Sync)).collect();
    let sent = client.execute(statement, &params).await;
    sent.map(drop).map_err(|error| Unsent { name: name_of(queue), error })
}

/// What waits in the order of the parts of one statement. PostgreSQL carries parts that nothing reads from out from the last to the first.
/// Nothing rests on it, but whether a node may write is better asked before its rows wait for those of others than after.
fn parts(queue: &[Queued]) -> impl Iterator<Item = &Queued> {
    queue.iter().rev()
}

/// What a failure of one statement for all of them is called.
fn name_of(queue: &[Queued]) -> &'static str {
    match queue {
        [only] => only.name,
        _ => "TOGETHER",
    }
}

/// A statement under way.
type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), Unsent>> + 'a>>;

/// Sends the beginning of a transaction and what waits, all before the first answer. The first failure counts: those behind it only
/// say that the transaction has failed.
pub(super) async fn send(client: &Client, begin: Option<&'static str>, queue: &[Queued]) -> Result<(), Unsent> {
    let mut sending: Vec<Sending<'_>> = Vec::with_capacity(queue.len() + 1);
    if let Some(text) = begin {
        sending.push(Box::pin(async move {
            client.batch_execute(text).await.map_err(|error| Unsent { name: "BEGIN", error })
        }));
    }
    for queued in queue {
        sending.push(Box::pin(queued.send(client)));
    }
    let mut results: Vec<Option<Result<(), Unsent>>> = sending.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (statement, result) in sending.iter_mut().zip(&mut results) {
            if result.is_none()
                && let Poll::Ready(done) = statement.as_mut().poll(context)
            {
                *result = Some(done);
            }
        }
        if results.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    results.into_iter().flatten().collect()
}

impl ToSql for Encoded {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(&self.bytes);
        Ok(if self.is_null { IsNull::Yes } else { IsNull::No })
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl fmt::Debug for Encoded {
    /// Never the value: it may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a parameter")
    }
}
