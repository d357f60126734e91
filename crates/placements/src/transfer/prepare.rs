//! What of a document can be looked at without the database: every part is checked as the routes check it, and becomes rows.
//!
//! Problems are named by their places in the document.

mod experiments;
mod flows;
mod targeting;

use std::collections::HashSet;
use std::hash::Hash;

use floe_model::id::{AppId, AudienceId};
use floe_model::placements::Platform;
use floe_model::placements::app::{AppSettings, TEST_USERS_MAX, TTL_MAX};
use floe_model::placements::asking::ID_CHARS_MAX;
use floe_model::placements::filter::Filter;
use floe_model::{Fault, FieldProblem, Timestamp};
use floe_store::placements::experiments::Experiment;
use floe_store::placements::overrides::Override;
use floe_store::placements::placements::Placement;
use floe_store::placements::variants::Variant;

use super::document::{AppPart, Document, FontPart, MediaPart};

pub(super) use flows::{Flow, Version};
pub(super) use targeting::References;

/// Problems that are listed at most.
const PROBLEMS_MAX: usize = 100;

/// A document whose parts are good by themselves.
#[derive(Debug)]
pub struct Prepared {
    pub(super) app: App,
    pub(super) flows: Vec<Flow>,
    pub(super) audiences: Vec<Audience>,
    pub(super) placements: Vec<(Placement, References)>,
    pub(super) experiments: Vec<(Experiment, Vec<Variant>, Vec<Override>)>,
    pub(super) fonts: Vec<FontPart>,
    pub(super) media: Vec<MediaPart>,
}

/// The app of a document.
#[derive(Debug)]
pub(super) struct App {
    pub(super) id: AppId,
    pub(super) name: String,
    pub(super) platform: Platform,
    pub(super) settings: AppSettings,
}

/// A saved audience of a document.
#[derive(Debug)]
pub(super) struct Audience {
    pub(super) id: AudienceId,
    pub(super) name: String,
    /// JSON text.
    pub(super) filter: String,
    pub(super) read: Filter,
}

impl Prepared {
    /// Checks the parts of a document and lays out their rows for an app at an instant.
    ///
    /// # Errors
    /// 400 with everything that is wrong.
    pub fn of(document: Document, app: AppId, now: Timestamp) -> Result<Self, Fault> {
        let mut problems = Problems::default();
        let prepared_app = prepare_app(document.app, &mut problems);
        let flows = flows::prepare(document.flows, &mut problems);
        let audiences = targeting::audiences(document.audiences, &mut problems);
        let placements = targeting::placements(document.placements, app, now, &mut problems);
        let experiments = experiments::prepare(document.experiments, app, now, &mut problems);
        match prepared_app {
            Some(app) if problems.0.is_empty() => {
                let (fonts, media) = (document.fonts, document.media);
                Ok(Self { app, flows, audiences, placements, experiments, fonts, media })
            }
            _ => Err(Fault::validation(problems.0)),
        }
    }
}

fn prepare_app(part: AppPart, problems: &mut Problems) -> Option<App> {
    problems.text("/app/name", &part.name, 1, 80);
    let platform = problems.word("/app/platform", Platform::parse(&part.platform), Platform::ALL);
    let settings = match part.settings {
        serde_json::Value::Null => Ok(AppSettings::default()),
        settings => serde_json::from_value::<AppSettings>(settings),
    };
    let settings = match settings {
        Ok(settings) if are_good(&settings) => Some(settings),
        Ok(_) => problems.add("/app/settings", "range", "settings are out of range".to_owned()),
        Err(error) => problems.add("/app/settings", "invalid", format!("settings cannot be read: {error}")),
    };
    Some(App { id: part.id, name: part.name, platform: platform?, settings: settings? })
}

fn are_good(settings: &AppSettings) -> bool {
    settings.cache_ttl_seconds.is_none_or(|ttl| (0..=TTL_MAX).contains(&ttl))
        && matches!(settings.default_hash_version, 1 | 2)
        && settings.test_users.len() <= TEST_USERS_MAX
        && settings.test_users.iter().all(|user| is_user(user))
}

/// Whether a text can be the id of a user (section 2.1).
fn is_user(text: &str) -> bool {
    (1..=ID_CHARS_MAX).contains(&text.chars().count()) && !text.trim().is_empty() && !text.contains('\0')
}

/// What is wrong with a document.
#[derive(Debug, Default)]
struct Problems(Vec<FieldProblem>);

impl Problems {
    /// Notes a problem; `None`, for whoever wanted a value.
    fn add<T>(&mut self, path: impl Into<String>, code: &'static str, message: String) -> Option<T> {
        if self.0.len() < PROBLEMS_MAX {
            self.0.push(FieldProblem::new(path, code, message));
        }
        None
    }

    /// Notes the problems of a part below its place.
    fn extend(&mut self, path: &str, found: Vec<FieldProblem>) {
        for one in found {
            let _: Option<()> = self.add(format!("{path}{}", one.path), one.code, one.message);
        }
    }

    /// A text must have so many characters, not only blanks, and no control characters.
    fn text(&mut self, path: &str, text: &str, least: usize, most: usize) {
        let length = text.chars().count();
        let is_blank = least > 0 && text.trim().is_empty();
        let has_control = text.chars().any(|one| one.is_control() && !matches!(one, '\n' | '\r' | '\t'));
        if !(least..=most).contains(&length) || is_blank || has_control {
            let message = format!("{} must have {least} to {most} characters", last(path));
            let _: Option<()> = self.add(path, "length", message);
        }
    }

    /// A word must be one of those that are known.
    fn word<T: Copy + std::fmt::Display>(&mut self, path: &str, word: Option<T>, all: &[T]) -> Option<T> {
        word.or_else(|| {
            let words: Vec<String> = all.iter().map(ToString::to_string).collect();
            self.add(path, "value", format!("{} must be one of: {}", last(path), words.join(", ")))
        })
    }

    /// Something must not come twice.
    fn once<T: Eq + Hash>(&mut self, seen: &mut HashSet<T>, path: String, what: T) {
        if !seen.insert(what) {
            let message = format!("{} comes twice in the document", last(&path));
            let _: Option<()> = self.add(path, "repeated", message);
        }
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
