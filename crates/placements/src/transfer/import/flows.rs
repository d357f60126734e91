//! Screen flows with their drafts and versions.

use floe_model::Fault;
use floe_model::hex;
use floe_model::placements::screen::SCHEMA_VERSION;
use floe_store::Tx;
use floe_store::placements::drafts::{self, Draft};
use floe_store::placements::screen_flows::{self, FLOWS_MAX, ScreenFlow};
use floe_store::placements::versions::{self, Head};
use sha2::{Digest, Sha256};

use super::super::prepare::{Flow, Version};
use super::{Target, taken, written};
use crate::assets;

impl Target<'_> {
    pub(super) fn flows(&mut self, tx: &mut Tx<'_>, flows: &[Flow]) -> Result<(), Fault> {
        for (index, flow) in flows.iter().enumerate() {
            self.flow(tx, flow, &format!("/flows/{index}"))?;
        }
        self.room("screen flows", screen_flows::count(tx, self.workspace, self.app)?, FLOWS_MAX)
    }

    fn flow(&mut self, tx: &mut Tx<'_>, flow: &Flow, path: &str) -> Result<(), Fault> {
        let (workspace, app, now) = (self.workspace, self.app, self.now);
        let found = screen_flows::find(tx, workspace, app, flow.id)?;
        let mut row = found.clone().unwrap_or_else(|| ScreenFlow {
            app,
            id: flow.id,
            name: String::new(),
            kind: String::new(),
            newest_number: 0,
            newest_version: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        });
        row.name.clone_from(&flow.name);
        flow.kind.as_str().clone_into(&mut row.kind);
        for (index, version) in flow.versions.iter().enumerate() {
            self.version(tx, flow, version, &format!("{path}/versions/{index}"))?;
            if version.number > row.newest_number {
                (row.newest_number, row.newest_version) = (version.number, Some(version.id));
            }
        }
        let is_new_draft = self.draft(tx, flow, found.is_some())?;
        match found {
            None => {
                screen_flows::insert(tx, workspace, &row)?;
                self.done.created.flows += 1;
            }
            Some(before) if before != row => {
                row.updated_at = now;
                written(screen_flows::update(tx, workspace, &row)?)?;
                self.done.updated.flows += 1;
            }
            Some(_) if is_new_draft => self.done.updated.flows += 1,
            Some(_) => self.done.kept.flows += 1,
        }
        Ok(())
    }

    /// A version never changes: one that is there must be the same.
    fn version(&mut self, tx: &mut Tx<'_>, flow: &Flow, version: &Version, path: &str) -> Result<(), Fault> {
        let (workspace, app) = (self.workspace, self.app);
        if let Some(known) = versions::head(tx, workspace, version.id)? {
            let is_same = (known.app, known.flow, known.number) == (app, flow.id, version.number);
            if !is_same || known.sha256 != version.sha256 {
                return Err(taken(path, format!("the version {} is another one here", version.id)));
            }
            self.done.kept.versions += 1;
            return Ok(());
        }
        let fonts = assets::fonts::served(tx, workspace, app, &version.fonts)?;
        let head = Head {
            app,
            flow: flow.id,
            id: version.id,
            number: version.number,
            schema_version: SCHEMA_VERSION,
            sha256: version.sha256.clone(),
            bytes: i64::try_from(version.schema.len()).unwrap_or(i64::MAX),
            note: version.note.clone(),
            warnings: version.warnings.clone(),
            fonts: serde_json::to_string(&fonts).map_err(Fault::internal)?,
            published_by: version.published_by.clone().unwrap_or_else(|| self.who.name().to_owned()),
            published_at: version.published_at,
        };
        let row = versions::Version { head, schema: version.schema.clone() };
        versions::insert(tx, workspace, &row).map_err(|fault| {
            if fault.code() != "already_exists" {
                return fault;
            }
            taken(path, format!("there is another version {} of the screen flow here", version.number))
        })?;
        self.done.created.versions += 1;
        Ok(())
    }

    /// Puts the draft in place; whether it is another one than before.
    fn draft(&mut self, tx: &mut Tx<'_>, flow: &Flow, is_there: bool) -> Result<bool, Fault> {
        let (workspace, app) = (self.workspace, self.app);
        let mut draft = Draft {
            app,
            flow: flow.id,
            revision: 1,
            updated_by: self.who.name().to_owned(),
            updated_at: self.now,
            sha256: hex::encode(&Sha256::digest(flow.draft.as_bytes())),
            schema: flow.draft.clone(),
        };
        if !is_there {
            drafts::insert(tx, workspace, &draft)?;
            return Ok(true);
        }
        let before =
            drafts::head(tx, workspace, app, flow.id)?.ok_or_else(|| Fault::internal("a screen flow has no draft"))?;
        if before.sha256 == draft.sha256 {
            return Ok(false);
        }
        draft.revision = before.revision;
        drafts::update(tx, workspace, &draft, Some(before.revision)).map(|revision| revision.is_some())
    }
}
