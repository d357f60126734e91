//! Results of experiments (placements contract, section 9.4).

use floe_model::placements::experiment::percent;
use floe_model::placements::stats::Srm;
use floe_model::{Fault, Mode, Scope};
use floe_placements::experiments::{self, ArmResult, Earned, Look, Point, Results};
use serde_json::{Map, Value, json};

use super::experiment_users::catch_up;
use super::experiments::experiment_id;
use super::input::environment;
use super::shapes::experiments as shapes;
use super::wire::app_id;
use super::{MANAGE, Rights, SURFACE};
use crate::http::shape::FLAG;
use crate::http::{Call, Reply, Route};

/// Characters of a date.
const DATE: usize = "2026-01-15".len();

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/v1/apps/{appId}/experiments/{id}/results", MANAGE, results)
            .managed()
            .doc("Show the results of an experiment")
            .about("Numbers follow events within ten seconds.")
            .query("denominator", shapes::DENOMINATOR, "Users who are assigned, or those of them who saw their variant; enrolled unless given")
            .query("environment", shapes::ENVIRONMENT, "live unless given")
            .query("sequential", FLAG, "Whether the results are looked at again and again: significant then means that 0 is outside of the sequential interval")
            .answers(200, shapes::RESULTS),
    ]
}

async fn results(call: Call) -> Result<Reply, Fault> {
    let (app, id, mode) = (app_id(&call)?, experiment_id(&call)?, environment(&call.query));
    let exposed_only = call.query.get("denominator") == Some("exposed");
    let look = Look { exposed_only, sequential: call.query.flag("sequential")?.unwrap_or(false) };
    let scope = Scope { workspace: call.ctx.caller.workspace, mode };
    catch_up(&call).await;
    let results = call.ctx.store.read(move |tx| experiments::results(tx, scope, app, id, look)).await?;
    Ok(Reply::value(http::StatusCode::OK, &body(&results, look, mode)))
}

fn body(results: &Results, look: Look, mode: Mode) -> Value {
    let Results { whole, verdict, .. } = results;
    let experiment = &whole.experiment;
    let variants: Vec<Value> = (0..results.arms.len()).map(|at| variant(results, look, at)).collect();
    let series: Vec<Value> = results.series.iter().map(|point| day(point, look)).collect();
    json!({
        "experiment_id": experiment.id,
        "status": experiment.status,
        "environment": mode,
        "denominator": if look.exposed_only { "exposed" } else { "enrolled" },
        "data_state": verdict.state.as_str(),
        "primary_metric": experiment.metric,
        "currency": results.currency,
        "confidence_target": experiment.confidence_target,
        "significant": verdict.significant,
        "sequential": look.sequential,
        "started_at": experiment.started_at,
        "ended_at": experiment.ended_at,
        "weights_changed_at": experiment.weights_changed_at,
        "winner_variant_id": experiment.winner,
        "srm": verdict.srm.map(srm),
        "variants": variants,
        "series": series,
    })
}

fn srm(Srm { chi2, df, p_value, mismatch }: Srm) -> Value {
    // Users in a variant of weight 0 make it infinite, which JSON cannot say.
    json!({ "chi2": chi2.is_finite().then_some(chi2), "df": df, "p_value": p_value, "mismatch": mismatch })
}

fn variant(results: &Results, look: Look, at: usize) -> Value {
    let (variant, arm): (_, &ArmResult) = (&results.whole.variants[at], &results.arms[at]);
    let is_control = at == 0;
    let revenue: Vec<Value> = arm.revenue.iter().map(earned).collect();
    let mut body = json!({
        "variant_id": arm.variant,
        "name": variant.name,
        "is_control": is_control,
        "weight": percent(variant.weight),
        "users_enrolled": arm.enrolled,
        "users_exposed": arm.exposed,
        "completions": arm.completions,
        "completion_rate": arm.completion_rate,
        "converted_users": arm.converted,
        "conversion_rate": arm.conversion_rate,
        "revenue": revenue,
    });
    if let (false, Value::Object(fields)) = (is_control, &mut body) {
        let many = results.arms.len() > 2;
        compared(fields, arm, look, many);
    }
    body
}

fn earned(Earned { currency, amount, per_user }: &Earned) -> Value {
    json!({ "currency": currency, "amount": amount, "per_user": per_user })
}

/// What only a variant beside the control has; all null while there is not enough to say something.
fn compared(fields: &mut Map<String, Value>, arm: &ArmResult, look: Look, many: bool) {
    let judged = arm.judged.as_ref();
    let found = judged.map(|judged| &judged.comparison);
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("lift", json!(found.and_then(|found| found.lift)));
    set("z", json!(found.map(|found| found.z)));
    set("p_value", json!(found.map(|found| found.p_value)));
    set("confidence", json!(found.map(|found| found.confidence())));
    set("probability_to_beat_control", json!(found.map(|found| found.probability_to_beat_control)));
    set("expected_loss", json!(found.map(|found| found.expected_loss)));
    set("difference_interval", json!(found.map(|found| found.difference_interval)));
    set("significant", json!(judged.is_some_and(|judged| judged.significant)));
    if many {
        set("p_value_corrected", json!(judged.and_then(|judged| judged.corrected)));
        set("confidence_corrected", json!(judged.and_then(|judged| judged.corrected).map(|p_value| 1.0 - p_value)));
    }
    if look.sequential {
        set("sequential_interval", json!(found.map(|found| found.sequential)));
    }
}

fn day(point: &Point, look: Look) -> Value {
    let date: String = point.day.to_string().chars().take(DATE).collect();
    let users = if look.exposed_only { "users_exposed" } else { "users_enrolled" };
    json!({
        "date": date,
        "variant_id": point.variant,
        users: point.users,
        "completions": point.completions,
        "completion_rate": point.rate(),
    })
}
