//! What every answer is wrapped in (workflows contract, section 4).

use std::sync::Arc;

use floe_model::id::RequestId;
use floe_runtime::Platform;
use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Value, json};

use super::page::Page;
use crate::http::{Call, Reply};

/// Media type of answers.
pub(super) const JSON_MEDIA: &str = "application/json; charset=utf-8";

/// Wraps the answers to one request. Made before a transaction, so that its closure need not hold the call.
#[derive(Clone)]
pub(crate) struct Envelope {
    request: RequestId,
    platform: Arc<Platform>,
    base: &'static str,
}

impl Envelope {
    /// For the answers to a call.
    pub(crate) fn of(call: &Call) -> Self {
        let base = call.base.unwrap_or("/v1");
        Self { request: call.ctx.request_id, platform: Arc::clone(&call.app.platform), base }
    }

    /// 200 with `data`.
    pub(crate) fn ok(&self, data: &Value) -> Reply {
        self.with(StatusCode::OK, data)
    }

    /// `data` under another status.
    pub(crate) fn with(&self, status: StatusCode, data: &Value) -> Reply {
        Reply::bytes(status, JSON_MEDIA, json!({ "data": data, "meta": self.meta() }).to_string())
    }

    /// `data` under another status, with the `Location` of what was made: a path below the base that was called, as in
    /// `/executions/exec_…`.
    pub(crate) fn made(&self, status: StatusCode, path: &str, data: &Value) -> Reply {
        self.with(status, data).text_header(LOCATION, &format!("{}{path}", self.base))
    }

    /// A page of a list, and how many entries there are in all.
    pub(crate) fn page(&self, items: Vec<Value>, total: u64, page: Page) -> Reply {
        let body = json!({ "data": items, "pagination": page.told(total), "meta": self.meta() });
        Reply::bytes(StatusCode::OK, JSON_MEDIA, body.to_string())
    }

    fn meta(&self) -> Value {
        json!({ "request_id": self.request, "timestamp": self.platform.clock.now() })
    }
}
