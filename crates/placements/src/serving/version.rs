//! A published version as ready bytes.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use floe_model::id::{ScreenFlowId, ScreenVersionId, WorkspaceId};
use floe_model::placements::assets::{ServedFont, icon_base_url, media_base_url};
use floe_store::placements::versions::Version;
use serde_json::{Value, json};

use super::gzip::Packed;

/// A version that can be served. It never changes.
#[derive(Debug)]
pub struct ServedVersion {
    /// Its id.
    pub id: ScreenVersionId,
    /// Its screen flow.
    pub flow: ScreenFlowId,
    /// The members of a resolve answer before the flow, without the brace: `"flow_id":…,"flow_schema":`.
    pub(super) head: Box<str>,
    /// The flow, byte by byte as it was published.
    pub(super) schema: Bytes,
    /// The members behind it: `,"media_base_url":…,"fonts":[…]`.
    pub(super) tail: Box<str>,
    packed: OnceLock<Option<Packed>>,
}

/// What addresses begin with.
pub(super) struct Bases {
    media: String,
    icons: String,
}

impl Bases {
    pub(super) fn new(public_url: &str, workspace: WorkspaceId) -> Self {
        Self { media: media_base_url(public_url, workspace), icons: icon_base_url(public_url) }
    }
}

impl ServedVersion {
    /// Makes a stored version ready.
    pub(super) fn new(version: Version, bases: &Bases) -> Arc<Self> {
        let Version { head: stored, schema } = version;
        let head = format!(
            r#""flow_id":"{}","flow_version_id":"{}","flow_version":{},"schema_version":{},"flow_schema":"#,
            stored.flow, stored.id, stored.number, stored.schema_version
        );
        let tail = format!(
            r#","media_base_url":{},"icon_base_url":{},"fonts":{}"#,
            Value::from(bases.media.as_str()),
            Value::from(bases.icons.as_str()),
            fonts(&stored.fonts, &bases.media)
        );
        Arc::new(Self {
            id: stored.id,
            flow: stored.flow,
            head: head.into(),
            schema: schema.into_boxed_str().into_boxed_bytes().into(),
            tail: tail.into(),
            packed: OnceLock::new(),
        })
    }

    /// The flow packed, for streams; made at the first call. `None` when it cannot be packed.
    pub(super) fn packed(&self) -> Option<&Packed> {
        self.packed.get_or_init(|| Packed::pack(&self.schema).ok()).as_ref()
    }
}

/// The fonts of a version on the wire. A list that cannot be read is empty: a client refuses an answer over one wrong member.
fn fonts(stored: &str, media_base: &str) -> Value {
    let fonts: Vec<ServedFont> = serde_json::from_str(stored).unwrap_or_default();
    let wire = |font: ServedFont| {
        json!({
            "family": font.family,
            "weight": font.weight,
            "style": font.style,
            "url": format!("{media_base}/{}", font.path),
        })
    };
    fonts.into_iter().map(wire).collect()
}
