//! Table `simulated_payments`: the books of the simulated bank. They are no part of Floe's own: they are written in transactions of their
//! own, as another institution would, and show what really reached it.

use floe_model::{Fault, Timestamp, id::PaymentRunId, treasury::Kobo};

use crate::{Row, Tx, Value, params, statements};

/// A payment as the simulated bank knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedPayment {
    /// Its name on the rail.
    pub rail_reference: String,
    /// What it was sent for.
    pub run: PaymentRunId,
    /// The account to which it goes.
    pub account_number: String,
    /// The institution of the account.
    pub institution_code: String,
    /// How much.
    pub amount: Kobo,
    /// How often it came; more than once would be a payment made twice.
    pub sends: i64,
    /// How often the bank was asked about it.
    pub questions: i64,
    /// When it first came.
    pub sent_at: Timestamp,
    /// When the money went back.
    pub returned_at: Option<Timestamp>,
}

statements! {
    /// Payments that come in.
    SEND = bulk(
        "insert into simulated_payments (rail_reference, run_id, account_number, institution_code, amount, sends, questions, sent_at)",
        [text, id, text, text, int, int, int, time],
        "on conflict (rail_reference) do update set sends = simulated_payments.sends + 1"
    );
    /// Questions about payments.
    ASK = split {
        sqlite: "update simulated_payments set questions = questions + 1
             where rail_reference >= $2 and rail_reference <= $3
                 and rail_reference in (select value from json_each($1))
             returning rail_reference, run_id, account_number, institution_code, amount, sends, questions, sent_at, returned_at",
        postgres: "update simulated_payments set questions = questions + 1
             where rail_reference >= $2 and rail_reference <= $3
                 and rail_reference = any(translate($1::text, '[]\"', '{}')::text[])
             returning rail_reference, run_id, account_number, institution_code, amount, sends, questions, sent_at, returned_at",
    } -> [text, id, text, text, int, int, int, time, opt time];
    /// Payments that are known.
    SOME = split {
        sqlite: "select rail_reference, run_id, account_number, institution_code, amount, sends, questions, sent_at, returned_at
             from simulated_payments where rail_reference >= $2 and rail_reference <= $3
                 and rail_reference in (select value from json_each($1))",
        postgres: "select rail_reference, run_id, account_number, institution_code, amount, sends, questions, sent_at, returned_at
             from simulated_payments where rail_reference >= $2 and rail_reference <= $3
                 and rail_reference = any(translate($1::text, '[]\"', '{}')::text[])",
    } -> [text, id, text, text, int, int, int, time, opt time];
    /// Money that goes back.
    RETURN = both(
        "update simulated_payments set returned_at = coalesce(returned_at, $2)
         where run_id = $1 and account_number = '9600000000' and sends > 0
         returning rail_reference, run_id, account_number, institution_code, amount, sends, questions, sent_at, returned_at"
    ) -> [text, id, text, text, int, int, int, time, opt time];
    /// Payments that came more than once.
    TWICE = both(
        "select rail_reference, run_id, account_number, institution_code, amount, sends, questions, sent_at, returned_at
         from simulated_payments where sends > 1 order by rail_reference limit $1"
    ) -> [text, id, text, text, int, int, int, time, opt time];
}

/// Notes payments that come in; each has `sends` 1 when it is new.
///
/// # Errors
/// Of the database.
pub fn send(tx: &mut Tx<'_>, payments: &[SimulatedPayment]) -> Result<(), Fault> {
    let rows: Vec<[Value<'_>; 8]> = payments
        .iter()
        .map(|one| {
            [
                (&one.rail_reference).into(),
                one.run.0.into(),
                (&one.account_number).into(),
                (&one.institution_code).into(),
                one.amount.0.into(),
                1_i64.into(),
                0_i64.into(),
                one.sent_at.into(),
            ]
        })
        .collect();
    tx.bulk(&SEND, &rows).map(drop)
}

/// Counts a question about each reference that is known, and tells those.
///
/// # Errors
/// Of the database.
pub fn ask(tx: &mut Tx<'_>, references: &[String]) -> Result<Vec<SimulatedPayment>, Fault> {
    let (first, last) = (references.iter().min(), references.iter().max());
    let (first, last) = (first.map(String::as_str), last.map(String::as_str));
    let references = serde_json::to_string(references).map_err(Fault::internal)?;
    tx.rows(&ASK, params![&references, first, last], payment)
}

/// The payments with some references, those that are known.
///
/// # Errors
/// Of the database.
pub fn some(tx: &mut Tx<'_>, references: &[String]) -> Result<Vec<SimulatedPayment>, Fault> {
    let (first, last) = (references.iter().min(), references.iter().max());
    let (first, last) = (first.map(String::as_str), last.map(String::as_str));
    let references = serde_json::to_string(references).map_err(Fault::internal)?;
    tx.rows(&SOME, params![&references, first, last], payment)
}

/// The payments of a run whose money goes back, once their bank is asked what moved.
///
/// # Errors
/// Of the database.
pub fn returns(tx: &mut Tx<'_>, run: PaymentRunId, at: Timestamp) -> Result<Vec<SimulatedPayment>, Fault> {
    tx.rows(&RETURN, params![run.0, at], payment)
}

/// Up to `limit` payments that came more than once, for checks.
///
/// # Errors
/// Of the database.
pub fn twice(tx: &mut Tx<'_>, limit: usize) -> Result<Vec<SimulatedPayment>, Fault> {
    tx.rows(&TWICE, params![limit], payment)
}

fn payment(row: &Row<'_>) -> Result<SimulatedPayment, Fault> {
    Ok(SimulatedPayment {
        rail_reference: row.string(0)?,
        run: PaymentRunId(row.id(1)?),
        account_number: row.string(2)?,
        institution_code: row.string(3)?,
        amount: Kobo(row.int(4)?),
        sends: row.int(5)?,
        questions: row.int(6)?,
        sent_at: row.time(7)?,
        returned_at: row.opt_time(8)?,
    })
}
