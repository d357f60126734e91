//! Table `exchange_spans`: what happened inside an exchange. It is its journal and its trace: a reply of the model stands here before
//! its tools are called, and what they gave before the model is asked again.

use floe_model::{
    Fault, Scope, Timestamp,
    agents::exchange::{SpanKind, SpanStatus},
    id::ExchangeId,
};

use super::word;
use crate::{Row, Tx, Value, params, statements};

/// Spans of one exchange at most: 100 rounds, each with its calls of tools.
pub const SPANS_MAX: usize = 10_000;

/// One call or check. Rounds count from 1; in each the model's call has ordinal 0 and the calls of its tools follow. Round 0 is what
/// came before the first call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Which round.
    pub round: i64,
    /// Place in the round.
    pub ordinal: i64,
    /// What it is.
    pub kind: SpanKind,
    /// Of the model, the tool or the check.
    pub name: String,
    /// What became of it.
    pub status: SpanStatus,
    /// Names a call of a tool within its exchange.
    pub call_id: Option<String>,
    /// What it was given, as JSON.
    pub input: Option<String>,
    /// What it gave, as JSON.
    pub output: Option<String>,
    /// Why it gave nothing.
    pub error: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// Tokens that went in.
    pub input_tokens: i64,
    /// Tokens that came out.
    pub output_tokens: i64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

statements! {
    /// New ones, or what became of known ones.
    PUT = bulk(
        "insert into exchange_spans (workspace_id, exchange_id, round, ordinal, kind, name, status, call_id, input, output, error, model,
             input_tokens, output_tokens, started_at, finished_at)",
        [id, id, int, int, text, text, text, opt text, opt json, opt json, opt text, opt text, int, int, time, opt time],
        "on conflict (workspace_id, exchange_id, round, ordinal) do update set
             name = excluded.name, status = excluded.status, input = excluded.input, output = excluded.output, error = excluded.error,
             model = excluded.model, input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens,
             started_at = excluded.started_at, finished_at = excluded.finished_at"
    );
    /// Of one exchange, in order.
    OF = both(
        "select round, ordinal, kind, name, status, call_id, input, output, error, model, input_tokens, output_tokens, started_at,
             finished_at from exchange_spans
         where workspace_id = $1 and exchange_id = $2 order by round, ordinal limit $3"
    ) -> [int, int, text, text, text, opt text, opt json, opt json, opt text, opt text, int, int, time, opt time];
}

/// Writes spans of an exchange; known ones are replaced.
///
/// # Errors
/// Of the database.
pub fn put(tx: &mut Tx<'_>, scope: Scope, exchange: ExchangeId, spans: &[Span]) -> Result<(), Fault> {
    let rows: Vec<[Value<'_>; 16]> = spans
        .iter()
        .map(|span| {
            [
                scope.workspace.into(),
                exchange.into(),
                span.round.into(),
                span.ordinal.into(),
                span.kind.as_str().into(),
                (&span.name).into(),
                span.status.as_str().into(),
                (&span.call_id).into(),
                (&span.input).into(),
                (&span.output).into(),
                (&span.error).into(),
                (&span.model).into(),
                span.input_tokens.into(),
                span.output_tokens.into(),
                span.started_at.into(),
                span.finished_at.into(),
            ]
        })
        .collect();
    tx.bulk_later(&PUT, &rows)
}

/// The spans of an exchange in the order in which they happened.
///
/// # Errors
/// Of the database.
pub fn of(tx: &mut Tx<'_>, scope: Scope, exchange: ExchangeId) -> Result<Vec<Span>, Fault> {
    tx.rows(&OF, params![scope.workspace, exchange, SPANS_MAX], span)
}

fn span(row: &Row<'_>) -> Result<Span, Fault> {
    Ok(Span {
        round: row.int(0)?,
        ordinal: row.int(1)?,
        kind: word(row.text(2)?, SpanKind::parse)?,
        name: row.string(3)?,
        status: word(row.text(4)?, SpanStatus::parse)?,
        call_id: row.opt_string(5)?,
        input: row.opt_string(6)?,
        output: row.opt_string(7)?,
        error: row.opt_string(8)?,
        model: row.opt_string(9)?,
        input_tokens: row.int(10)?,
        output_tokens: row.int(11)?,
        started_at: row.time(12)?,
        finished_at: row.opt_time(13)?,
    })
}
