//! Fonts and media.

use super::page;
use crate::http::shape::{COUNT, ID, INSTANT, Shape, TEXT, input, int, may, must, object, text, words};

/// Upright or italic.
const STYLE: Shape = words(&["normal", "italic"]);
/// A font file of an app.
pub(in crate::placements) const FONT: Shape = object(
    "PlacementsFont",
    &[
        must("id", ID),
        must("app_id", ID),
        must("family", TEXT),
        must("weight", int(100, 900)),
        must("style", STYLE),
        must("size", COUNT).about("Bytes"),
        must("sha256", TEXT),
        must("url", TEXT).about("Where the file is; never changes its content"),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
        must("etag", TEXT),
    ],
);
pub(in crate::placements) const FONTS: Shape = object("PlacementsFonts", &page(&FONT));
/// A font file that comes in.
pub(in crate::placements) const NEW_FONT: Shape = input(
    "PlacementsNewFont",
    &[
        must("file", TEXT).about("A TrueType font (.ttf), at most 5 MiB"),
        may("family", text(1, 128)).about("Read from the file unless given"),
        may("weight", int(100, 900)).about("Read from the file unless given"),
        may("style", STYLE).about("Read from the file unless given"),
    ],
);
/// A picture or animation of an app.
pub(in crate::placements) const MEDIA: Shape = object(
    "PlacementsMedia",
    &[
        must("id", ID),
        must("app_id", ID),
        must("name", TEXT),
        must("type", words(&["png", "jpeg", "webp", "gif", "svg", "lottie"])),
        must("size", COUNT).about("Bytes"),
        must("sha256", TEXT),
        must("src", TEXT).about("What a flow names it by: relative to media_base_url"),
        must("url", TEXT).about("Where the file is; never changes its content"),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
        must("etag", TEXT),
    ],
);
pub(in crate::placements) const MEDIA_LIST: Shape = object("PlacementsMediaList", &page(&MEDIA));
/// A picture or animation that comes in.
pub(in crate::placements) const NEW_MEDIA: Shape = input(
    "PlacementsNewMedia",
    &[must("file", TEXT).about("PNG, JPEG, WebP, GIF, SVG without scripts, or Lottie JSON; at most 10 MiB")],
);
