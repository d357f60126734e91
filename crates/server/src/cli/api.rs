//! The client of the HTTP APIs, for commands that speak to a server.

use std::time::Duration;

use floe_model::Mode;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use super::exit::{Exit, Failure};

/// Time for one answer when nothing is said, seconds: above the 55 s for which the server holds an execution.
const TIMEOUT_S: u64 = 60;
/// Time to reach the server, seconds.
const CONNECT_TIMEOUT_S: u64 = 5;
/// Bytes of one answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Rows of one page of a list of the Flow API.
const PAGE_ROWS: usize = 100;
/// Pages of one list.
const PAGES_MAX: usize = 100;

/// Where and as whom to call.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Address of the server, without a slash at the end.
    pub url: String,
    /// Token, `pat_…`.
    pub token: Option<String>,
    /// Id or slug of the workspace, when the token has several.
    pub workspace: Option<String>,
    /// Live or test.
    pub mode: Mode,
    /// Seconds for one answer.
    pub timeout_s: Option<u64>,
}

/// A client of one server.
pub(super) struct Api {
    target: Target,
    http: reqwest::Client,
}

impl Api {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// When no TLS client can be made on this machine.
    pub(super) fn try_new(target: Target) -> Result<Self, Failure> {
        floe_runtime::outside::install_tls_provider();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(CONNECT_TIMEOUT_S))
            .timeout(Duration::from_secs(target.timeout_s.unwrap_or(TIMEOUT_S)))
            .user_agent(concat!("floe/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Failure::new(Exit::Unreachable, "client", error.to_string()))?;
        Ok(Self { target, http })
    }

    /// The mode in which it calls.
    #[must_use]
    pub(super) fn mode(&self) -> Mode {
        self.target.mode
    }

    /// The address of the server.
    #[must_use]
    pub(super) fn url(&self) -> &str {
        &self.target.url
    }

    /// GET.
    ///
    /// # Errors
    /// As [`Api::call`].
    pub(super) async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, Failure> {
        self.call(Method::GET, path, query, None).await
    }

    /// POST with a JSON body.
    ///
    /// # Errors
    /// As [`Api::call`].
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.call(Method::POST, path, &[], Some(body)).await
    }

    /// PUT with a JSON body, in place of the revision that the caller saw.
    ///
    /// # Errors
    /// As [`Api::call`].
    pub(super) async fn put(&self, path: &str, body: &Value, revision: Option<i64>) -> Result<Value, Failure> {
        let request = self.authorized(self.http.put(format!("{}{path}", self.target.url)))?.json(body);
        let request = match revision {
            Some(revision) => request.header("If-Match", format!("\"{revision}\"")),
            None => request,
        };
        let answer = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        let answer = self.read(answer).await?;
        if status.is_success() { Ok(answer) } else { Err(refusal(status, &answer)) }
    }

    /// POST with a body that is JSON text already, for amounts that no [`Value`] holds exactly.
    ///
    /// # Errors
    /// As [`Api::call`].
    pub(super) async fn post_text(&self, path: &str, body: String) -> Result<Value, Failure> {
        let request = self.authorized(self.http.post(format!("{}{path}", self.target.url)))?;
        let request = request.header("Content-Type", "application/json").body(body);
        let answer = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        let answer = self.read(answer).await?;
        if status.is_success() { Ok(answer) } else { Err(refusal(status, &answer)) }
    }

    /// Calls and reads the answer; an answer without a body is null.
    ///
    /// # Errors
    /// When the server cannot be reached, does not answer in time, or refuses.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let (status, answer) = self.exchange(method, path, query, body).await?;
        if status.is_success() { Ok(answer) } else { Err(refusal(status, &answer)) }
    }

    /// Opens a stream of server-sent events, after the event with that id; none when there is no such stream. The time limit of
    /// an answer holds for it too: then it is cut, and is opened again.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub(super) async fn open(&self, path: &str, after: Option<&str>) -> Result<Option<Response>, Failure> {
        let request = self.authorized(self.http.get(format!("{}{path}", self.target.url)))?;
        let request = match after {
            Some(id) => request.header("Last-Event-ID", id),
            None => request,
        };
        let answer = request.send().await.map_err(|error| self.unreachable(&error))?;
        match answer.status() {
            status if status.is_success() => Ok(Some(answer)),
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Ok(None),
            status => Err(refusal(status, &self.read(answer).await?)),
        }
    }

    /// All rows of a list of the Flow API (section 1.5), up to `rows_max`.
    ///
    /// # Errors
    /// As [`Api::call`].
    pub(super) async fn pages(
        &self,
        path: &str,
        query: &[(&str, String)],
        rows_max: usize,
    ) -> Result<Vec<Value>, Failure> {
        let mut rows = Vec::new();
        for page in 1..=PAGES_MAX {
            let mut query = query.to_vec();
            query.extend([("limit", PAGE_ROWS.min(rows_max).to_string()), ("page", page.to_string())]);
            let mut answer = self.get(path, &query).await?;
            let Value::Array(found) = answer["data"].take() else { break };
            let last = found.len() < PAGE_ROWS.min(rows_max);
            rows.extend(found);
            if last || rows.len() >= rows_max {
                break;
            }
        }
        rows.truncate(rows_max);
        Ok(rows)
    }

    /// All rows of a list of the console (section 4), up to `rows_max`.
    ///
    /// # Errors
    /// As [`Api::call`].
    pub(super) async fn walk(
        &self,
        path: &str,
        query: &[(&str, String)],
        rows_max: usize,
    ) -> Result<Vec<Value>, Failure> {
        let mut rows = Vec::new();
        let mut query = query.to_vec();
        query.push(("limit", PAGE_ROWS.min(rows_max).to_string()));
        for _ in 0..PAGES_MAX {
            let mut answer = self.get(path, &query).await?;
            if let Value::Array(found) = answer["data"].take() {
                rows.extend(found);
            }
            let Some(cursor) = answer["next_cursor"].as_str().filter(|_| rows.len() < rows_max) else { break };
            query.retain(|(name, _)| *name != "cursor");
            query.push(("cursor", cursor.to_owned()));
        }
        rows.truncate(rows_max);
        Ok(rows)
    }

    /// All rows of a list of the treasury API (Treasury contract, section 1.3), up to `rows_max`.
    ///
    /// # Errors
    /// As [`Api::call`].
    pub(super) async fn offsets(
        &self,
        path: &str,
        query: &[(&str, String)],
        rows_max: usize,
    ) -> Result<Vec<Value>, Failure> {
        let mut rows: Vec<Value> = Vec::new();
        for _ in 0..PAGES_MAX {
            let mut query = query.to_vec();
            query.extend([("limit", PAGE_ROWS.min(rows_max).to_string()), ("offset", rows.len().to_string())]);
            let mut answer = self.get(path, &query).await?;
            if let Value::Array(found) = answer["data"].take() {
                rows.extend(found);
            }
            if answer["has_more"] != true || rows.len() >= rows_max {
                break;
            }
        }
        rows.truncate(rows_max);
        Ok(rows)
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), Failure> {
        let address = format!("{}{path}{}", self.target.url, query_text(query));
        let request = self.authorized(self.http.request(method, address))?;
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        Ok((status, self.read(answer).await?))
    }

    fn authorized(&self, request: RequestBuilder) -> Result<RequestBuilder, Failure> {
        let Some(token) = &self.target.token else {
            let message = "no token: set FLOE_TOKEN, give --token, or sign in with floe login";
            return Err(Failure::new(Exit::Denied, "unauthenticated", message));
        };
        let request = request.bearer_auth(token).header("Floe-Mode", self.target.mode.as_str());
        Ok(match &self.target.workspace {
            Some(workspace) => request.header("Floe-Workspace", workspace),
            None => request,
        })
    }

    async fn read(&self, mut answer: Response) -> Result<Value, Failure> {
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.unreachable(&error))? {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(Failure::new(Exit::Failed, "answer_too_large", "the answer of the server is too large"));
            }
            bytes.extend_from_slice(&chunk);
        }
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        // Something in between may answer with a page; its text must not pass for an answer of the API.
        Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let url = &self.target.url;
        let message = if error.is_timeout() {
            format!("no answer from {url} in time")
        } else if error.is_connect() {
            format!("no server at {url}; start one with floe serve, or set FLOE_URL")
        } else {
            format!("the call to {url} failed: {}", innermost(error))
        };
        Failure::new(Exit::Unreachable, "unreachable", message)
    }
}

/// The cause itself: the outer errors only repeat that a request failed.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// What a refusal of either API means for the command.
fn refusal(status: StatusCode, answer: &Value) -> Failure {
    let text =
        |pointers: &[&str]| pointers.iter().find_map(|pointer| answer.pointer(pointer)?.as_str()).map(str::to_owned);
    let code = text(&["/error/code", "/code"]).unwrap_or_else(|| format!("http_{}", status.as_u16()));
    let message = text(&["/error/message", "/detail", "/message", "/title"])
        .unwrap_or_else(|| format!("the server answered {status} without a reason"));
    let fix = text(&["/fix"]).map(|fix| format!(" {fix}")).unwrap_or_default();
    let exit = match status.as_u16() {
        401 | 403 => Exit::Denied,
        404 => Exit::NotFound,
        409 | 410 | 412 => Exit::Conflict,
        422 if code == "invalid_definition" || code == "import_refused" => Exit::Invalid,
        422 | 402 => Exit::Failed,
        408 | 429 | 500.. => Exit::Unreachable,
        _ => Exit::Usage,
    };
    Failure::new(exit, code, format!("{message}{fix}{}", listed(answer)))
}

/// The fields or problems that a refusal names, a line each.
fn listed(answer: &Value) -> String {
    let lists = ["/error/details/fields", "/error/details/problems", "/errors", "/problems"];
    let Some(items) = lists.iter().find_map(|pointer| answer.pointer(pointer)?.as_array()) else {
        return String::new();
    };
    let line = |item: &Value| {
        let place = item["pointer"].as_str().or(item["path"].as_str()).map_or_else(|| located(item), str::to_owned);
        let message = item["message"].as_str().or(item["msg"].as_str()).unwrap_or_default();
        format!("\n  {place} {message}")
    };
    items.iter().map(line).collect()
}

/// The place of a problem as the treasury API names it: `["body", "candidates", 3, "amount"]`.
fn located(item: &Value) -> String {
    let parts = item["loc"].as_array().into_iter().flatten();
    let parts: Vec<String> = parts.map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned)).collect();
    parts.join(".")
}

/// `?name=value&…` with everything but letters, digits and `-._~` escaped; empty without parameters.
fn query_text(query: &[(&str, String)]) -> String {
    let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

/// One path segment or query value, percent-escaped (RFC 3986).
pub(super) fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests;
