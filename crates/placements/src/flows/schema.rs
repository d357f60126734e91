//! The JSON of a screen flow: its text, which is stored and served as it is, and what it says, which is checked.

use std::collections::HashSet;

use floe_model::hex;
use floe_model::id::{AppId, WorkspaceId};
use floe_model::placements::compact::compact;
use floe_model::placements::screen::{self, Findings, Stored};
use floe_model::{Fault, FaultKind};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Placements, assets};

/// The JSON of a screen flow.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// The text without blanks between its parts.
    pub text: String,
    /// What it says.
    pub value: Value,
    /// Digest of the text, lower-case hexadecimal.
    pub sha256: String,
}

impl Schema {
    /// Reads a text as it was sent; `place` is the JSON pointer of the field that it came in, empty for a whole body.
    ///
    /// # Errors
    /// 400 for a text that is no JSON or no object, and for one with more than 2 MB.
    pub fn read(text: &str, place: &str) -> Result<Self, Fault> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            Fault::new(FaultKind::Invalid, "invalid_json", format!("The flow is not readable as JSON: {error}"))
        })?;
        if !value.is_object() {
            return Err(Fault::field(place, "type", "A flow must be a JSON object"));
        }
        let text = compact(text);
        if text.len() > screen::SCHEMA_BYTES_MAX {
            let message = format!("A flow can have {} bytes", screen::SCHEMA_BYTES_MAX);
            return Err(Fault::new(FaultKind::TooLarge, "payload_too_large", message));
        }
        Ok(Self { sha256: digest(&text), text, value })
    }

    /// The flow that a new one begins with (section 12).
    #[must_use]
    pub fn starter(name: &str) -> Self {
        let value = screen::starter(name);
        let text = value.to_string();
        Self { sha256: digest(&text), text, value }
    }

    /// What was stored.
    ///
    /// # Errors
    /// Internal, when the text is damaged.
    pub fn stored(text: String, sha256: String) -> Result<Self, Fault> {
        let value = serde_json::from_str(&text).map_err(Fault::internal)?;
        Ok(Self { text, value, sha256 })
    }
}

fn digest(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes()))
}

impl Placements {
    /// The check list of a flow (section 10.7), with what is uploaded for the app.
    ///
    /// # Errors
    /// Of the database.
    pub async fn check(&self, workspace: WorkspaceId, app: AppId, schema: &Schema) -> Result<Findings, Fault> {
        let uses = screen::uses(&schema.value);
        let media: HashSet<String> = uses.media.iter().map(|used| used.name.clone()).collect();
        let reading = self.platform.store.read(move |tx| {
            let fonts = assets::fonts::faces(tx, workspace, app)?;
            let media = assets::media::stored(tx, workspace, media.iter().map(String::as_str))?;
            Ok((fonts, media))
        });
        let (fonts, media) = reading.await?;
        let icons = self.icons.clone();
        let names: HashSet<String> = uses.icons.into_iter().map(|used| used.name).collect();
        let looking = tokio::task::spawn_blocking(move || icons.stored(names.iter().map(String::as_str)));
        let icons = looking.await.map_err(Fault::internal)?;
        let stored = Stored { fonts: Some(fonts), media: Some(media), icons };
        Ok(screen::check(&schema.value, schema.text.len(), &stored))
    }
}
