//! One resolve: what a user sees at a placement, as an answer (Placements contract, sections 2.2, 3, 4, 7 and 11.2).

use std::fmt::Write as _;
use std::sync::Arc;

use floe_model::id::{ExperimentId, ScreenFlowId, ScreenVersionId, VariantId};
use floe_model::placements::attributes::Attributes;
use floe_model::placements::decide::{By, Chosen, Decision, Explanation, Known, decide, decide_export, explain};
use floe_model::placements::event::Missed;
use floe_model::placements::filter::Subject;
use floe_model::placements::{NoFlow, Platform};
use floe_model::{Mode, Scope, Timestamp};
use floe_store::placements::assignments::Assignment;
use serde_json::Value;

use super::kept::Kept;
use super::script::Script;
use super::snapshot::{Ends, ServedApp, ServedPlacement, Snapshot};
use super::version::ServedVersion;
use super::{Serving, behind};

/// Bytes of an entry beside its flow: its key, how it ends, or that there is no flow.
const ENTRY_ROOM: usize = 160;

/// Who asks, and how. The same for every entry of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The user.
    pub user_id: &'a str,
    /// The session.
    pub session_id: &'a str,
    /// What the app runs on.
    pub platform: Platform,
    /// What the app says about the user.
    pub attributes: Option<&'a Attributes<'a>>,
    /// Live or test: that of the key.
    pub mode: Mode,
    /// When.
    pub now: Timestamp,
}

/// In what way a placement is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// As devices do.
    Ordinary,
    /// For an app's bundle: the default version, whoever asks; leaves nothing behind.
    Export,
    /// With the steps of the decision; leaves nothing behind.
    Explained,
}

/// What a resolve found.
#[derive(Debug)]
pub struct Resolved<'s> {
    flow: Option<Found<'s>>,
    explanation: Option<Value>,
    ends: &'s Ends,
    mode: Mode,
}

#[derive(Debug)]
struct Found<'s> {
    version: &'s Arc<ServedVersion>,
    variant: Option<&'s str>,
}

impl Resolved<'_> {
    /// Bytes of the answer, about: for making room before it is written.
    #[must_use]
    pub fn room(&self) -> usize {
        let found = self.flow.as_ref().map_or(0, |found| {
            let version = found.version;
            version.head.len() + version.schema.len() + version.tail.len() + found.variant.map_or(0, str::len)
        });
        found + ENTRY_ROOM
    }

    /// Writes the answer; with `placement_key` in front as an entry of a batch.
    pub fn write(&self, script: &mut Script, placement_key: Option<&str>) {
        script.text("{");
        if let Some(key) = placement_key {
            // Keys have letters, digits and underscores only.
            script.text("\"placement_key\":\"");
            script.text(key);
            script.text("\",");
        }
        match &self.flow {
            Some(found) => {
                script.text(&found.version.head);
                script.flow(found.version);
                script.text(&found.version.tail);
                script.text(found.variant.unwrap_or_default());
            }
            None => script.text("\"flow_id\":null"),
        }
        if let Some(explanation) = &self.explanation {
            script.text(",\"explanation\":");
            script.text(&explanation.to_string());
        }
        script.text(",");
        script.text(self.ends.of(self.mode));
    }
}

impl Serving {
    /// Resolves a placement from a configuration, and leaves behind what such an answer leaves. Never waits.
    pub fn resolve<'s>(
        &self,
        config: &'s Snapshot,
        app: &'s ServedApp,
        key: &str,
        asked: &Asked<'_>,
        manner: Manner,
    ) -> Resolved<'s> {
        let Some(placement) = app.placement(key) else {
            let explanation = (manner == Manner::Explained).then(|| Explanation::not_found().to_value());
            if manner == Manner::Ordinary {
                self.note_no_flow(config, app, key, asked, NoFlow::PlacementNotFound);
            }
            return Resolved { flow: None, explanation, ends: &app.ends, mode: asked.mode };
        };
        let subject = Subject { user_id: asked.user_id, platform: asked.platform, attributes: asked.attributes };
        let user = User { asked, app, kept: placement.kept.as_deref(), placement };
        let (decision, explanation) = match manner {
            Manner::Ordinary => (decide(&placement.compiled, &subject, &user, asked.now), None),
            Manner::Export => (decide_export(&placement.compiled, asked.now), None),
            Manner::Explained => {
                let (decision, explanation) = explain(&placement.compiled, &subject, &user, asked.now);
                (decision, Some(explanation.to_value()))
            }
        };
        let (flow, no_flow) = match decision {
            Decision::Flow(served) => match config.versions.get(&served.version) {
                Some(version) => {
                    if manner == Manner::Ordinary {
                        self.note_served(config, app, placement, asked, version.id, served.chosen);
                    }
                    let variant = served.chosen.and_then(|chosen| placement.says_of(chosen.variant.id));
                    (Some(Found { version, variant }), None)
                }
                // What refers to a version keeps it; only a version that was taken away by other means is missing.
                None => (None, Some(NoFlow::NoDefaultFlow)),
            },
            Decision::NoFlow(reason) => (None, Some(reason)),
        };
        if let Some(reason) = no_flow.filter(|_| manner == Manner::Ordinary) {
            self.note_no_flow(config, app, key, asked, reason);
        }
        Resolved { flow, explanation, ends: &placement.ends, mode: asked.mode }
    }

    /// The newest version of a screen flow; `None` when the app has no such flow. Leaves nothing behind.
    #[must_use]
    pub fn resolve_flow<'s>(
        &self,
        config: &'s Snapshot,
        app: &'s ServedApp,
        flow: ScreenFlowId,
        mode: Mode,
    ) -> Option<Resolved<'s>> {
        let newest = app.flow(flow)?.newest;
        let version = newest.and_then(|id| config.versions.get(&id));
        let flow = version.map(|version| Found { version, variant: None });
        Some(Resolved { flow, explanation: None, ends: &app.ends, mode })
    }

    fn note_no_flow(&self, config: &Snapshot, app: &ServedApp, key: &str, asked: &Asked<'_>, reason: NoFlow) {
        let scope = Scope { workspace: config.workspace, mode: asked.mode };
        let missed = Missed {
            app: app.id,
            placement: key,
            user_id: asked.user_id,
            session_id: asked.session_id,
            platform: asked.platform,
            reason,
            at: asked.now,
        };
        self.events.note_no_flow(scope, &missed);
    }

    fn note_served(
        &self,
        config: &Snapshot,
        app: &ServedApp,
        placement: &ServedPlacement,
        asked: &Asked<'_>,
        version: ScreenVersionId,
        chosen: Option<Chosen<'_>>,
    ) {
        let scope = Scope { workspace: config.workspace, mode: asked.mode };
        let place = behind::Place { scope, app: app.id, placement: placement.id, version };
        self.behind.served(place, asked.now);
        // Whoever has a stored one needs no other, unless it counts and must not.
        let Some(chosen) = chosen.filter(|chosen| chosen.by != By::Stored || chosen.is_forced) else { return };
        self.behind.assigned(scope, config.revision, chosen.experiment.id, asked.user_id, || Assignment {
            experiment: chosen.experiment.id,
            user_id: asked.user_id.to_owned(),
            variant: chosen.variant.id,
            forced: chosen.is_forced,
            assigned_at: asked.now,
        });
    }
}

impl ServedPlacement {
    /// The members that tell of a variant.
    fn says_of(&self, variant: VariantId) -> Option<&str> {
        self.variants.iter().find(|(id, _)| *id == variant).map(|(_, text)| &**text)
    }

    /// The same, as they are prepared.
    pub(super) fn say(experiment: ExperimentId, variant: VariantId, name: &str) -> Box<str> {
        let mut text = String::new();
        // Writing into a text does not fail.
        let _ = write!(
            text,
            r#","experiment_id":"{experiment}","variant_id":"{variant}","variant_name":{}"#,
            Value::from(name)
        );
        text.into()
    }
}

/// What is known of a user beyond the request.
struct User<'a> {
    asked: &'a Asked<'a>,
    app: &'a ServedApp,
    kept: Option<&'a Kept>,
    placement: &'a ServedPlacement,
}

impl Known for User<'_> {
    fn assigned(&self, id: ExperimentId) -> Option<VariantId> {
        let kept = self.kept.filter(|kept| kept.experiment == id)?;
        let experiment = self.placement.compiled.experiment.as_ref()?;
        kept.variant(self.asked.mode, self.asked.user_id, experiment)
    }

    fn is_test_user(&self) -> bool {
        !self.app.test_users.is_empty() && self.app.test_users.contains(self.asked.user_id)
    }
}
