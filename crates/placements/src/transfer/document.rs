//! The form of a document, version 1. Members are named as on the other routes.

use floe_model::id::{
    AppId, AudienceId, ExperimentId, FontId, MediaId, PlacementId, ScreenFlowId, ScreenVersionId, VariantId,
};
use floe_model::{Fault, FaultKind, FieldProblem, Timestamp};
use floe_store::placements::audiences::AUDIENCES_MAX;
use floe_store::placements::experiments::EXPERIMENTS_MAX;
use floe_store::placements::fonts::FONTS_MAX;
use floe_store::placements::media::MEDIA_MAX;
use floe_store::placements::placements::PLACEMENTS_MAX;
use floe_store::placements::screen_flows::FLOWS_MAX;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// `format` of a document.
pub const FORMAT: &str = "floe-placements-app";
/// `format_version` of the documents that are written, and the highest that is read.
pub const FORMAT_VERSION: u64 = 1;

/// A document.
#[derive(Debug, Serialize)]
pub struct Document {
    /// [`FORMAT`].
    pub(super) format: &'static str,
    /// [`FORMAT_VERSION`].
    pub(super) format_version: u64,
    /// The app itself.
    pub(super) app: AppPart,
    /// Its screen flows.
    pub(super) flows: Vec<FlowPart>,
    /// Its saved audiences.
    pub(super) audiences: Vec<AudiencePart>,
    /// Its placements.
    pub(super) placements: Vec<PlacementPart>,
    /// Its experiments.
    pub(super) experiments: Vec<ExperimentPart>,
    /// Its font files, without their bytes.
    pub(super) fonts: Vec<FontPart>,
    /// Its media files, without their bytes.
    pub(super) media: Vec<MediaPart>,
}

/// The app itself.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AppPart {
    pub(super) id: AppId,
    pub(super) name: String,
    pub(super) platform: String,
    #[serde(default)]
    pub(super) settings: Value,
}

/// A screen flow.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FlowPart {
    pub(super) id: ScreenFlowId,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) draft: Box<RawValue>,
    #[serde(default)]
    pub(super) versions: Vec<VersionPart>,
}

/// A published version.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct VersionPart {
    pub(super) id: ScreenVersionId,
    pub(super) flow_version: i64,
    #[serde(default)]
    pub(super) note: Option<String>,
    #[serde(default)]
    pub(super) published_by: Option<String>,
    pub(super) published_at: Timestamp,
    pub(super) flow_schema: Box<RawValue>,
}

/// A saved audience.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AudiencePart {
    pub(super) id: AudienceId,
    pub(super) name: String,
    #[serde(default)]
    pub(super) filter: Value,
}

/// A placement.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PlacementPart {
    pub(super) id: PlacementId,
    pub(super) key: String,
    #[serde(default)]
    pub(super) description: Option<String>,
    pub(super) status: String,
    pub(super) platforms: Vec<String>,
    #[serde(default)]
    pub(super) default_flow_version_id: Option<ScreenVersionId>,
    #[serde(default)]
    pub(super) audience_filter: Value,
    #[serde(default)]
    pub(super) audience_id: Option<AudienceId>,
    #[serde(default)]
    pub(super) cache_ttl_seconds: Option<i64>,
    #[serde(default)]
    pub(super) rules: Value,
    #[serde(default)]
    pub(super) rollout_percentage: Value,
    #[serde(default)]
    pub(super) rollout_fallback_version_id: Option<ScreenVersionId>,
    #[serde(default)]
    pub(super) active_from: Option<Timestamp>,
    #[serde(default)]
    pub(super) active_until: Option<Timestamp>,
    #[serde(default)]
    pub(super) scheduled_changes: Value,
}

/// An experiment.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ExperimentPart {
    pub(super) id: ExperimentId,
    /// Key of its placement.
    pub(super) placement_id: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: Option<String>,
    pub(super) status: String,
    pub(super) primary_metric: String,
    pub(super) confidence_target: f64,
    pub(super) hash_version: i64,
    pub(super) seed: String,
    #[serde(default)]
    pub(super) allocation_percentage: Value,
    #[serde(default)]
    pub(super) start_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) stop_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) started_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) ended_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) weights_changed_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) winner_variant_id: Option<VariantId>,
    #[serde(default)]
    pub(super) variants: Vec<VariantPart>,
    #[serde(default)]
    pub(super) overrides: Vec<OverridePart>,
}

/// A variant; they are in the order of `bucket_order`, the control first.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct VariantPart {
    pub(super) id: VariantId,
    pub(super) name: String,
    pub(super) flow_version_id: ScreenVersionId,
    pub(super) weight: Value,
}

/// A forced variant.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OverridePart {
    pub(super) user_id: String,
    pub(super) variant_id: VariantId,
}

/// A font file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FontPart {
    pub(super) id: FontId,
    pub(super) family: String,
    pub(super) weight: u16,
    pub(super) style: String,
    pub(super) sha256: String,
}

/// A media file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct MediaPart {
    pub(super) id: MediaId,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) sha256: String,
}

/// A document before its parts are read.
#[derive(Deserialize)]
struct Outer<'a> {
    #[serde(borrow, default)]
    format: Option<&'a RawValue>,
    #[serde(borrow, default)]
    format_version: Option<&'a RawValue>,
    #[serde(borrow, default)]
    app: Option<&'a RawValue>,
    #[serde(borrow, default)]
    flows: Option<&'a RawValue>,
    #[serde(borrow, default)]
    audiences: Option<&'a RawValue>,
    #[serde(borrow, default)]
    placements: Option<&'a RawValue>,
    #[serde(borrow, default)]
    experiments: Option<&'a RawValue>,
    #[serde(borrow, default)]
    fonts: Option<&'a RawValue>,
    #[serde(borrow, default)]
    media: Option<&'a RawValue>,
}

impl Document {
    /// Reads a document. What is in it is looked at by [`super::import`].
    ///
    /// # Errors
    /// 400 `invalid_json`, or `validation_error` with every part that cannot be read; members that are not known are ignored.
    pub fn read(text: &[u8]) -> Result<Self, Fault> {
        let outer: Outer<'_> = serde_json::from_slice(text).map_err(|error| {
            Fault::new(FaultKind::Invalid, "invalid_json", format!("The document is not a JSON object: {error}"))
        })?;
        known_format(&outer)?;
        let mut problems = Vec::new();
        let app = part(outer.app, "/app", &mut problems);
        let document = Self {
            format: FORMAT,
            format_version: FORMAT_VERSION,
            flows: list(outer.flows, "/flows", FLOWS_MAX, &mut problems),
            audiences: list(outer.audiences, "/audiences", AUDIENCES_MAX, &mut problems),
            placements: list(outer.placements, "/placements", PLACEMENTS_MAX, &mut problems),
            experiments: list(outer.experiments, "/experiments", EXPERIMENTS_MAX, &mut problems),
            fonts: list(outer.fonts, "/fonts", FONTS_MAX, &mut problems),
            media: list(outer.media, "/media", usize::try_from(MEDIA_MAX).unwrap_or(usize::MAX), &mut problems),
            app: match app {
                Some(app) if problems.is_empty() => app,
                _ => return Err(Fault::validation(problems)),
            },
        };
        Ok(document)
    }
}

fn known_format(outer: &Outer<'_>) -> Result<(), Fault> {
    let text = |value: Option<&RawValue>| value.and_then(|value| serde_json::from_str::<String>(value.get()).ok());
    if text(outer.format).as_deref() != Some(FORMAT) {
        return Err(Fault::field("/format", "value", format!("format must be \"{FORMAT}\"")));
    }
    let version = outer.format_version.and_then(|value| value.get().parse::<u64>().ok());
    match version {
        Some(1..=FORMAT_VERSION) => Ok(()),
        _ => {
            let message = format!("format_version must be 1 to {FORMAT_VERSION}");
            Err(Fault::field("/format_version", "value", message))
        }
    }
}

/// Problems that are listed at most; a document with more was never one of ours.
const PROBLEMS_MAX: usize = 100;

fn list<T: DeserializeOwned>(
    raw: Option<&RawValue>,
    path: &str,
    most: usize,
    problems: &mut Vec<FieldProblem>,
) -> Vec<T> {
    let Some(raw) = raw.filter(|raw| raw.get() != "null") else { return Vec::new() };
    let items: Vec<&RawValue> = match serde_json::from_str(raw.get()) {
        Ok(items) => items,
        Err(_) => {
            problems.push(FieldProblem::new(path, "type", format!("{} must be a list", &path[1..])));
            return Vec::new();
        }
    };
    if items.len() > most {
        problems.push(FieldProblem::new(path, "length", format!("{} must have at most {most} entries", &path[1..])));
        return Vec::new();
    }
    let mut list = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        if problems.len() >= PROBLEMS_MAX {
            break;
        }
        list.extend(part(Some(item), &format!("{path}/{index}"), problems));
    }
    list
}

fn part<T: DeserializeOwned>(raw: Option<&RawValue>, path: &str, problems: &mut Vec<FieldProblem>) -> Option<T> {
    let Some(raw) = raw else {
        problems.push(FieldProblem::new(path, "required", format!("{} is required", &path[1..])));
        return None;
    };
    match serde_json::from_str(raw.get()) {
        Ok(part) => Some(part),
        Err(error) => {
            problems.push(FieldProblem::new(path, "invalid", format!("{} cannot be read: {error}", &path[1..])));
            None
        }
    }
}
