//! The app of the demo: two screen flows, a placement, and an experiment that has been running for two weeks.
//!
//! Everybody of the past asks what to show at the moment of coming, by the way that devices are answered; what they did is stored as if
//! they had reported it.

use std::borrow::Cow;
use std::sync::Arc;

use anyhow::Context as _;
use floe_model::id::{AppId, AudienceId, ExperimentId, ScreenFlowId, ScreenVersionId};
use floe_model::placements::app::FlowKind;
use floe_model::placements::attributes::Attributes;
use floe_model::placements::decide::{RuleAudience, RuleSpec};
use floe_model::placements::event::{Event, EventType};
use floe_model::placements::experiment::{Action, Metric, WEIGHT_ALL};
use floe_model::placements::{Platform, Platforms};
use floe_model::{Fault, Scope, Timestamp};
use floe_placements::Placements;
use floe_placements::apps::{NewApp, SettingsPatch};
use floe_placements::events::ACCEPT_MAX;
use floe_placements::experiments::{NewExperiment, VariantIn};
use floe_placements::flows::{NewFlow, Schema};
use floe_placements::placements::Patch;
use floe_placements::serving::{Asked, Manner, Script, ServedApp, Snapshot};
use floe_placements::trail::Who;
use floe_placements::{apps, audiences, experiments, flows, placements};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::placements::experiments as rows;
use serde::Deserialize;
use serde_json::json;

use super::people::People;
use super::visitors::{self, DAY_US, DAYS, Fates, Visit, Visitor};

/// The app.
pub(super) const APP: &str = "Lagos Fit";
/// The placement.
pub(super) const PLACEMENT: &str = "onboarding";
/// The audience.
pub(super) const AUDIENCE: &str = "Returning, Nigeria";
/// The experiment.
pub(super) const EXPERIMENT: &str = "Onboarding length";
/// Screens of a flow, by id and name.
type Screens = &'static [(&'static str, &'static str)];

/// The two screen flows, the control first, with how many screens they have.
const FLOWS: [(&str, &str, Screens); 2] = [
    (
        "Welcome",
        include_str!("../../../../examples/onboarding/welcome.json"),
        &[("hello", "Hello"), ("goal", "Your goal"), ("reminders", "Reminders"), ("ready", "Ready")],
    ),
    (
        "Short welcome",
        include_str!("../../../../examples/onboarding/short-welcome.json"),
        &[("hello", "Hello"), ("ready", "Ready")],
    ),
];
/// Of so many visitors one has also the app on Android, which has no placement.
const ANDROID_EACH: usize = 20;
/// What the app says about its SDK.
const SDK: &str = "1.3.1";

/// What was made.
#[derive(Debug, Clone)]
pub(super) struct Onboarding {
    pub(super) app: AppId,
    pub(super) experiment: ExperimentId,
    pub(super) flows: [ScreenFlowId; 2],
    pub(super) versions: [ScreenVersionId; 2],
    pub(super) audience: AudienceId,
    /// People of the past who are in the experiment.
    pub(super) users: usize,
    /// Events of the past.
    pub(super) events: usize,
}

/// Makes the configuration, and lets the past happen.
pub(super) async fn make(
    placements: &Arc<Placements>,
    people: &People,
    seed: u64,
) -> anyhow::Result<(Onboarding, Audience)> {
    let owner = &people.as_owner;
    let mut made = configure(placements, owner).await.context("the app of the demo")?;
    let mut audience = Audience::of(placements, owner, made.app, seed).await?;
    let begin = Timestamp(owner.now().micros() - DAYS as i64 * DAY_US);
    let mut events = Vec::new();
    for visitor in visitors::of_the_past(seed) {
        let at = Timestamp(begin.micros() + visitor.after_us);
        events.extend(audience.visit(&visitor, at)?);
        made.users += 1;
    }
    placements.serving.flush().await.context("the assignments of the past")?;
    let now = owner.now();
    // Whoever came a moment ago is still at it.
    events.retain(|event| event.at <= now);
    made.events = events.len();
    audience.report(&events).await.context("the events of the past")?;
    Ok((made, audience))
}

async fn configure(placements: &Arc<Placements>, owner: &Ctx) -> anyhow::Result<Onboarding> {
    let ctx = owner.clone();
    let schemas = [Schema::read(FLOWS[0].1, "")?, Schema::read(FLOWS[1].1, "")?];
    let making = owner.store.write(move |tx| {
        let new = NewApp { name: APP.to_owned(), platform: Platform::Ios, settings: SettingsPatch::default() };
        let app = apps::create(tx, &ctx, &new)?.row.id;
        let filter = json!({ "match": "all", "conditions": [
            { "property": "country", "operator": "equals", "value": "NG" },
            { "property": "sessions_count", "operator": "gte", "value": 2 },
        ] });
        let audience = audiences::create(tx, &ctx, app, AUDIENCE, &filter)?.id;
        let mut made = [ScreenFlowId(0); 2];
        for (place, schema) in schemas.iter().enumerate() {
            let (name, kind) = (FLOWS[place].0.to_owned(), FlowKind::Onboarding);
            made[place] = flows::create(tx, &ctx, app, &NewFlow { name, kind, schema: schema.clone() })?.row.id;
        }
        Ok((app, audience, made))
    });
    let (app, audience, flows) = making.await?;
    let mut versions = [ScreenVersionId(0); 2];
    for (place, flow) in flows.iter().enumerate() {
        let prepared = placements.prepare_publish(owner, app, *flow).await?;
        let ctx = owner.clone();
        let publishing = owner.store.write(move |tx| flows::publish(tx, &ctx, &prepared, Some("First version")));
        versions[place] = publishing.await?.version.id;
    }
    let ctx = owner.clone();
    let experiment = owner.store.write(move |tx| begin(tx, &ctx, app, audience, versions)).await?;
    Ok(Onboarding { app, experiment, flows, versions, audience, users: 0, events: 0 })
}

/// The placement and the experiment on it, which began when the past did.
fn begin(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    app: AppId,
    audience: AudienceId,
    versions: [ScreenVersionId; 2],
) -> Result<ExperimentId, Fault> {
    let rule =
        RuleSpec { id: None, name: AUDIENCE.to_owned(), audience: RuleAudience::Saved(audience), version: versions[1] };
    let place = Patch {
        description: Some(Some("First start of the app".to_owned())),
        platforms: Some(Platforms::of(&[Platform::Ios])),
        default_version: Some(Some(versions[0])),
        rules: Some(vec![rule]),
        ..Patch::default()
    };
    placements::create(tx, ctx, app, PLACEMENT, &place)?;
    let variant = |place: usize, name: &str| VariantIn {
        id: None,
        name: Some(name.to_owned()),
        version: Some(versions[place]),
        weight: Some(WEIGHT_ALL / 2),
        is_control: Some(place == 0),
    };
    let new = NewExperiment {
        name: EXPERIMENT.to_owned(),
        description: Some("Do more people finish when there is less to do?".to_owned()),
        placement_key: PLACEMENT.to_owned(),
        metric: Metric::CompletionRate,
        confidence_target: 0.95,
        hash_version: None,
        seed: None,
        allocation: WEIGHT_ALL,
        start_at: None,
        stop_at: None,
        variants: vec![variant(0, FLOWS[0].0), variant(1, FLOWS[1].0)],
    };
    let id = experiments::create(tx, ctx, app, ctx.ids.next(), &new)?.experiment.id;
    let mut row = experiments::transit(tx, ctx, &Who::caller(ctx), (app, id), Action::Start, None)?.experiment;
    row.started_at = Some(Timestamp(ctx.now().micros() - DAYS as i64 * DAY_US));
    rows::save(tx, ctx.caller.workspace, &mut row)?;
    Ok(id)
}

/// Those who use the app: they ask what to show, and do something with it.
pub(super) struct Audience {
    placements: Arc<Placements>,
    ctx: Ctx,
    scope: Scope,
    config: Arc<Snapshot>,
    app: Arc<ServedApp>,
    fates: Fates,
}

/// What of an answer the app uses.
#[derive(Debug, Deserialize)]
struct Answer {
    flow_id: Option<ScreenFlowId>,
    flow_version_id: Option<ScreenVersionId>,
    experiment_id: Option<String>,
    variant_id: Option<String>,
    variant_name: Option<String>,
}

impl Audience {
    async fn of(placements: &Arc<Placements>, ctx: &Ctx, app: AppId, seed: u64) -> anyhow::Result<Self> {
        let workspace = ctx.caller.workspace;
        let config = placements.serving.config(workspace).await?;
        let app = Arc::clone(config.app(app).context("the app of the demo is not served")?);
        let (placements, scope) = (Arc::clone(placements), ctx.caller.scope());
        Ok(Self { placements, ctx: ctx.clone(), scope, config, app, fates: Fates::of_seed(seed) })
    }

    /// Takes the configuration as it is now: people may have changed it.
    pub(super) async fn look_again(&mut self) -> Result<bool, Fault> {
        self.config = self.placements.serving.config(self.scope.workspace).await?;
        let Some(app) = self.config.app(self.app.id) else { return Ok(false) };
        self.app = Arc::clone(app);
        Ok(true)
    }

    /// Stores what people did, as if they had reported it.
    pub(super) async fn report(&self, events: &[Event<'static>]) -> Result<(), Fault> {
        for some in events.chunks(ACCEPT_MAX) {
            self.placements.events.accept(self.scope, some).await?;
        }
        Ok(())
    }

    /// Somebody comes: what is shown is asked for, and what is done with it are the events that come of it.
    pub(super) fn visit(&mut self, visitor: &Visitor, at: Timestamp) -> anyhow::Result<Vec<Event<'static>>> {
        let user = format!("user-{}", visitor.number);
        if visitor.number.is_multiple_of(ANDROID_EACH) {
            self.ask(&user, visitor, Platform::Android, at)?;
        }
        let answer = self.ask(&user, visitor, Platform::Ios, at)?;
        let Some(version) = answer.flow_version_id else { return Ok(Vec::new()) };
        let variant = usize::from(answer.variant_name.as_deref() == Some(FLOWS[1].0));
        let screens = FLOWS[variant].2;
        let visit = self.fates.next(variant, screens.len());
        let event = Event {
            id: 0,
            app: self.app.id,
            kind: Cow::Borrowed(""),
            at,
            user_id: Cow::Owned(user),
            session_id: Cow::Owned(format!("session-{}", visitor.number)),
            platform: Platform::Ios,
            placement: Some(Cow::Borrowed(PLACEMENT)),
            flow: answer.flow_id,
            version: Some(version),
            experiment: answer.experiment_id.map(Cow::Owned),
            variant: answer.variant_id.map(Cow::Owned),
            screen_id: None,
            screen_name: None,
            screen_index: None,
            time_on_screen_ms: None,
            revenue: None,
            currency: None,
            app_version: Some(Cow::Borrowed(visitor.app_version)),
            country: Some(Cow::Borrowed(visitor.country)),
            is_debug: false,
            reason: None,
            ab_assignments: None,
            more: Cow::Owned(json!({ "sdk_version": SDK }).to_string()),
        };
        Ok(Story { ctx: &self.ctx, event, events: Vec::new() }.tell(&visit, screens))
    }

    fn ask(&self, user: &str, visitor: &Visitor, platform: Platform, now: Timestamp) -> anyhow::Result<Answer> {
        let attributes = json!({ "country": visitor.country, "app.version": visitor.app_version });
        let attributes = attributes.as_object().map(Attributes::of);
        let session = format!("session-{}", visitor.number);
        let mode = self.scope.mode;
        let asked = Asked { user_id: user, session_id: &session, platform, attributes: attributes.as_ref(), mode, now };
        let serving = &self.placements.serving;
        let resolved = serving.resolve(&self.config, &self.app, PLACEMENT, &asked, Manner::Ordinary);
        let mut script = Script::with_room(resolved.room(), false);
        resolved.write(&mut script, None);
        let bytes = script.plain().concat();
        serde_json::from_slice(&bytes).context("an answer of the demo")
    }
}

/// What one person did, event by event.
struct Story<'a> {
    ctx: &'a Ctx,
    /// The next event, with what all of them have in common.
    event: Event<'static>,
    events: Vec<Event<'static>>,
}

impl Story<'_> {
    fn tell(mut self, visit: &Visit, screens: Screens) -> Vec<Event<'static>> {
        let started = self.event.at;
        // What is reported comes after what was asked for.
        self.pass(40);
        self.report(EventType::FlowStart, |_| {});
        for (index, (&ms, &(id, name))) in visit.screens_ms.iter().zip(screens).enumerate() {
            let screen = |event: &mut Event<'static>| {
                (event.screen_id, event.screen_name) = (Some(Cow::Borrowed(id)), Some(Cow::Borrowed(name)));
                event.screen_index = Some(index as i64);
            };
            self.report(EventType::ScreenView, screen);
            self.pass(ms);
            if index + 1 < visit.screens_ms.len() || visit.finished {
                self.report(EventType::ScreenExit, |event| {
                    screen(event);
                    event.time_on_screen_ms = Some(ms);
                });
            } else {
                self.report(EventType::FlowExit, screen);
            }
        }
        if visit.finished {
            let whole_ms = self.event.at.millis_since(started);
            self.report(EventType::FlowComplete, |event| {
                event.more =
                    Cow::Owned(json!({ "sdk_version": SDK, "time_since_flow_start_ms": whole_ms }).to_string());
            });
        }
        if let Some(paid) = visit.paid {
            self.pass(9_000);
            self.report(EventType::Conversion, |event| {
                (event.revenue, event.currency) = (Some(paid as f64), Some(Cow::Borrowed("NGN")));
            });
        }
        self.events
    }

    fn pass(&mut self, ms: i64) {
        self.event.at = self.event.at.plus_millis(ms);
    }

    fn report(&mut self, kind: EventType, with: impl FnOnce(&mut Event<'static>)) {
        let mut event = self.event.clone();
        (event.id, event.kind) = (self.ctx.ids.next_bits(), Cow::Borrowed(kind.as_str()));
        with(&mut event);
        self.events.push(event);
    }
}
