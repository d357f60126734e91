//! Answers packed with gzip (placements contract, section 1.1).

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue};

use super::reply::{Reply, ReplyBody};

/// Bytes of a body from which on it is packed.
pub(crate) const PACKED_FROM: usize = 1_025;
/// Bytes that are packed where they are; more is given to a thread that may take its time.
const INLINE_MAX: usize = 64 * 1024;

/// Whether a client takes gzip.
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let mut any = None;
    for part in lines.flat_map(|line| line.split(',')) {
        let mut words = part.split(';').map(str::trim);
        let coding = words.next().unwrap_or_default();
        let refused = words.any(|word| {
            let quality = word.strip_prefix("q=").or_else(|| word.strip_prefix("Q="));
            quality.is_some_and(|quality| quality.trim().parse::<f32>().is_ok_and(|quality| quality <= 0.0))
        });
        if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
            return !refused;
        }
        if coding == "*" {
            any = Some(!refused);
        }
    }
    any.unwrap_or(false)
}

/// Packs an answer of JSON that is large enough and not packed yet, for a client that takes gzip.
pub(super) async fn gzip(mut reply: Reply) -> Reply {
    let is_json =
        reply.headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    if !is_json || reply.headers.contains_key(CONTENT_ENCODING) {
        return reply;
    }
    let ReplyBody::Full(body) = &reply.body else { return reply };
    if body.len() < PACKED_FROM {
        return reply;
    }
    let packed = if body.len() <= INLINE_MAX {
        pack(body)
    } else {
        let body = body.clone();
        tokio::task::spawn_blocking(move || pack(&body)).await.ok().flatten()
    };
    // Writing into memory does not fail; if it did, the plain answer is right as well.
    if let Some(packed) = packed {
        reply.body = ReplyBody::Full(packed);
        packed_headers(&mut reply.headers);
    }
    reply
}

/// The headers of a packed answer.
pub(crate) fn packed_headers(headers: &mut HeaderMap) {
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
}

fn pack(body: &Bytes) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_that_take_gzip_say_so() {
        for (line, expected) in [
            ("gzip", true),
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("*", true),
            ("*, gzip;q=0", false),
            ("gzip;q=0", false),
            ("gzip; q=0.0, *", false),
            ("br", false),
            ("identity", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, line.parse().expect("a header"));
            assert_eq!(takes_gzip(&headers), expected, "{line}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
