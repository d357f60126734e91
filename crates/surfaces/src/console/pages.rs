//! The set-up page: what the one-time link opens until there is a dashboard (console contract, sections 2.1 and 2.3).

use floe_model::Fault;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};

use super::SURFACE;
use crate::http::shape::TEXT;
use crate::http::{Auth, Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/ui/setup", Auth::PUBLIC, page)
            .doc("Open the set-up page")
            .answers_media(200, "text/html", TEXT),
        Route::get(&SURFACE, "/ui/setup.css", Auth::PUBLIC, style)
            .doc("Get the style of the set-up page")
            .answers_media(200, "text/css", TEXT),
        Route::get(&SURFACE, "/ui/setup.js", Auth::PUBLIC, script)
            .doc("Get the script of the set-up page")
            .answers_media(200, "text/javascript", TEXT),
    ]
}

async fn page(_: Call) -> Result<Reply, Fault> {
    Ok(file("text/html; charset=utf-8", include_str!("pages/setup.html")))
}

async fn style(_: Call) -> Result<Reply, Fault> {
    Ok(file("text/css; charset=utf-8", include_str!("pages/setup.css")))
}

async fn script(_: Call) -> Result<Reply, Fault> {
    Ok(file("text/javascript; charset=utf-8", include_str!("pages/setup.js")))
}

/// A file of the page: nothing from elsewhere, nothing inline, in nobody's frame.
fn file(content_type: &'static str, text: &'static str) -> Reply {
    Reply::bytes(StatusCode::OK, content_type, text)
        .text_header(CONTENT_SECURITY_POLICY, "default-src 'self'; frame-ancestors 'none'; base-uri 'none'")
        .text_header(X_CONTENT_TYPE_OPTIONS, "nosniff")
        .text_header(REFERRER_POLICY, "same-origin")
        .text_header(CACHE_CONTROL, "no-cache")
}
