//! Numbers about what users did (placements contract, section 13).

use floe_model::id::{ScreenFlowId, ScreenVersionId};
use floe_model::placements::Platform;
use floe_model::placements::numbers::{Filter, Overview, Period, Point, day_text, read_day, share};
use floe_model::{Fault, Scope};
use floe_placements::analytics::{self, Question, Summary};
use floe_store::Tx;
use floe_store::placements::day_numbers::Part;
use serde::Serialize;

use super::input::environment;
use super::shapes::analytics as shapes;
use super::wire::app_id;
use super::{MANAGE, Rights, SURFACE};
use crate::http::{Call, Query, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/v1/apps/{appId}/analytics/overview", MANAGE, overview)
            .managed()
            .doc("Show the overview of an app")
            .about("Each number beside that of the equally long period before.")
            .queries(shapes::NARROWING)
            .answers(200, shapes::OVERVIEW),
        Route::get(&SURFACE, "/v1/apps/{appId}/analytics/funnel", MANAGE, funnel)
            .managed()
            .doc("Show the funnel of a version")
            .about("Of one version: flow_version_id is required. A session is that of one user.")
            .queries(shapes::NARROWING)
            .answers(200, shapes::FUNNEL),
        Route::get(&SURFACE, "/v1/apps/{appId}/analytics/timeseries", MANAGE, timeseries)
            .managed()
            .doc("Show numbers day by day")
            .queries(shapes::NARROWING)
            .answers(200, shapes::SERIES),
        Route::get(&SURFACE, "/v1/apps/{appId}/analytics/revenue", MANAGE, revenue)
            .managed()
            .doc("Show revenue by currency")
            .about("Sums of different currencies are never added.")
            .queries(shapes::NARROWING)
            .answers(200, shapes::REVENUE),
        Route::get(&SURFACE, "/v1/apps/{appId}/analytics/retention", MANAGE, retention)
            .managed()
            .doc("Show who comes back")
            .about("Users by the day of their first flow_start, with any event 1, 3, 7, 14 and 30 days later.")
            .queries(shapes::NARROWING)
            .answers(200, shapes::RETENTION),
        Route::get(&SURFACE, "/v1/apps/{appId}/placements/{key}/analytics", MANAGE, placement)
            .managed()
            .doc("Show the numbers of a placement")
            .queries(shapes::NARROWING)
            .answers(200, shapes::OF_PLACEMENT),
    ]
}

/// What every answer begins with, and what it is about.
#[derive(Serialize)]
struct Answer<T> {
    from: String,
    to: String,
    environment: &'static str,
    #[serde(flatten)]
    body: T,
}

impl<T: Serialize> Answer<T> {
    fn of(question: &Question, body: T) -> Self {
        let Period { first, last } = question.filter.period;
        Self { from: day_text(first), to: day_text(last), environment: question.scope.mode.as_str(), body }
    }
}

#[derive(Serialize)]
struct SummaryOut {
    #[serde(flatten)]
    overview: Overview,
    placements: Vec<PlacementOut>,
    flow_versions: Vec<VersionOut>,
}

#[derive(Serialize)]
struct PlacementOut {
    placement_id: Option<String>,
    impressions: i64,
    completions: i64,
    completion_rate: Option<f64>,
    no_flow: i64,
    no_flow_share: Option<f64>,
}

#[derive(Serialize)]
struct VersionOut {
    flow_id: ScreenFlowId,
    flow_version_id: ScreenVersionId,
    impressions: i64,
    completions: i64,
    completion_rate: Option<f64>,
}

#[derive(Serialize)]
struct SeriesOut {
    interval: &'static str,
    points: Vec<Point>,
}

#[derive(Serialize)]
struct OfPlacementOut {
    placement_id: String,
    overview: Answer<SummaryOut>,
    points: Vec<Point>,
}

impl From<Summary> for SummaryOut {
    fn from(summary: Summary) -> Self {
        Self {
            overview: summary.overview,
            placements: summary.placements.into_iter().map(PlacementOut::from).collect(),
            flow_versions: summary.versions.into_iter().map(VersionOut::from).collect(),
        }
    }
}

impl From<Part<String>> for PlacementOut {
    fn from(part: Part<String>) -> Self {
        Self {
            placement_id: Some(part.of).filter(|key| !key.is_empty()),
            impressions: part.impressions,
            completions: part.completions,
            completion_rate: share(part.completions, part.impressions),
            no_flow: part.no_flow,
            no_flow_share: share(part.no_flow, part.no_flow + part.impressions),
        }
    }
}

impl From<Part<(ScreenFlowId, ScreenVersionId)>> for VersionOut {
    fn from(part: Part<(ScreenFlowId, ScreenVersionId)>) -> Self {
        let (flow_id, flow_version_id) = part.of;
        let (impressions, completions) = (part.impressions, part.completions);
        let completion_rate = share(completions, impressions);
        Self { flow_id, flow_version_id, impressions, completions, completion_rate }
    }
}

async fn overview(call: Call) -> Result<Reply, Fault> {
    let question = question(&call)?;
    let asked = question.clone();
    let summary = call.ctx.store.read(move |tx: &mut Tx<'_>| analytics::overview(tx, &asked)).await?;
    Reply::ok(&Answer::of(&question, SummaryOut::from(summary)))
}

async fn placement(call: Call) -> Result<Reply, Fault> {
    let (question, key) = (question(&call)?, call.param("key")?.to_owned());
    let (asked, of) = (question.clone(), key.clone());
    let reading = move |tx: &mut Tx<'_>| analytics::placement(tx, &asked, &of);
    let (summary, points) = call.ctx.store.read(reading).await?;
    let overview = Answer::of(&question, SummaryOut::from(summary));
    Reply::ok(&OfPlacementOut { placement_id: key, overview, points })
}

async fn timeseries(call: Call) -> Result<Reply, Fault> {
    let question = question(&call)?;
    let asked = question.clone();
    let points = call.ctx.store.read(move |tx: &mut Tx<'_>| analytics::series(tx, &asked)).await?;
    Reply::ok(&Answer::of(&question, SeriesOut { interval: "day", points }))
}

async fn revenue(call: Call) -> Result<Reply, Fault> {
    let question = question(&call)?;
    let asked = question.clone();
    let revenue = call.ctx.store.read(move |tx: &mut Tx<'_>| analytics::revenue(tx, &asked)).await?;
    Reply::ok(&Answer::of(&question, revenue))
}

async fn retention(call: Call) -> Result<Reply, Fault> {
    let (question, now) = (question(&call)?, call.ctx.now());
    let asked = question.clone();
    let retention = call.ctx.store.read(move |tx: &mut Tx<'_>| analytics::retention(tx, &asked, now)).await?;
    Reply::ok(&Answer::of(&question, retention))
}

async fn funnel(call: Call) -> Result<Reply, Fault> {
    let question = question(&call)?;
    let asked = question.clone();
    let funnel = call.ctx.store.read(move |tx: &mut Tx<'_>| analytics::funnel(tx, &asked)).await?;
    Reply::ok(&Answer::of(&question, funnel))
}

/// What is asked; the route table has checked the form of each parameter.
fn question(call: &Call) -> Result<Question, Fault> {
    let query = &call.query;
    let day = |name: &str| query.get(name).and_then(read_day);
    let mode = environment(query);
    let filter = Filter {
        period: analytics::period(day("from"), day("to"), call.ctx.now())?,
        placement: text(query, "placement_id"),
        flow: query.get("flow_id").and_then(|id| ScreenFlowId::parse(id).ok()),
        version: query.get("flow_version_id").and_then(|id| ScreenVersionId::parse(id).ok()),
        platform: query.get("platform").and_then(Platform::parse),
        country: text(query, "country").map(|country| country.to_ascii_uppercase()),
        app_version: text(query, "app_version"),
        experiment: id_text(query, "experiment_id"),
        variant: id_text(query, "variant_id"),
        with_debug: query.flag("include_debug")?.unwrap_or(false),
    };
    let scope = Scope { workspace: call.ctx.caller.workspace, mode };
    Ok(Question { scope, app: app_id(call)?, filter })
}

fn text(query: &Query, name: &str) -> Option<String> {
    query.get(name).map(str::to_owned)
}

/// An id that apps send as text: as it is stored, in lower case and with hyphens when it is a UUID.
fn id_text(query: &Query, name: &str) -> Option<String> {
    let text = query.get(name)?;
    Some(floe_model::id::VariantId::parse(text).map_or_else(|_| text.to_owned(), |id| id.to_string()))
}
