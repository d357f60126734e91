//! An app as a document.

use std::collections::HashSet;

use floe_model::Fault;
use floe_model::hex;
use floe_model::id::{AppId, ScreenVersionId, WorkspaceId};
use floe_model::placements::decide::RuleSpec;
use floe_model::placements::experiment::percent;
use floe_model::placements::schedule::{self, Change};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::placements::{
    apps, audiences, drafts, experiments, fonts, media, overrides, placements, screen_flows, variants, versions,
};
use serde_json::Value;
use serde_json::value::RawValue;

use super::DOCUMENT_BYTES_MAX;
use super::document::{
    AppPart, AudiencePart, Document, ExperimentPart, FORMAT, FORMAT_VERSION, FlowPart, FontPart, MediaPart,
    OverridePart, PlacementPart, VariantPart, VersionPart,
};

/// Which versions a document holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Every version that was published.
    All,
    /// Those that a placement or experiment names, and the newest one of each screen flow.
    Used,
}

/// Media files that are read in one go.
const MEDIA_PAGE: usize = 1_000;

/// The document of an app. The same configuration gives the same document.
///
/// # Errors
/// 404 for an app that is not there; a conflict when the document would have more than [`DOCUMENT_BYTES_MAX`].
pub fn export(tx: &mut Tx<'_>, ctx: &Ctx, id: AppId, which: Which) -> Result<Document, Fault> {
    let workspace = ctx.caller.workspace;
    let app = apps::find(tx, workspace, id)?.ok_or_else(|| Fault::not_found("App"))?;
    let source = Source { workspace, app: id };
    let placements = source.placements(tx)?;
    let experiments = source.experiments(tx)?;
    let used = (which == Which::Used).then(|| used(&placements, &experiments));
    Ok(Document {
        format: FORMAT,
        format_version: FORMAT_VERSION,
        app: AppPart { id, name: app.name, platform: app.platform, settings: stored(&app.settings)? },
        flows: source.flows(tx, used.as_ref())?,
        audiences: source.audiences(tx)?,
        placements,
        experiments,
        fonts: source.fonts(tx)?,
        media: source.media(tx)?,
    })
}

#[derive(Clone, Copy)]
struct Source {
    workspace: WorkspaceId,
    app: AppId,
}

impl Source {
    fn flows(self, tx: &mut Tx<'_>, used: Option<&HashSet<ScreenVersionId>>) -> Result<Vec<FlowPart>, Fault> {
        let Self { workspace, app } = self;
        let mut rows = screen_flows::of_app(tx, workspace, app)?;
        rows.sort_by_key(|row| row.id);
        let heads = versions::heads_of_app(tx, workspace, app)?;
        let mut room = Room(DOCUMENT_BYTES_MAX);
        let mut parts = Vec::with_capacity(rows.len());
        for row in rows {
            let draft = drafts::find(tx, workspace, app, row.id)?
                .ok_or_else(|| Fault::internal("a screen flow has no draft"))?
                .schema;
            room.take(draft.len())?;
            let is_taken = |id| row.newest_version == Some(id) || used.is_none_or(|used| used.contains(&id));
            let mut own: Vec<_> = heads.iter().filter(|head| head.flow == row.id && is_taken(head.id)).collect();
            own.sort_by_key(|head| head.number);
            let mut versions = Vec::with_capacity(own.len());
            for head in own {
                room.take(usize::try_from(head.bytes).unwrap_or(usize::MAX))?;
                versions.push(version(tx, workspace, head.id)?);
            }
            parts.push(FlowPart { id: row.id, name: row.name, kind: row.kind, draft: raw(draft)?, versions });
        }
        Ok(parts)
    }

    fn audiences(self, tx: &mut Tx<'_>) -> Result<Vec<AudiencePart>, Fault> {
        let mut rows = audiences::of_app(tx, self.workspace, self.app)?;
        rows.sort_by_key(|row| row.id);
        rows.into_iter()
            .map(|row| Ok(AudiencePart { id: row.id, name: row.name, filter: stored(&row.filter)? }))
            .collect()
    }

    fn placements(self, tx: &mut Tx<'_>) -> Result<Vec<PlacementPart>, Fault> {
        let mut rows = placements::of_app(tx, self.workspace, self.app)?;
        rows.sort_by_key(|row| row.id);
        rows.into_iter().map(placement).collect()
    }

    fn experiments(self, tx: &mut Tx<'_>) -> Result<Vec<ExperimentPart>, Fault> {
        let mut rows = experiments::of_app(tx, self.workspace, self.app)?;
        rows.sort_by_key(|row| row.id);
        let mut parts = Vec::with_capacity(rows.len());
        for row in rows {
            let own = variants::of(tx, self.workspace, row.id)?;
            let forced = overrides::of(tx, self.workspace, row.id)?;
            parts.push(experiment(row, own, forced));
        }
        Ok(parts)
    }

    fn fonts(self, tx: &mut Tx<'_>) -> Result<Vec<FontPart>, Fault> {
        let rows = fonts::of_app(tx, self.workspace, self.app)?;
        let part = |row: fonts::Font| FontPart {
            id: row.id,
            family: row.family,
            weight: row.weight,
            style: row.style.as_str().to_owned(),
            sha256: hex::encode(&row.sha256),
        };
        Ok(rows.into_iter().map(part).collect())
    }

    fn media(self, tx: &mut Tx<'_>) -> Result<Vec<MediaPart>, Fault> {
        let mut parts = Vec::new();
        loop {
            let passed = i64::try_from(parts.len()).unwrap_or(i64::MAX);
            let rows = media::list(tx, self.workspace, self.app, MEDIA_PAGE, passed)?;
            let is_last = rows.len() < MEDIA_PAGE;
            parts.extend(rows.into_iter().map(|row| MediaPart {
                id: row.id,
                name: row.name,
                kind: row.kind.as_str().to_owned(),
                sha256: hex::encode(&row.sha256),
            }));
            if is_last {
                return Ok(parts);
            }
        }
    }
}

/// What is left of the size of a document.
struct Room(usize);

impl Room {
    fn take(&mut self, bytes: usize) -> Result<(), Fault> {
        self.0 = self.0.checked_sub(bytes).ok_or_else(|| {
            let message = format!(
                "The screen flows have more than {DOCUMENT_BYTES_MAX} bytes; ask with versions=used, or delete screen flows"
            );
            Fault::conflict("too_large", message)
        })?;
        Ok(())
    }
}

fn version(tx: &mut Tx<'_>, workspace: WorkspaceId, id: ScreenVersionId) -> Result<VersionPart, Fault> {
    let found = versions::find(tx, workspace, id)?.ok_or_else(|| Fault::internal("a version is gone"))?;
    let head = found.head;
    Ok(VersionPart {
        id,
        flow_version: head.number,
        note: head.note,
        published_by: Some(head.published_by),
        published_at: head.published_at,
        flow_schema: raw(found.schema)?,
    })
}

fn placement(row: placements::Placement) -> Result<PlacementPart, Fault> {
    let rollout = row.rollout.and_then(|share| u32::try_from(share).ok());
    Ok(PlacementPart {
        id: row.id,
        key: row.key,
        description: row.description,
        status: row.status,
        platforms: serde_json::from_str(&row.platforms).map_err(Fault::internal)?,
        default_flow_version_id: row.default_version,
        audience_filter: row.audience_filter.as_deref().map_or(Ok(Value::Null), stored)?,
        audience_id: row.audience,
        cache_ttl_seconds: row.cache_ttl_seconds,
        rules: stored(&row.rules)?,
        rollout_percentage: rollout.map_or(Value::Null, percent),
        rollout_fallback_version_id: row.rollout_fallback,
        active_from: row.active_from,
        active_until: row.active_until,
        scheduled_changes: stored(&row.scheduled_changes)?,
    })
}

fn experiment(
    row: experiments::Experiment,
    own: Vec<variants::Variant>,
    forced: Vec<overrides::Override>,
) -> ExperimentPart {
    let variant = |one: variants::Variant| VariantPart {
        id: one.id,
        name: one.name,
        flow_version_id: one.version,
        weight: percent(one.weight),
    };
    let forced = forced.into_iter().map(|one| OverridePart { user_id: one.user_id, variant_id: one.variant });
    ExperimentPart {
        id: row.id,
        placement_id: row.placement_key,
        name: row.name,
        description: row.description,
        status: row.status.as_str().to_owned(),
        primary_metric: row.metric.as_str().to_owned(),
        confidence_target: row.confidence_target,
        hash_version: row.hash_version.number(),
        seed: row.seed,
        allocation_percentage: percent(row.allocation),
        start_at: row.start_at,
        stop_at: row.stop_at,
        started_at: row.started_at,
        ended_at: row.ended_at,
        weights_changed_at: row.weights_changed_at,
        winner_variant_id: row.winner,
        variants: own.into_iter().map(variant).collect(),
        overrides: forced.collect(),
    }
}

/// The versions that placements and experiments name.
fn used(placements: &[PlacementPart], experiments: &[ExperimentPart]) -> HashSet<ScreenVersionId> {
    let mut used: HashSet<ScreenVersionId> = HashSet::new();
    for one in placements {
        used.extend(one.default_flow_version_id);
        used.extend(one.rollout_fallback_version_id);
        used.extend(RuleSpec::read_all(&one.rules, "").into_iter().flatten().map(|rule| rule.version));
        for change in schedule::read(&one.scheduled_changes, "").into_iter().flatten() {
            if let Change::Default(version) = change.change {
                used.extend(version);
            }
        }
    }
    used.extend(experiments.iter().flat_map(|one| one.variants.iter().map(|variant| variant.flow_version_id)));
    used
}

fn stored(text: &str) -> Result<Value, Fault> {
    serde_json::from_str(text).map_err(Fault::internal)
}

fn raw(text: String) -> Result<Box<RawValue>, Fault> {
    RawValue::from_string(text).map_err(Fault::internal)
}
