//! The key of a request of the SDK.

use std::net::IpAddr;

use floe_access::Identity;
use floe_model::access::{KeyKind, SecretText, recognise};
use floe_model::{Fault, FaultKind};
use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::App;

/// Bytes of the longest credential that is looked at.
const CREDENTIAL_MAX: usize = 512;

/// Proves the key. Every other credential is an unknown key here, whatever else it opens.
///
/// # Errors
/// 401; 503 when the database does not answer about a key that was never seen here.
pub(super) async fn prove(app: &App, headers: &HeaderMap, address: IpAddr) -> Result<Identity, Fault> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let line = lines.next().ok_or_else(|| unknown("An API key is required: Authorization: Bearer <key>"))?;
    let text = line.to_str().ok().and_then(bearer).filter(|text| text.len() <= CREDENTIAL_MAX);
    let text = text.filter(|_| lines.next().is_none());
    let Some(text) = text else { return Err(unknown("The Authorization header must be: Bearer <key>")) };
    match recognise(text) {
        Some(SecretText::Key(KeyKind::PlacementsSdk, mode)) => app.access.authenticate_sdk(text, mode, address).await,
        _ => Err(unknown("Unknown, revoked or wrong type of API key")),
    }
}

fn bearer(line: &str) -> Option<&str> {
    let (scheme, text) = line.split_once(' ')?;
    let text = text.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !text.is_empty()).then_some(text)
}

fn unknown(message: &str) -> Fault {
    Fault::new(FaultKind::Unauthenticated, "unauthenticated", message)
}
