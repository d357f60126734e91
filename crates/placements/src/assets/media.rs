//! The pictures and animations of an app (Placements contract, sections 11.3 and 12).

use std::collections::HashSet;

use floe_model::Fault;
use floe_model::id::{AppId, MediaId, WorkspaceId};
use floe_model::placements::assets::{MediaKind, digest_of};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::placements::blobs;
use floe_store::placements::media::{self, MEDIA_MAX, Media};
use serde_json::json;

use super::fonts::is_current;
use super::media_file::kind_of;
use super::{changing, digest, known, sweep};
use crate::trail::{self, Note, Who};

/// Characters of a name at most.
const NAME_MAX: usize = 255;

/// A media file that comes in, checked.
#[derive(Debug, Clone)]
pub struct NewMedia {
    name: String,
    kind: MediaKind,
    sha256: [u8; 32],
    bytes: Vec<u8>,
}

impl NewMedia {
    /// Checks a file.
    ///
    /// # Errors
    /// 400 for bytes of none of the kinds, damaged ones, and SVG with scripts.
    pub fn read(name: &str, bytes: Vec<u8>) -> Result<Self, Fault> {
        let kind = kind_of(&bytes).map_err(|problem| Fault::field("/file", "format", format!("The file {problem}")))?;
        Ok(Self { name: clean_name(name), kind, sha256: digest(&bytes), bytes })
    }

    /// What two uploads of the same file have in common.
    #[must_use]
    pub fn identity(&self) -> String {
        format!("{:?} {}", self.sha256, self.name)
    }
}

/// Adds a media file. Bytes that the app has are the file that is there: `false` then.
///
/// # Errors
/// 404 for an app that is not there; 409 for one file too many.
pub fn add(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, new: &NewMedia) -> Result<(Media, bool), Fault> {
    let workspace = ctx.caller.workspace;
    changing(tx, workspace, app)?;
    if let Some(known) = media::file(tx, workspace, app, &new.sha256)? {
        return Ok((known, false));
    }
    if media::count(tx, workspace, app)? >= MEDIA_MAX {
        return Err(Fault::conflict("limit_reached", format!("An app has at most {MEDIA_MAX} media files")));
    }
    let now = ctx.now();
    let file = Media {
        id: ctx.ids.next(),
        app,
        name: new.name.clone(),
        kind: new.kind,
        sha256: new.sha256,
        size: new.bytes.len() as u64,
        created_at: now,
    };
    blobs::put(tx, workspace, &new.sha256, new.kind.mime_type(), &new.bytes, now)?;
    media::insert(tx, workspace, &file)?;
    note(tx, ctx, "uploaded_media", &file)?;
    Ok((file, true))
}

/// Media files of an app, newest first, and how many there are.
///
/// # Errors
/// 404 for an app that is not there.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    app: AppId,
    limit: usize,
    offset: i64,
) -> Result<(Vec<Media>, i64), Fault> {
    known(tx, workspace, app)?;
    Ok((media::list(tx, workspace, app, limit, offset)?, media::count(tx, workspace, app)?))
}

/// Takes a media file away. Its bytes stay as long as a published version names them.
///
/// # Errors
/// 404; 412 for another revision than the only one that a file has.
pub fn delete(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, id: MediaId, revision: Option<i64>) -> Result<(), Fault> {
    let workspace = ctx.caller.workspace;
    let unknown = || Fault::not_found("Media file");
    changing(tx, workspace, app)?;
    let file = media::find(tx, workspace, app, id)?.ok_or_else(unknown)?;
    is_current(revision)?;
    if !media::delete(tx, workspace, app, id)? {
        return Err(unknown());
    }
    sweep::unneeded(tx, workspace)?;
    note(tx, ctx, "deleted_media", &file)
}

/// Which of these addresses (`src` of a flow, relative) lead to a file of the workspace.
///
/// # Errors
/// Of the database.
pub fn stored<'a>(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    sources: impl IntoIterator<Item = &'a str>,
) -> Result<HashSet<String>, Fault> {
    let mut found = HashSet::new();
    for source in sources {
        let Some((sha256, _)) = source.strip_prefix("media/").and_then(digest_of) else { continue };
        if !found.contains(source) && blobs::find(tx, workspace, &sha256)?.is_some() {
            found.insert(source.to_owned());
        }
    }
    Ok(found)
}

/// A name without folders and control characters; `file` when nothing is left.
fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect();
    if kept.trim().is_empty() { "file".to_owned() } else { kept.trim().to_owned() }
}

fn note(tx: &mut Tx<'_>, ctx: &Ctx, action: &str, file: &Media) -> Result<(), Fault> {
    let detail = json!({ "kind": file.kind.as_str(), "size": file.size });
    trail::note(tx, ctx, &Who::caller(ctx), Note::new(action, "media", file.id.0, &file.name, detail))
}
