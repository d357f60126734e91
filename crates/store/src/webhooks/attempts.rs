//! Table `webhook_attempts`: every attempt with what came of it, and notes about deliveries that are made no more.

use floe_model::{
    Fault, Timestamp,
    id::{DeliveryId, EventId, WebhookId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// Attempts of one page at most.
pub const PAGE_MAX: usize = 1_000;
/// Attempts of one delivery that are shown at most.
const DELIVERY_MAX: usize = 1_000;
/// Attempts that the share of successes is taken from at most.
const RATE_MAX: usize = 1_000;

/// An attempt; number 0 is a note that none was made or that no more are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its id, which the receiver was told; of a note, the delivery's.
    pub id: u128,
    /// Whose.
    pub workspace: WorkspaceId,
    /// To whom.
    pub endpoint: WebhookId,
    /// Of which delivery.
    pub delivery: DeliveryId,
    /// Of which event.
    pub event: EventId,
    /// Full name of the event.
    pub kind: String,
    /// Its number, from 1; 0 for a note.
    pub number: u32,
    /// Status of the answer; none when there was no answer.
    pub status_code: Option<u16>,
    /// Whether the receiver took it.
    pub success: bool,
    /// What went wrong.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<i64>,
    /// Where it went.
    pub url: Option<String>,
    /// What it was signed with.
    pub signature: Option<String>,
    /// JSON object of headers of the answer.
    pub answer_headers: Option<String>,
    /// Beginning of the answer.
    pub answer_body: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// How many attempts there were, and how many the receiver took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Attempts.
    pub attempts: i64,
    /// Of them taken.
    pub taken: i64,
}

statements! {
    /// One attempt.
    INSERT = both(
        "insert into webhook_attempts (id, workspace_id, endpoint_id, delivery_id, event_id, type, attempt, status_code,
             success, error, duration_ms, url, signature, answer_headers, answer_body, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
    );
    /// A note about one delivery.
    NOTE = both(
        "insert into webhook_attempts (id, workspace_id, endpoint_id, delivery_id, event_id, type, attempt, success, error, at)
         select id, workspace_id, endpoint_id, id, event_id, type, 0, false, $3, $4
         from webhook_deliveries where id = $1 and workspace_id = $2
         on conflict (id) do nothing"
    );
    /// A note about everything that waits for an endpoint.
    NOTE_WAITING = both(
        "insert into webhook_attempts (id, workspace_id, endpoint_id, delivery_id, event_id, type, attempt, success, error, at)
         select id, workspace_id, endpoint_id, id, event_id, type, 0, false, $2, $3
         from webhook_deliveries where endpoint_id = $1 and status in ('pending', 'retrying') order by position
         on conflict (id) do nothing"
    );
    /// One.
    FIND = both(
        "select id, workspace_id, endpoint_id, delivery_id, event_id, type, attempt, status_code, success, error, duration_ms,
             url, signature, answer_headers, answer_body, at
         from webhook_attempts where id = $1 and workspace_id = $2"
    ) -> [id, id, id, id, id, text, int, opt int, bool, opt text, opt int, opt text, opt text, opt json, opt text, time];
    /// Those of an endpoint, newest first.
    OF_ENDPOINT = both(
        "select id, workspace_id, endpoint_id, delivery_id, event_id, type, attempt, status_code, success, error, duration_ms,
             url, signature, answer_headers, answer_body, at
         from webhook_attempts where position in (
             select position from webhook_attempts where workspace_id = $1 and endpoint_id = $2
             order by position desc limit $3 offset $4)
         order by position desc"
    ) -> [id, id, id, id, id, text, int, opt int, bool, opt text, opt int, opt text, opt text, opt json, opt text, time];
    /// How many an endpoint has.
    COUNT = both("select count(*) from webhook_attempts where workspace_id = $1 and endpoint_id = $2") -> [int];
    /// Those of a delivery, in order.
    OF_DELIVERY = both(
        "select id, workspace_id, endpoint_id, delivery_id, event_id, type, attempt, status_code, success, error, duration_ms,
             url, signature, answer_headers, answer_body, at
         from webhook_attempts where delivery_id = $1 and workspace_id = $2 order by position limit $3"
    ) -> [id, id, id, id, id, text, int, opt int, bool, opt text, opt int, opt text, opt text, opt json, opt text, time];
    /// The last one of a delivery.
    LAST_OF = both(
        "select id, workspace_id, endpoint_id, delivery_id, event_id, type, attempt, status_code, success, error, duration_ms,
             url, signature, answer_headers, answer_body, at
         from webhook_attempts where delivery_id = $1 and workspace_id = $2 order by position desc limit 1"
    ) -> [id, id, id, id, id, text, int, opt int, bool, opt text, opt int, opt text, opt text, opt json, opt text, time];
    /// How an endpoint did of late.
    RATE = both(
        "select count(*), count(case when success then 1 end) from (
             select success, at from webhook_attempts where workspace_id = $1 and endpoint_id = $2 and attempt > 0
             order by position desc limit $4) as recent
         where at >= $3"
    ) -> [int, int];
}

/// Adds an attempt.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, attempt: &Attempt) -> Result<(), Fault> {
    tx.execute(
        &INSERT,
        params![
            attempt.id,
            attempt.workspace,
            attempt.endpoint,
            attempt.delivery,
            attempt.event,
            &attempt.kind,
            attempt.number,
            attempt.status_code,
            attempt.success,
            &attempt.error,
            attempt.duration_ms,
            &attempt.url,
            &attempt.signature,
            &attempt.answer_headers,
            &attempt.answer_body,
            attempt.at
        ],
    )
    .map(drop)
}

/// Notes that a delivery is not attempted.
///
/// # Errors
/// Of the database.
pub fn note(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    delivery: DeliveryId,
    text: &str,
    at: Timestamp,
) -> Result<(), Fault> {
    tx.execute(&NOTE, params![delivery, workspace, text, at]).map(drop)
}

/// Notes that nothing that waits for an endpoint is attempted any more.
pub(super) fn note_waiting(tx: &mut Tx<'_>, endpoint: WebhookId, text: &str, at: Timestamp) -> Result<(), Fault> {
    tx.execute(&NOTE_WAITING, params![endpoint, text, at]).map(drop)
}

/// One attempt.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: u128) -> Result<Option<Attempt>, Fault> {
    tx.row(&FIND, params![id, workspace], attempt)
}

/// Up to `limit` ([`PAGE_MAX`] at most) attempts of an endpoint, newest first, after the first `offset`.
///
/// # Errors
/// Of the database.
pub fn of_endpoint(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    endpoint: WebhookId,
    offset: u64,
    limit: usize,
) -> Result<Vec<Attempt>, Fault> {
    tx.rows(&OF_ENDPOINT, params![workspace, endpoint, limit.min(PAGE_MAX), offset], attempt)
}

/// How many attempts [`of_endpoint`] has over all pages.
///
/// # Errors
/// Of the database.
pub fn total(tx: &mut Tx<'_>, workspace: WorkspaceId, endpoint: WebhookId) -> Result<u64, Fault> {
    let count = tx.row(&COUNT, params![workspace, endpoint], |row| row.int(0))?;
    Ok(count.unwrap_or(0).unsigned_abs())
}

/// The attempts of a delivery, in order, a bounded number.
///
/// # Errors
/// Of the database.
pub fn of_delivery(tx: &mut Tx<'_>, workspace: WorkspaceId, delivery: DeliveryId) -> Result<Vec<Attempt>, Fault> {
    tx.rows(&OF_DELIVERY, params![delivery, workspace, DELIVERY_MAX], attempt)
}

/// The last attempt of a delivery, or the note that no more are made.
///
/// # Errors
/// Of the database.
pub fn last_of(tx: &mut Tx<'_>, workspace: WorkspaceId, delivery: DeliveryId) -> Result<Option<Attempt>, Fault> {
    tx.row(&LAST_OF, params![delivery, workspace], attempt)
}

/// How an endpoint did since an instant, by its last 1,000 attempts.
///
/// # Errors
/// Of the database.
pub fn rate(tx: &mut Tx<'_>, workspace: WorkspaceId, endpoint: WebhookId, since: Timestamp) -> Result<Rate, Fault> {
    let rate = tx.row(&RATE, params![workspace, endpoint, since, RATE_MAX], |row| {
        Ok(Rate { attempts: row.int(0)?, taken: row.int(1)? })
    })?;
    Ok(rate.unwrap_or(Rate { attempts: 0, taken: 0 }))
}

fn attempt(row: &Row<'_>) -> Result<Attempt, Fault> {
    let status_code = match row.opt_int(7)? {
        Some(code) => Some(u16::try_from(code).map_err(|_| row.mismatch(7, "status"))?),
        None => None,
    };
    Ok(Attempt {
        id: row.id(0)?,
        workspace: WorkspaceId(row.id(1)?),
        endpoint: WebhookId(row.id(2)?),
        delivery: DeliveryId(row.id(3)?),
        event: EventId(row.id(4)?),
        kind: row.string(5)?,
        number: row.u32(6)?,
        status_code,
        success: row.bool(8)?,
        error: row.opt_string(9)?,
        duration_ms: row.opt_int(10)?,
        url: row.opt_string(11)?,
        signature: row.opt_string(12)?,
        answer_headers: row.opt_string(13)?,
        answer_body: row.opt_string(14)?,
        at: row.time(15)?,
    })
}
