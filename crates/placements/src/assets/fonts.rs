//! The font files of an app (Placements contract, sections 11.3 and 12).

use floe_model::id::{AppId, FontId, WorkspaceId};
use floe_model::placements::assets::{FONT_TYPE, FontFacts, ServedFont, font_path, read_font};
use floe_model::placements::screen::{FontFace, FontStyle, FontUse, fonts_served};
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::placements::blobs;
use floe_store::placements::fonts::{self, FONTS_MAX, Font};
use serde_json::json;

use super::{changing, digest, known, sweep};
use crate::trail::{self, Note, Who};

/// A font file that comes in: checked, with everything that is to be known of it.
#[derive(Debug, Clone)]
pub struct NewFont {
    family: String,
    weight: u16,
    style: FontStyle,
    sha256: [u8; 32],
    bytes: Vec<u8>,
}

/// What is said about a font file beside its bytes; the rest is read from its tables.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Name of the family, 1 to 128 characters.
    pub family: Option<String>,
    /// 100 to 900.
    pub weight: Option<u16>,
    /// Upright or italic.
    pub style: Option<FontStyle>,
}

impl NewFont {
    /// Checks a file.
    ///
    /// # Errors
    /// 400 for bytes that are no TrueType font, and for one without a name when none was told.
    pub fn read(bytes: Vec<u8>, told: Told) -> Result<Self, Fault> {
        let FontFacts { family, weight, style } =
            read_font(&bytes).map_err(|problem| Fault::field("/file", "format", format!("The file {problem}")))?;
        let family = told.family.or(family);
        let family = family.ok_or_else(|| {
            Fault::field("/family", "required", "The file does not name its family; send the field family")
        })?;
        let sha256 = digest(&bytes);
        let (weight, style) = (told.weight.unwrap_or(weight), told.style.unwrap_or(style));
        Ok(Self { family, weight, style, sha256, bytes })
    }

    /// What two uploads of the same font have in common.
    #[must_use]
    pub fn identity(&self) -> String {
        format!("{:?} {} {} {}", self.sha256, self.weight, self.style.as_str(), self.family)
    }
}

/// Adds a font. The same file for the same family, weight and style is the font that is there: `false` then.
///
/// # Errors
/// 404 for an app that is not there; 409 for another file of the same family, weight and style, and for one font too many.
pub fn add(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, new: &NewFont) -> Result<(Font, bool), Fault> {
    let workspace = ctx.caller.workspace;
    changing(tx, workspace, app)?;
    if let Some(known) = fonts::face(tx, workspace, app, &new.family, new.weight, new.style)? {
        if known.sha256 == new.sha256 {
            return Ok((known, false));
        }
        let message = "There is another file for this family, weight and style; delete it first";
        return Err(Fault::conflict("already_exists", message));
    }
    if fonts::count(tx, workspace, app)? >= i64::try_from(FONTS_MAX).unwrap_or(i64::MAX) {
        return Err(Fault::conflict("limit_reached", format!("An app has at most {FONTS_MAX} fonts")));
    }
    let now = ctx.now();
    let font = Font {
        id: ctx.ids.next(),
        app,
        family: new.family.clone(),
        weight: new.weight,
        style: new.style,
        sha256: new.sha256,
        size: new.bytes.len() as u64,
        created_at: now,
    };
    blobs::put(tx, workspace, &new.sha256, FONT_TYPE, &new.bytes, now)?;
    fonts::insert(tx, workspace, &font)?;
    note(tx, ctx, "uploaded_font", &font)?;
    Ok((font, true))
}

/// Fonts of an app by family, weight and style, and how many there are.
///
/// # Errors
/// 404 for an app that is not there.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    app: AppId,
    limit: usize,
    offset: i64,
) -> Result<(Vec<Font>, i64), Fault> {
    known(tx, workspace, app)?;
    Ok((fonts::list(tx, workspace, app, limit, offset)?, fonts::count(tx, workspace, app)?))
}

/// Takes a font away. Versions that were published with it keep it.
///
/// # Errors
/// 404; 412 for another revision than the only one that a font has.
pub fn delete(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, id: FontId, revision: Option<i64>) -> Result<(), Fault> {
    let workspace = ctx.caller.workspace;
    let unknown = || Fault::not_found("Font");
    changing(tx, workspace, app)?;
    let font = fonts::find(tx, workspace, app, id)?.ok_or_else(unknown)?;
    is_current(revision)?;
    if !fonts::delete(tx, workspace, app, id)? {
        return Err(unknown());
    }
    sweep::unneeded(tx, workspace)?;
    note(tx, ctx, "deleted_font", &font)
}

/// The fonts that a version sends along: for everything that it uses the nearest uploaded file (Placements contract, section 11.3).
///
/// # Errors
/// Of the database.
pub fn served(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, used: &[FontUse]) -> Result<Vec<ServedFont>, Fault> {
    let uploaded = fonts::of_app(tx, workspace, app)?;
    let faces: Vec<FontFace> = uploaded.iter().map(face).collect();
    let chosen = fonts_served(used, &faces).into_iter().filter_map(|at| uploaded.get(at));
    Ok(chosen
        .map(|font| ServedFont {
            family: font.family.clone(),
            weight: font.weight,
            style: font.style.as_str().to_owned(),
            path: font_path(&font.sha256),
        })
        .collect())
}

/// What the checks of a screen flow want to know of the fonts of its app.
///
/// # Errors
/// Of the database.
pub fn faces(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<Vec<FontFace>, Fault> {
    Ok(fonts::of_app(tx, workspace, app)?.iter().map(face).collect())
}

fn face(font: &Font) -> FontFace {
    FontFace { family: font.family.clone(), weight: font.weight, style: font.style }
}

/// A font never changes, so that its only revision is the first; `If-Match` with another one is stale.
pub(super) fn is_current(revision: Option<i64>) -> Result<(), Fault> {
    match revision {
        None | Some(1) => Ok(()),
        Some(_) => Err(Fault::new(FaultKind::Stale, "stale_revision", "If-Match names no revision of this file")),
    }
}

fn note(tx: &mut Tx<'_>, ctx: &Ctx, action: &str, font: &Font) -> Result<(), Fault> {
    let detail = json!({ "weight": font.weight, "style": font.style.as_str(), "size": font.size });
    trail::note(tx, ctx, &Who::caller(ctx), Note::new(action, "font", font.id.0, &font.family, detail))
}
