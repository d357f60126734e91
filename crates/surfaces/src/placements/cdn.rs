//! What apps load: fonts, media and icons, by addresses that never change what is behind them (placements contract, sections 11.1 and
//! 11.3). Nobody has to prove anything. Parts of a file can be asked for, and a copy can be asked about.

mod range;

use std::ops::RangeInclusive;

use axum::body::Body;
use bytes::Bytes;
use floe_model::Fault;
use floe_model::id::WorkspaceId;
use floe_model::placements::assets::is_icon_name;
use floe_placements::assets::served::{self, Folder, Served};
use http::header::{
    ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, IF_RANGE, RANGE,
};
use http::{Method, StatusCode};
use http_body_util::channel::Channel;

use super::SURFACE;
use crate::http::shape::TEXT;
use crate::http::{Auth, Call, Reply, ReplyBody, Route, count_address};
use range::{Wanted, wanted};

/// Content never changes under its address.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// A drawing that is opened as a page of its own runs and loads nothing.
const NO_PAGE: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox";
/// Pages of other origins may show what is here.
const CROSS_ORIGIN: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// Pieces of a file that are read ahead of a slow reader.
const READ_AHEAD: usize = 1;
/// Media type of icons.
const SVG: &str = "image/svg+xml";

pub(super) fn routes() -> Vec<Route> {
    const MEDIA_TYPES: [&str; 6] =
        ["image/png", "image/jpeg", "image/webp", "image/gif", "image/svg+xml", "application/json"];
    let media = Route::get(&SURFACE, "/cdn/{workspaceId}/media/{file}", Auth::PUBLIC, media).doc("Load a media file");
    let media = MEDIA_TYPES
        .iter()
        .fold(media, |route, media| route.answers_media(200, media, TEXT).answers_media(206, media, TEXT));
    let fonts = Route::get(&SURFACE, "/cdn/{workspaceId}/fonts/{file}", Auth::PUBLIC, font)
        .doc("Load a font file")
        .answers_media(200, "font/ttf", TEXT)
        .answers_media(206, "font/ttf", TEXT);
    let icons = Route::get(&SURFACE, "/cdn/icons/{file}", Auth::PUBLIC, icon)
        .doc("Load an icon")
        .answers_media(200, SVG, TEXT)
        .answers_media(206, SVG, TEXT);
    let partly = |route: Route| {
        route
            .about("Never changes its content. Takes Range, If-Range and If-None-Match.")
            .answers_nothing(304)
            .answers_nothing(416)
            .refuses(404, &["not_found"])
            .refuses(429, &["rate_limited"])
    };
    [media, fonts, icons].into_iter().map(partly).collect()
}

async fn media(call: Call) -> Result<Reply, Fault> {
    stored(call, Folder::Media).await
}

async fn font(call: Call) -> Result<Reply, Fault> {
    stored(call, Folder::Fonts).await
}

async fn stored(call: Call, folder: Folder) -> Result<Reply, Fault> {
    count_address(&call)?;
    let workspace: WorkspaceId = call.id("workspaceId", "File")?;
    let file = served::find(&call.ctx.store, workspace, folder, call.param("file")?).await?;
    let etag = file.etag();
    let head = Head { etag: &etag, mime_type: &file.mime_type, size: file.size };
    match head.reply(&call) {
        Part::Nothing(reply) => Ok(reply),
        Part::Bytes(reply, range) => Ok(Reply { body: content(&call, &file, range).await?, ..reply }),
    }
}

async fn icon(call: Call) -> Result<Reply, Fault> {
    count_address(&call)?;
    let unknown = || Fault::not_found("Icon");
    let name =
        call.param("file")?.strip_suffix(".svg").filter(|name| is_icon_name(name)).ok_or_else(unknown)?.to_owned();
    let icons = call.app.placements.icons.clone();
    let bytes = tokio::task::spawn_blocking(move || icons.read(&name)).await.map_err(Fault::internal)?;
    let bytes = Bytes::from(bytes.ok_or_else(unknown)?);
    let etag = served::etag(&floe_placements::assets::digest(&bytes));
    match (Head { etag: &etag, mime_type: SVG, size: bytes.len() as u64 }).reply(&call) {
        Part::Nothing(reply) => Ok(reply),
        Part::Bytes(reply, range) => {
            let at = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX).min(bytes.len());
            let part = bytes.slice(at(*range.start())..at(range.end().saturating_add(1)));
            Ok(Reply { body: ReplyBody::Full(part), ..reply })
        }
    }
}

/// What is known of a file before its bytes are read.
struct Head<'a> {
    etag: &'a str,
    mime_type: &'a str,
    size: u64,
}

/// What is answered.
enum Part {
    /// No bytes at all.
    Nothing(Reply),
    /// These bytes.
    Bytes(Reply, RangeInclusive<u64>),
}

impl Head<'_> {
    /// The answer without its body (RFC 9110, sections 13 and 14).
    fn reply(&self, call: &Call) -> Part {
        let reply = |status| {
            Reply::empty(status)
                .text_header(ETAG, self.etag)
                .text_header(CACHE_CONTROL, FOR_EVER)
                .text_header(ACCEPT_RANGES, "bytes")
                .text_header(ACCESS_CONTROL_ALLOW_ORIGIN, "*")
                .text_header(CROSS_ORIGIN, "cross-origin")
                .text_header(CONTENT_SECURITY_POLICY, NO_PAGE)
        };
        if call.header(IF_NONE_MATCH.as_str()).is_some_and(|known| is_known(known, self.etag)) {
            return Part::Nothing(reply(StatusCode::NOT_MODIFIED));
        }
        let is_same = call.header(IF_RANGE.as_str()).is_none_or(|known| known.trim() == self.etag);
        let asked = call.header(RANGE.as_str()).filter(|_| is_same && call.method == Method::GET);
        let (status, range) = match asked.map_or(Wanted::Whole, |text| wanted(text, self.size)) {
            Wanted::Whole => (StatusCode::OK, 0..=self.size - 1),
            Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
            Wanted::Nothing => {
                let size = format!("bytes */{}", self.size);
                // What is wrong is the range and not the file; this answer is not for keeping.
                return Part::Nothing(
                    reply(StatusCode::RANGE_NOT_SATISFIABLE)
                        .text_header(CONTENT_RANGE, &size)
                        .text_header(CACHE_CONTROL, "no-store"),
                );
            }
        };
        let length = range.end() - range.start() + 1;
        let mut reply =
            reply(status).text_header(CONTENT_TYPE, self.mime_type).text_header(CONTENT_LENGTH, &length.to_string());
        if status == StatusCode::PARTIAL_CONTENT {
            let place = format!("bytes {}-{}/{}", range.start(), range.end(), self.size);
            reply = reply.text_header(CONTENT_RANGE, &place);
        }
        Part::Bytes(reply, range)
    }
}

/// Whether the copy that a client has is the file: any of several validators, weak or strong.
fn is_known(header: &str, etag: &str) -> bool {
    header.split(',').map(|one| one.trim().trim_start_matches("W/")).any(|one| one == etag || one == "*")
}

/// The bytes of a range: at once when they are few, else as the client takes them.
async fn content(call: &Call, file: &Served, range: RangeInclusive<u64>) -> Result<ReplyBody, Fault> {
    let store = call.ctx.store.clone();
    if call.method == Method::HEAD {
        return Ok(ReplyBody::Full(Bytes::new()));
    }
    let first = served::bytes(&store, file, &range).await?;
    let mut next = range.start() + first.len() as u64;
    if first.is_empty() || next > *range.end() {
        return Ok(ReplyBody::Full(first.into()));
    }
    let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(READ_AHEAD);
    let file = file.clone();
    tokio::spawn(async move {
        let mut bytes = first;
        while !bytes.is_empty() {
            if sender.send_data(bytes.into()).await.is_err() || next > *range.end() {
                return;
            }
            match served::bytes(&store, &file, &(next..=*range.end())).await {
                Ok(more) => bytes = more,
                Err(fault) => {
                    tracing::error!(%fault, "a file of an app cannot be read to its end");
                    return sender.abort(std::io::Error::other("the file cannot be read"));
                }
            }
            next += bytes.len() as u64;
        }
        // The file went away while it was read.
        sender.abort(std::io::Error::other("the file is gone"));
    });
    Ok(ReplyBody::Stream(Body::new(body)))
}
