//! What SDKs report about themselves (placements contract, sections 4 and 12).

use floe_model::placements::sdk_error::{BODY_BYTES_MAX, SdkReport};
use floe_model::{Fault, FaultKind, Timestamp};
use floe_store::placements::sdk_errors::ErrorGroup;
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use super::events::scope;
use super::page::Page;
use super::shapes::{PAGING, events as shapes};
use super::wire::app_id;
use super::{MANAGE, Rights, SURFACE};
use crate::http::{Call, Reply, Route, SdkApp, SdkBucket, SdkCall, SdkDoor};

const DOOR: SdkDoor = SdkDoor { bucket: SdkBucket::Errors, app: SdkApp::InPath, body_limit: BODY_BYTES_MAX };

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::sdk(&SURFACE, "/v1/apps/{appId}/sdk-errors", DOOR, take)
            .doc("Report an error of the SDK")
            .takes(shapes::REPORT)
            .answers_nothing(202),
        Route::get(&SURFACE, "/v1/apps/{appId}/sdk-errors", MANAGE, list)
            .managed()
            .doc("List errors of the SDK")
            .about("Reports that say the same are one entry, newest first; kept 30 days after the last.")
            .query("environment", shapes::ENVIRONMENT, "live unless given")
            .queries(PAGING)
            .answers(200, shapes::ERROR_GROUPS),
    ]
}

async fn take(call: SdkCall) -> Result<Reply, Fault> {
    let Ok(body) = serde_json::from_slice::<Value>(&call.body) else {
        return Err(Fault::new(FaultKind::Invalid, "invalid_json", "The body is not JSON"));
    };
    let Value::Object(body) = body else {
        return Err(Fault::field("", "type", "The body must be an object"));
    };
    let report = SdkReport::read(body)?;
    let app = call.app_here()?.id;
    call.app.placements.events.report(call.caller.scope(), app, report).await?;
    Ok(Reply::empty(StatusCode::ACCEPTED))
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let page = Page::of(&call.query);
    let offset = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let events = &call.app.placements.events;
    let (groups, total) = events.reports(scope(&call), app_id(&call)?, page.limit(), offset).await?;
    let rows = groups.into_iter().map(GroupOut::from).collect();
    Reply::ok(&page.around(rows, i64::try_from(total).unwrap_or(i64::MAX)))
}

#[derive(Serialize)]
struct GroupOut {
    id: String,
    platform: String,
    sdk_version: String,
    error_code: Option<String>,
    message: Option<String>,
    count: u64,
    first_at: Timestamp,
    last_at: Timestamp,
    last_report: Value,
}

impl From<ErrorGroup> for GroupOut {
    fn from(group: ErrorGroup) -> Self {
        Self {
            id: floe_model::id::AppId(group.id).to_string(),
            platform: group.platform,
            sdk_version: group.sdk_version,
            error_code: group.error_code,
            message: group.message,
            count: group.reports,
            first_at: group.first_at,
            last_at: group.last_at,
            last_report: serde_json::from_str(&group.report).unwrap_or(Value::Null),
        }
    }
}
