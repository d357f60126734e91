//! Publishing: the draft as it is becomes the next version, for good.
//!
//! The checks take long for a large flow, so they are made before the transaction; it goes on only when the draft is still the one that
//! was checked.

use floe_model::Fault;
use floe_model::id::{AppId, ScreenFlowId};
use floe_model::placements::screen::{self, Findings, FontUse, SCHEMA_VERSION};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::placements::screen_flows::{self, ScreenFlow};
use floe_store::placements::versions::{self, Head, VERSIONS_MAX, Version};
use floe_store::placements::{drafts, revisions};
use floe_store::webhooks::{NewMessage, enqueue};
use serde_json::json;

use super::{Schema, read};
use crate::trail::{self, Note, Who};
use crate::{Placements, assets};

/// The domain event and webhook of a publication (console contract, section 5.4).
const PUBLISHED: &str = "placements.version.published";

/// A draft that passed the checks.
#[derive(Debug, Clone)]
pub struct Prepared {
    app: AppId,
    flow: ScreenFlowId,
    revision: i64,
    schema: Schema,
    findings: Findings,
    fonts: Vec<FontUse>,
}

/// What became of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The version.
    pub version: Head,
    /// False when it was there already: the draft is what was published last.
    pub is_new: bool,
}

impl Placements {
    /// Checks the draft of a screen flow for its publication.
    ///
    /// # Errors
    /// 404; 400 `flow_invalid` with every error.
    pub async fn prepare_publish(&self, ctx: &Ctx, app: AppId, flow: ScreenFlowId) -> Result<Prepared, Fault> {
        let reader = ctx.clone();
        let draft = self.platform.store.read(move |tx| read::draft_of(tx, &reader, app, flow)).await?;
        let schema = Schema::stored(draft.schema, draft.sha256)?;
        let findings = self.check(ctx.caller.workspace, app, &schema).await?;
        if let Some(refusal) = findings.refusal() {
            return Err(refusal);
        }
        let fonts = screen::fonts_used(&schema.value);
        Ok(Prepared { app, flow, revision: draft.revision, schema, findings, fonts })
    }
}

/// Makes the next version of a checked draft.
///
/// # Errors
/// 404; 409 when the draft was changed after it was checked.
pub fn publish(tx: &mut Tx<'_>, ctx: &Ctx, prepared: &Prepared, note: Option<&str>) -> Result<Published, Fault> {
    let (workspace, now, who) = (ctx.caller.workspace, ctx.now(), Who::caller(ctx));
    let Prepared { app, flow, schema, .. } = prepared;
    revisions::bump(tx, workspace)?;
    let mut row = read::require(tx, workspace, *app, *flow)?;
    let draft = drafts::head(tx, workspace, *app, *flow)?;
    if draft.is_none_or(|draft| draft.revision != prepared.revision) {
        return Err(Fault::conflict("conflict", "The draft was changed while it was being published; try again"));
    }
    if let Some(newest) = versions::newest(tx, workspace, *flow)?
        && newest.sha256 == schema.sha256
    {
        return Ok(Published { version: newest, is_new: false });
    }
    if row.newest_number >= VERSIONS_MAX {
        return Err(Fault::conflict("conflict", format!("There are {VERSIONS_MAX} versions of this flow already")));
    }
    let fonts = assets::fonts::served(tx, workspace, *app, &prepared.fonts)?;
    let head = Head {
        app: *app,
        flow: *flow,
        id: ctx.ids.next(),
        number: row.newest_number + 1,
        schema_version: SCHEMA_VERSION,
        sha256: schema.sha256.clone(),
        bytes: i64::try_from(schema.text.len()).unwrap_or(i64::MAX),
        note: note.map(str::to_owned),
        warnings: serde_json::to_string(&prepared.findings.warnings).map_err(Fault::internal)?,
        fonts: serde_json::to_string(&fonts).map_err(Fault::internal)?,
        published_by: who.name().to_owned(),
        published_at: now,
    };
    versions::insert(tx, workspace, &Version { head: head.clone(), schema: schema.text.clone() })?;
    row.newest_number = head.number;
    row.newest_version = Some(head.id);
    row.updated_at = now;
    if !screen_flows::update(tx, workspace, &row)? {
        return Err(crate::stale());
    }
    tell(tx, ctx, &who, &row, &head)?;
    Ok(Published { version: head, is_new: true })
}

fn tell(tx: &mut Tx<'_>, ctx: &Ctx, who: &Who, row: &ScreenFlow, head: &Head) -> Result<(), Fault> {
    let data = json!({
        "app_id": head.app,
        "flow_id": head.flow,
        "flow_name": row.name,
        "flow_version_id": head.id,
        "flow_version": head.number,
        "note": head.note,
        "published_at": head.published_at,
        "published_by": head.published_by,
    });
    let text = data.to_string();
    let message = NewMessage { kind: PUBLISHED, subject_id: Some(head.id.0), data: &text, at: head.published_at };
    // Configuration has no mode; it is told to the endpoints of live.
    enqueue(tx, ctx.caller.scope(), &message, &mut || ctx.ids.next_bits())?;
    let detail = json!({
        "app_id": head.app, "flow_version_id": head.id, "flow_version": head.number, "sha256": head.sha256,
    });
    trail::note(tx, ctx, who, Note::new("published_screen_flow", "screen_flow", head.flow.0, &row.name, detail))
}
