//! The page of a share link: a form for whoever holds it (console contract, section 1.1).
//!
//! The page is the same for every link, so it tells nothing about them. What it shows it asks the share routes for, like any other client.

use super::SURFACE;
use crate::http::shape::TEXT;
use crate::http::{Auth, Call, Route};
use crate::static_page::{CSS, HTML, SCRIPT, file};

/// A file: its path, what it is for a reader of the OpenAPI document, its type, its text.
struct Page(&'static str, &'static str, &'static str, &'static str);

const PAGES: [Page; 3] = [
    Page("/f/{token}", "Open the form of a shared flow", HTML, include_str!("form_page/form.html")),
    Page("/f/form.css", "Get the style of the form", CSS, include_str!("form_page/form.css")),
    Page("/f/form.js", "Get the script of the form", SCRIPT, include_str!("form_page/form.js")),
];

pub(super) fn routes() -> Vec<Route> {
    let pages = PAGES.iter().map(|&Page(path, doc, kind, text)| {
        let media = kind.split(';').next().unwrap_or(kind);
        let answer = move |_: Call| async move { Ok(file(kind, text)) };
        Route::get(&SURFACE, path, Auth::PUBLIC, answer).doc(doc).answers_media(200, media, TEXT)
    });
    pages.collect()
}
