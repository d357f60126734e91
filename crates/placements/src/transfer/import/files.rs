//! Fonts and media: rows for files whose bytes are in the workspace already; the rest is named as missing.

use floe_model::Fault;
use floe_model::placements::assets::MediaKind;
use floe_model::placements::screen::FontStyle;
use floe_store::Tx;
use floe_store::placements::blobs::{self, Hash};
use floe_store::placements::fonts::{self, FONTS_MAX, Font};
use floe_store::placements::media::{self, MEDIA_MAX, Media};

use super::super::document::{FontPart, MediaPart};
use super::super::prepare::Prepared;
use super::super::report::MissingFile;
use super::Target;

impl Target<'_> {
    pub(super) fn files(&mut self, tx: &mut Tx<'_>, prepared: &Prepared) -> Result<(), Fault> {
        for (index, part) in prepared.fonts.iter().enumerate() {
            self.font(tx, part, &format!("/fonts/{index}"))?;
        }
        for (index, part) in prepared.media.iter().enumerate() {
            self.media_file(tx, part, &format!("/media/{index}"))?;
        }
        self.room("fonts", fonts::count(tx, self.workspace, self.app)?, FONTS_MAX)?;
        let most = usize::try_from(MEDIA_MAX).unwrap_or(usize::MAX);
        self.room("media files", media::count(tx, self.workspace, self.app)?, most)
    }

    fn font(&mut self, tx: &mut Tx<'_>, part: &FontPart, path: &str) -> Result<(), Fault> {
        let style = FontStyle::parse(&part.style)
            .ok_or_else(|| Fault::field(format!("{path}/style"), "value", "style must be normal or italic"))?;
        if !(100..=900).contains(&part.weight)
            || part.family.trim().is_empty()
            || part.family.chars().count() > 128
            || part.family.contains(char::is_control)
        {
            return Err(Fault::field(
                path,
                "range",
                "A font has a family of 1 to 128 characters and a weight of 100 to 900",
            ));
        }
        let (workspace, app) = (self.workspace, self.app);
        let sha256 = digest(&part.sha256, path)?;
        // The app's own file of this face stays.
        if fonts::face(tx, workspace, app, &part.family, part.weight, style)?.is_some()
            || fonts::find(tx, workspace, app, part.id)?.is_some()
        {
            self.done.kept.fonts += 1;
            return Ok(());
        }
        let Some(blob) = blobs::find(tx, workspace, &sha256)? else {
            let name = format!("{} {} {}", part.family, part.weight, style.as_str());
            self.done.missing_files.push(MissingFile { kind: "font", name, sha256: part.sha256.clone() });
            return Ok(());
        };
        let (family, weight, size) = (part.family.clone(), part.weight, blob.size);
        let font = Font { id: part.id, app, family, weight, style, sha256, size, created_at: self.now };
        self.done.created.fonts += 1;
        fonts::insert(tx, workspace, &font)
    }

    fn media_file(&mut self, tx: &mut Tx<'_>, part: &MediaPart, path: &str) -> Result<(), Fault> {
        let kind = MediaKind::parse(&part.kind)
            .ok_or_else(|| Fault::field(format!("{path}/kind"), "value", "kind is not a kind of media"))?;
        let (workspace, app) = (self.workspace, self.app);
        let sha256 = digest(&part.sha256, path)?;
        if media::file(tx, workspace, app, &sha256)?.is_some() || media::find(tx, workspace, app, part.id)?.is_some() {
            self.done.kept.media += 1;
            return Ok(());
        }
        let Some(blob) = blobs::find(tx, workspace, &sha256)?.filter(|blob| blob.mime_type == kind.mime_type()) else {
            let (name, sha256) = (part.name.clone(), part.sha256.clone());
            self.done.missing_files.push(MissingFile { kind: "media", name, sha256 });
            return Ok(());
        };
        let name: String = part.name.chars().filter(|one| !one.is_control()).take(255).collect();
        let file = Media { id: part.id, app, name, kind, sha256, size: blob.size, created_at: self.now };
        self.done.created.media += 1;
        media::insert(tx, workspace, &file)
    }
}

/// A digest in hexadecimal.
fn digest(text: &str, path: &str) -> Result<Hash, Fault> {
    let wrong = || Fault::field(format!("{path}/sha256"), "format", "sha256 must have 64 hexadecimal digits");
    if text.len() != 64 || !text.is_ascii() {
        return Err(wrong());
    }
    let mut digest = [0; 32];
    for (index, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).map_err(|_| wrong())?;
    }
    Ok(digest)
}
