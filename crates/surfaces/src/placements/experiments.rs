//! Experiments (placements contract, sections 9 and 12).

use floe_model::id::{AppId, ExperimentId, ScreenVersionId, VariantId};
use floe_model::placements::experiment::{Action, Status, percent};
use floe_model::placements::place_key::KEY_MAX;
use floe_model::{Fault, Timestamp};
use floe_placements::experiments::{self, Whole};
use floe_placements::trail::Who;
use floe_store::Tx;
use floe_store::placements::experiments::Filter;
use serde::Serialize;
use serde_json::Value;

use super::experiment_body::{read_new, read_patch, read_variant};
use super::page::Page;
use super::shapes::{PAGING, experiments as shapes};
use super::wire::{app_id, etag, if_match, made, shown};
use super::{MANAGE, Rights, SURFACE};
use crate::http::shape::text;
use crate::http::{Call, Reply, Route};

/// Where the experiments of an app are.
const AT: &str = "/v1/apps/{appId}/experiments";

pub(super) fn routes() -> Vec<Route> {
    let records = vec![
        Route::post(&SURFACE, AT, MANAGE, create)
            .managed()
            .doc("Create an experiment")
            .about("A draft. The control is the variant with is_control, else the first one.")
            .takes(shapes::NEW_EXPERIMENT)
            .answers(201, shapes::EXPERIMENT)
            .refuses(409, &["conflict"]),
        Route::get(&SURFACE, AT, MANAGE, list)
            .managed()
            .doc("List experiments")
            .queries(PAGING)
            .query("status", shapes::STATUS, "In this state only")
            .query("placement_id", text(1, KEY_MAX), "On this placement only")
            .answers(200, shapes::EXPERIMENTS),
        Route::get(&SURFACE, "/v1/apps/{appId}/experiments/{id}", MANAGE, show)
            .managed()
            .doc("Show an experiment")
            .answers(200, shapes::EXPERIMENT),
        Route::patch(&SURFACE, "/v1/apps/{appId}/experiments/{id}", MANAGE, change)
            .managed()
            .revised()
            .doc("Change an experiment")
            .about(
                "Everything of a draft; while it runs or pauses only name, description, confidence_target and weights, which hold for \
                 new users.",
            )
            .takes(shapes::EXPERIMENT_PATCH)
            .answers(200, shapes::EXPERIMENT)
            .refuses(409, &["conflict"]),
        Route::delete(&SURFACE, "/v1/apps/{appId}/experiments/{id}", MANAGE, delete)
            .managed()
            .revised()
            .doc("Delete an experiment")
            .answers_nothing(204)
            .refuses(409, &["conflict"]),
    ];
    records.into_iter().chain(actions()).collect()
}

fn actions() -> Vec<Route> {
    vec![
        Route::post(&SURFACE, "/v1/apps/{appId}/experiments/{id}/start", MANAGE, start)
            .managed()
            .doc("Start an experiment")
            .about("Needs two variants of published versions, and a placement without a running or paused experiment.")
            .answers(200, shapes::EXPERIMENT)
            .refuses(409, &["conflict"]),
        Route::post(&SURFACE, "/v1/apps/{appId}/experiments/{id}/pause", MANAGE, pause)
            .managed()
            .doc("Pause an experiment")
            .about("The placement serves its default; assignments are kept.")
            .answers(200, shapes::EXPERIMENT)
            .refuses(409, &["conflict"]),
        Route::post(&SURFACE, "/v1/apps/{appId}/experiments/{id}/resume", MANAGE, resume)
            .managed()
            .doc("Resume an experiment")
            .answers(200, shapes::EXPERIMENT)
            .refuses(409, &["conflict"]),
        Route::post(&SURFACE, "/v1/apps/{appId}/experiments/{id}/stop", MANAGE, stop)
            .managed()
            .doc("Stop an experiment")
            .about("For good and without a winner; the placement serves its default.")
            .answers(200, shapes::EXPERIMENT)
            .refuses(409, &["conflict"]),
        Route::post(&SURFACE, "/v1/apps/{appId}/experiments/{id}/declare-winner", MANAGE, declare_winner)
            .managed()
            .doc("Declare the winner of an experiment")
            .about("Ends it; the placement serves the winner's version to all.")
            .takes(shapes::NAMED_VARIANT)
            .answers(200, shapes::EXPERIMENT)
            .refuses(409, &["conflict"]),
        Route::post(&SURFACE, "/v1/apps/{appId}/experiments/{id}/duplicate", MANAGE, duplicate)
            .managed()
            .doc("Duplicate an experiment")
            .about("A new draft with an id, and so buckets, of its own.")
            .answers(201, shapes::EXPERIMENT)
            .refuses(409, &["conflict"]),
    ]
}

#[derive(Serialize)]
struct VariantOut {
    id: VariantId,
    name: String,
    flow_version_id: ScreenVersionId,
    weight: Value,
    bucket_order: usize,
    is_control: bool,
}

#[derive(Serialize)]
struct ExperimentOut {
    id: ExperimentId,
    app_id: AppId,
    placement_id: String,
    name: String,
    description: Option<String>,
    status: Status,
    primary_metric: &'static str,
    confidence_target: f64,
    hash_version: i64,
    seed: String,
    allocation_percentage: Value,
    start_at: Option<Timestamp>,
    stop_at: Option<Timestamp>,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    weights_changed_at: Option<Timestamp>,
    winner_variant_id: Option<VariantId>,
    variants: Vec<VariantOut>,
    created_at: Timestamp,
    updated_at: Timestamp,
    etag: String,
}

impl From<Whole> for ExperimentOut {
    fn from(Whole { experiment, variants }: Whole) -> Self {
        let variants = variants.into_iter().enumerate().map(|(bucket_order, one)| VariantOut {
            id: one.id,
            name: one.name,
            flow_version_id: one.version,
            weight: percent(one.weight),
            bucket_order,
            is_control: bucket_order == 0,
        });
        Self {
            id: experiment.id,
            app_id: experiment.app,
            placement_id: experiment.placement_key,
            name: experiment.name,
            description: experiment.description,
            status: experiment.status,
            primary_metric: experiment.metric.as_str(),
            confidence_target: experiment.confidence_target,
            hash_version: experiment.hash_version.number(),
            seed: experiment.seed,
            allocation_percentage: percent(experiment.allocation),
            start_at: experiment.start_at,
            stop_at: experiment.stop_at,
            started_at: experiment.started_at,
            ended_at: experiment.ended_at,
            weights_changed_at: experiment.weights_changed_at,
            winner_variant_id: experiment.winner,
            variants: variants.collect(),
            created_at: experiment.created_at,
            updated_at: experiment.updated_at,
            etag: etag(experiment.revision),
        }
    }
}

fn answer(whole: Whole) -> Result<Reply, Fault> {
    let revision = whole.experiment.revision;
    shown(&ExperimentOut::from(whole), revision)
}

fn answer_made(whole: Whole) -> Result<Reply, Fault> {
    let (experiment, revision) = (&whole.experiment, whole.experiment.revision);
    let place = format!("/v1/apps/{}/experiments/{}", experiment.app, experiment.id);
    made(&place, &ExperimentOut::from(whole), revision)
}

/// The experiment of the path.
pub(super) fn experiment_id(call: &Call) -> Result<ExperimentId, Fault> {
    call.id("id", "Experiment")
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let (app, new) = (app_id(&call)?, read_new(&call)?);
    let (ctx, id) = (call.ctx.clone(), call.ctx.ids.next());
    call.commit(move |tx: &mut Tx<'_>| experiments::create(tx, &ctx, app, id, &new), answer_made).await
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (app, page, workspace) = (app_id(&call)?, Page::of(&call.query), call.ctx.caller.workspace);
    let filter = Filter {
        status: call.query.get("status").and_then(Status::parse),
        placement_key: call.query.get("placement_id").map(str::to_owned),
    };
    let reading =
        call.ctx.store.read(move |tx| experiments::list(tx, workspace, app, &filter, page.limit(), page.offset));
    let (rows, total) = reading.await?;
    Reply::ok(&page.around(rows.into_iter().map(ExperimentOut::from).collect(), total))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (app, id, workspace) = (app_id(&call)?, experiment_id(&call)?, call.ctx.caller.workspace);
    answer(call.ctx.store.read(move |tx| experiments::get(tx, workspace, app, id)).await?)
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let (app, id, expected) = (app_id(&call)?, experiment_id(&call)?, if_match(&call)?);
    let (ctx, patch) = (call.ctx.clone(), read_patch(&call)?);
    call.commit(move |tx: &mut Tx<'_>| experiments::change(tx, &ctx, app, id, expected, &patch), answer).await
}

async fn delete(call: Call) -> Result<Reply, Fault> {
    let (app, id, expected) = (app_id(&call)?, experiment_id(&call)?, if_match(&call)?);
    let ctx = call.ctx.clone();
    let act = move |tx: &mut Tx<'_>| experiments::delete(tx, &ctx, app, id, expected);
    call.commit(act, |()| Ok(Reply::no_content())).await
}

async fn start(call: Call) -> Result<Reply, Fault> {
    act(call, Action::Start, None).await
}

async fn pause(call: Call) -> Result<Reply, Fault> {
    act(call, Action::Pause, None).await
}

async fn resume(call: Call) -> Result<Reply, Fault> {
    act(call, Action::Resume, None).await
}

async fn stop(call: Call) -> Result<Reply, Fault> {
    act(call, Action::Stop, None).await
}

async fn declare_winner(call: Call) -> Result<Reply, Fault> {
    let winner = read_variant(&call)?;
    act(call, Action::DeclareWinner, Some(winner)).await
}

async fn act(call: Call, action: Action, winner: Option<VariantId>) -> Result<Reply, Fault> {
    let (place, ctx) = ((app_id(&call)?, experiment_id(&call)?), call.ctx.clone());
    let acting = move |tx: &mut Tx<'_>| experiments::transit(tx, &ctx, &Who::caller(&ctx), place, action, winner);
    call.commit(acting, answer).await
}

async fn duplicate(call: Call) -> Result<Reply, Fault> {
    let (app, from) = (app_id(&call)?, experiment_id(&call)?);
    let (ctx, id) = (call.ctx.clone(), call.ctx.ids.next());
    call.commit(move |tx: &mut Tx<'_>| experiments::duplicate(tx, &ctx, app, from, id), answer_made).await
}
