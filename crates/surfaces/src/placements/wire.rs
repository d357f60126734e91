//! What several resources have in common on the wire.

use floe_model::id::AppId;
use floe_model::{Fault, FaultKind};
use http::header::IF_MATCH;

use crate::http::{Call, Reply};

/// The app of the path; the route table has checked that it is an id.
///
/// # Errors
/// 400 `invalid_app_id`.
pub(super) fn app_id(call: &Call) -> Result<AppId, Fault> {
    AppId::parse(call.param("appId")?)
        .map_err(|_| Fault::new(FaultKind::Invalid, "invalid_app_id", "The id of the app is not a UUID"))
}

/// The `etag` member of an object: the text of its `ETag` header.
pub(super) fn etag(revision: i64) -> String {
    format!("\"{revision}\"")
}

/// The revision that `If-Match` names, with or without quotation marks; `None` without the header or for `*`.
///
/// # Errors
/// 412 for a text that is no revision of ours.
pub(super) fn if_match(call: &Call) -> Result<Option<i64>, Fault> {
    let Some(value) = call.headers.get(IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    inner.parse().map(Some).map_err(|_| Fault::new(FaultKind::Stale, "stale_revision", "If-Match names no revision"))
}

/// 200 with an object and its `ETag`.
///
/// # Errors
/// As [`Reply::json`].
pub(super) fn shown(body: &impl serde::Serialize, revision: i64) -> Result<Reply, Fault> {
    Ok(Reply::ok(body)?.revision(revision))
}

/// 201 with an object, its place and its `ETag`.
///
/// # Errors
/// As [`Reply::json`].
pub(super) fn made(place: &str, body: &impl serde::Serialize, revision: i64) -> Result<Reply, Fault> {
    Ok(Reply::created(place, body)?.revision(revision))
}

/// 200 with what a POST found out without changing anything; a repeat under the same key is answered the same, so ask
/// [`Call::answered`] first.
///
/// # Errors
/// As [`Call::commit`].
pub(super) async fn remembered<T>(call: &Call, body: T) -> Result<Reply, Fault>
where
    T: serde::Serialize + Send + Sync + 'static,
{
    match call.repeat()? {
        None => Reply::ok(&body),
        Some(_) => call.commit(|_| Ok(()), move |()| Reply::ok(&body)).await,
    }
}
