//! Files of the pages that this server sends to browsers: whole, from its own origin, with nothing inline.

use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};

use crate::http::Reply;

/// Media types of the files.
pub(crate) const HTML: &str = "text/html; charset=utf-8";
/// As [`HTML`].
pub(crate) const CSS: &str = "text/css; charset=utf-8";
/// As [`HTML`].
pub(crate) const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file of a page: nothing from elsewhere, nothing inline, in nobody's frame (console contract, section 2.3).
pub(crate) fn file(content_type: &'static str, text: &'static str) -> Reply {
    Reply::bytes(StatusCode::OK, content_type, text)
        .text_header(CONTENT_SECURITY_POLICY, "default-src 'self'; frame-ancestors 'none'; base-uri 'none'")
        .text_header(X_CONTENT_TYPE_OPTIONS, "nosniff")
        .text_header(REFERRER_POLICY, "same-origin")
        .text_header(CACHE_CONTROL, "no-cache")
}
