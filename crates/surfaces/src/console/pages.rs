//! The pages that are served without signing in: set-up, sign-in, and what one-use links open (console contract, sections
//! 2.1 and 2.3). They load nothing from elsewhere and hold nothing inline; their scripts post what the links carry.

use floe_model::Fault;
use http::StatusCode;
use http::header::LOCATION;

use super::SURFACE;
use crate::http::shape::TEXT;
use crate::http::{Auth, Call, Reply, Route};
use crate::static_page::{CSS, HTML, SCRIPT, file};

const IMAGE: &str = "image/svg+xml";

/// One file: its path, what it is for a reader of the OpenAPI document, its type, its text.
struct Page(&'static str, &'static str, &'static str, &'static str);

const ICON: &str = include_str!("pages/icon.svg");

const PAGES: [Page; 10] = [
    Page("/ui/", "Open the first page", HTML, include_str!("pages/home.html")),
    Page("/ui/setup", "Open the set-up page", HTML, include_str!("pages/setup.html")),
    Page("/ui/setup.css", "Get the style of the set-up page", CSS, include_str!("pages/setup.css")),
    Page("/ui/setup.js", "Get the script of the set-up page", SCRIPT, include_str!("pages/setup.js")),
    Page("/ui/link", "Open the page of a sign-in link", HTML, include_str!("pages/link.html")),
    Page("/ui/invite", "Open the page of an invite", HTML, include_str!("pages/invite.html")),
    Page("/ui/reset", "Open the page that resets a password", HTML, include_str!("pages/reset.html")),
    Page("/ui/account.js", "Get the script of the account pages", SCRIPT, include_str!("pages/account.js")),
    Page("/ui/icon.svg", "Get the icon", IMAGE, ICON),
    Page("/favicon.ico", "Get the icon where browsers look for it", IMAGE, ICON),
];

pub(super) fn routes() -> Vec<Route> {
    let pages = PAGES.iter().map(|&Page(path, doc, kind, text)| {
        let media = kind.split(';').next().unwrap_or(kind);
        let answer = move |_: Call| async move { Ok(file(kind, text)) };
        Route::get(&SURFACE, path, Auth::PUBLIC, answer).doc(doc).answers_media(200, media, TEXT)
    });
    let root = Route::get(&SURFACE, "/", Auth::PUBLIC, root).doc("Go to the first page").answers_nothing(302);
    pages.chain([root]).collect()
}

async fn root(_: Call) -> Result<Reply, Fault> {
    Ok(Reply::empty(StatusCode::FOUND).text_header(LOCATION, "/ui/"))
}
