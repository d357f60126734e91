//! Browser safety: requests that a page of another site makes a browser send (console contract, section 2.3).

use floe_model::{Fault, FaultKind};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, ORIGIN, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, Method};

use super::settings::Settings;

/// Whether a method promises to change nothing.
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Checks a request that is signed in by cookie.
///
/// # Errors
/// 421 for a host name that is not ours; 403 `bad_origin` for an unsafe method from another site, or with a body that
/// a plain form could send.
pub(super) fn check_cookie_request(parts: &Parts, settings: &Settings) -> Result<(), Fault> {
    if !is_our_host(parts, settings) {
        return Err(Fault::new(FaultKind::Misdirected, "misdirected", "This host name is not served here"));
    }
    if is_safe(&parts.method) {
        return Ok(());
    }
    let same = match parts.headers.get(ORIGIN) {
        Some(origin) => origin.as_bytes() == settings.public_url.origin.as_bytes(),
        None => parts.headers.get("sec-fetch-site").is_some_and(|site| site.as_bytes() == b"same-origin"),
    };
    if !same {
        return Err(bad_origin("The request comes from another site"));
    }
    if !has_page_media(&parts.headers) {
        return Err(bad_origin(
            "Requests of a signed-in browser need Content-Type application/json or multipart/form-data",
        ));
    }
    Ok(())
}

/// Checks a request to a public route that signs in: programs send no `Origin`, our pages send ours. A browser that sends
/// none says in `Sec-Fetch-Site` where the request comes from.
///
/// # Errors
/// 403 `bad_origin`.
pub(super) fn check_sign_in_request(parts: &Parts, settings: &Settings) -> Result<(), Fault> {
    if is_safe(&parts.method) {
        return Ok(());
    }
    let same = match parts.headers.get(ORIGIN) {
        Some(origin) => origin.as_bytes() == settings.public_url.origin.as_bytes(),
        None => parts.headers.get("sec-fetch-site").is_none_or(|site| site.as_bytes() == b"same-origin"),
    };
    if same { Ok(()) } else { Err(bad_origin("The request comes from another site")) }
}

fn bad_origin(message: &str) -> Fault {
    Fault::new(FaultKind::Forbidden, "bad_origin", message)
}

fn is_our_host(parts: &Parts, settings: &Settings) -> bool {
    let header = parts.headers.get(HOST).and_then(|value| value.to_str().ok());
    let Some(host) = header.or_else(|| parts.uri.authority().map(|authority| authority.as_str())) else {
        return false;
    };
    let host = host.to_ascii_lowercase();
    let own_port = if settings.public_url.secure { ":443" } else { ":80" };
    host.strip_suffix(own_port).unwrap_or(&host) == settings.public_url.authority
        || settings.listen.as_deref().is_some_and(|listen| host == listen)
}

/// A body of a type that a form of another site cannot send without asking first, or multipart; or no body at all.
fn has_page_media(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        let length = headers.get(CONTENT_LENGTH).map_or(b"0".as_slice(), |length| length.as_bytes());
        return length == b"0" && !headers.contains_key(TRANSFER_ENCODING);
    };
    let text = value.to_str().unwrap_or("").to_ascii_lowercase();
    let media = text.split(';').next().unwrap_or("").trim();
    media == "multipart/form-data"
        || media == "application/json"
        || (media.starts_with("application/") && media.ends_with("+json"))
}
