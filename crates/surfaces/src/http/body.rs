//! Request bodies: size, encoding, media type and shape, in this order.

use std::io::Read as _;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use floe_model::{Fault, FaultKind};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::json::{JSON_DEPTH_MAX, depth_within, too_deep};
use super::route::{BodyKind, Route};

/// Seconds that a client may take to send its body.
const BODY_READ_S: u64 = 60;

/// Checks what the headers say of a body that the handler reads as it arrives.
///
/// # Errors
/// 413 over the limit of the route, 415 for an encoding.
pub(super) fn check_stream(route: &Route, headers: &HeaderMap) -> Result<(), Fault> {
    check_length(route, headers)?;
    check_encoding(headers)
}

/// Reads the body of a request and checks its shape.
///
/// # Errors
/// 413 over the limit of the route, 415 for an encoding or media type that it does not take, 400 for too deep JSON and for
/// a body that ends early.
pub(super) async fn read(route: &Route, headers: &HeaderMap, body: Body) -> Result<Bytes, Fault> {
    check_length(route, headers)?;
    let bytes = collect(route, body).await?;
    if bytes.is_empty() {
        return Ok(bytes);
    }
    check_encoding(headers)?;
    if route.body == BodyKind::Json {
        check_json(headers)?;
        if !depth_within(&bytes, JSON_DEPTH_MAX) {
            return Err(too_deep());
        }
    }
    Ok(bytes)
}

/// Reads the body of a request that may be packed with gzip, and checks its size before and after unpacking. What is in it is for the
/// handler to look at.
///
/// # Errors
/// 413 over the limit of the route, 415 for another encoding or media type, 400 for what is no gzip and for a body that ends early.
pub(super) async fn read_packed(route: &Route, headers: &HeaderMap, body: Body) -> Result<Bytes, Fault> {
    check_length(route, headers)?;
    let bytes = collect(route, body).await?;
    if bytes.is_empty() {
        return Ok(bytes);
    }
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    let bytes = match (codings.next().map(|coding| coding.as_bytes()), codings.next()) {
        (None, _) => bytes,
        (Some(coding), None) if coding.eq_ignore_ascii_case(b"identity") => bytes,
        (Some(coding), None) if coding.eq_ignore_ascii_case(b"gzip") => unpack(&bytes, route.body_limit)?,
        _ => return Err(unsupported("The only Content-Encoding taken is gzip")),
    };
    check_json(headers)?;
    Ok(bytes)
}

/// No more than one byte over the limit is ever unpacked, whatever a few bytes claim to hold.
fn unpack(packed: &[u8], limit: usize) -> Result<Bytes, Fault> {
    let mut bytes = Vec::with_capacity(packed.len().saturating_mul(4).min(limit));
    let reading = MultiGzDecoder::new(packed).take(limit as u64 + 1).read_to_end(&mut bytes);
    reading.map_err(|_| Fault::new(FaultKind::Invalid, "invalid_json", "The body is not gzip"))?;
    if bytes.len() > limit { Err(too_large(limit)) } else { Ok(bytes.into()) }
}

async fn collect(route: &Route, body: Body) -> Result<Bytes, Fault> {
    let reading = Limited::new(body, route.body_limit).collect();
    match tokio::time::timeout(Duration::from_secs(BODY_READ_S), reading).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(route.body_limit)),
        Ok(Err(_)) | Err(_) => Err(Fault::new(FaultKind::Invalid, "incomplete_body", "The body ended before its end")),
    }
}

fn check_length(route: &Route, headers: &HeaderMap) -> Result<(), Fault> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > route.body_limit as u64) {
        return Err(too_large(route.body_limit));
    }
    Ok(())
}

fn check_encoding(headers: &HeaderMap) -> Result<(), Fault> {
    if headers.get(CONTENT_ENCODING).is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(unsupported("This server takes bodies without Content-Encoding only"));
    }
    Ok(())
}

/// Refuses a media type that is not JSON.
///
/// # Errors
/// 415.
pub(crate) fn check_json(headers: &HeaderMap) -> Result<(), Fault> {
    if takes_json(headers) {
        return Ok(());
    }
    Err(unsupported("The body must be JSON: Content-Type application/json"))
}

/// Whether the media type is JSON in UTF-8; a missing one is taken as such.
fn takes_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else { return true };
    if value.as_bytes() == b"application/json" {
        return true;
    }
    let Ok(text) = value.to_str() else { return false };
    let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase());
    let media = parts.next().unwrap_or_default();
    let json = media == "application/json" || (media.starts_with("application/") && media.ends_with("+json"));
    let mut charsets = parts.filter_map(|part| Some(part.strip_prefix("charset=")?.trim_matches('"').to_owned()));
    json && charsets.all(|charset| matches!(charset.as_str(), "utf-8" | "utf8" | "us-ascii"))
}

pub(super) fn too_large(limit: usize) -> Fault {
    Fault::new(FaultKind::TooLarge, "payload_too_large", format!("The body is larger than {limit} bytes"))
}

pub(super) fn unsupported(message: &str) -> Fault {
    Fault::new(FaultKind::UnsupportedMedia, "unsupported_media_type", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_is_not_unpacked() {
        use std::io::Write as _;
        let pack = |bytes: usize| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(&vec![b' '; bytes]).expect("memory");
            encoder.finish().expect("memory")
        };
        let bomb = pack(64 * 1024 * 1024);
        assert!(bomb.len() < 65_536, "{}", bomb.len());
        assert_eq!(unpack(&bomb, 65_536).expect_err("too large").kind(), FaultKind::TooLarge);
        assert_eq!(unpack(&pack(65_536), 65_536).expect("within").len(), 65_536);
        assert_eq!(unpack(&pack(65_537), 65_536).expect_err("over").kind(), FaultKind::TooLarge);
        assert_eq!(unpack(b"{}", 10).expect_err("no gzip").code(), "invalid_json");
        assert_eq!(unpack(&pack(100)[..20], 100).expect_err("cut").code(), "invalid_json");
    }

    #[test]
    fn json_media_types() {
        for (value, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json; charset=\"utf-8\"", true),
            ("application/merge-patch+json", true),
            ("application/json; charset=utf-16", false),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("text/json", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, value.parse().expect("a header"));
            assert_eq!(takes_json(&headers), expected, "{value}");
        }
        assert!(takes_json(&HeaderMap::new()));
    }
}
