//! A server that speaks the Graph API's side of WhatsApp messages over real HTTP on loopback (Agents contract, section 4).
//!
//! It checks the token, the path and the form of a message as the real one does. The name of a template chooses what it does:
//!
//! | name | what comes back |
//! |---|---|
//! | `code_<n>_<status>` | the error of that code with that HTTP status |
//! | `held` | taken, with `message_status` |
//! | `text_<status>` | a page that is no JSON |
//! | `cut` | the head and half of the body of an answer, then the connection ends |
//! | `silent` | nothing, and the connection stays |
//! | `gone` | nothing, and the connection ends |
//! | anything else | taken |

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Bytes of a request at most.
const REQUEST_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A request that arrived whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// Method and path, e.g. `POST /v23.0/106/messages`.
    pub line: String,
    /// Value of `Authorization`.
    pub authorization: String,
    /// The body; null for none.
    pub body: Value,
}

/// The server. It ends with the runtime that started it.
#[derive(Debug, Clone)]
pub struct FakeGraph {
    /// Where it listens.
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl FakeGraph {
    /// Starts a server that knows one number and its token.
    ///
    /// # Panics
    /// When there is no port on loopback.
    pub async fn start(phone_number_id: &str, token: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
        let address = listener.local_addr().expect("an address");
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let (number, token, list) = (phone_number_id.to_owned(), format!("Bearer {token}"), Arc::clone(&received));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (number, token, list) = (number.clone(), token.clone(), Arc::clone(&list));
                tokio::spawn(async move { serve(stream, &number, &token, &list).await });
            }
        });
        Self { address, received }
    }

    /// What has arrived so far.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What is answered.
enum Answer {
    Json(u16, Value),
    Text(u16),
    Cut,
    Silent,
    Gone,
}

/// Requests of one connection, until it ends.
async fn serve(mut stream: TcpStream, number: &str, token: &str, list: &Mutex<Vec<Received>>) {
    let mut buffer = Vec::new();
    while let Some(request) = read(&mut stream, &mut buffer).await {
        let answer = judge(&request, number, token);
        list.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let (head, body) = match answer {
            Answer::Json(status, body) => head(status, "application/json", &body.to_string()),
            Answer::Text(status) => head(status, "text/html", "<html>Sorry, something went wrong.</html>"),
            Answer::Cut => {
                let (head, body) = head(200, "application/json", r#"{"messaging_product":"whatsapp","contacts":[]}"#);
                (head, body[..body.len() / 2].to_owned())
            }
            Answer::Silent => std::future::pending().await,
            Answer::Gone => return,
        };
        let is_cut = !head.contains(&format!("content-length: {}\r\n", body.len()));
        let sent = stream.write_all(format!("{head}{body}").as_bytes()).await;
        if is_cut || sent.is_err() {
            return;
        }
    }
}

fn head(status: u16, kind: &str, body: &str) -> (String, String) {
    let head = format!("HTTP/1.1 {status} Said\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
    (head, body.to_owned())
}

/// The next request; none when the connection has ended or what comes is no request.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Received> {
    loop {
        if let Some((request, length)) = whole(buffer) {
            buffer.drain(..length);
            return Some(request);
        }
        let mut piece = vec![0; 16 * 1024];
        let count = stream.read(&mut piece).await.ok()?;
        if count == 0 || buffer.len() + count > REQUEST_BYTES_MAX {
            return None;
        }
        buffer.extend_from_slice(&piece[..count]);
    }
}

/// A request that is in the buffer as a whole, and its length.
fn whole(buffer: &[u8]) -> Option<(Received, usize)> {
    let end = buffer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&buffer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let line = lines.next()?.rsplit_once(' ')?.0.to_owned();
    let value = |name: &str| {
        let mut found = head.split("\r\n").filter_map(|line| line.split_once(':'));
        found.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    };
    let length: usize = value("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let body = buffer.get(end + 4..end + 4 + length)?;
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(body).ok()? };
    let authorization = value("authorization").unwrap_or_default();
    Some((Received { line, authorization, body }, end + 4 + length))
}

fn judge(request: &Received, number: &str, token: &str) -> Answer {
    if request.authorization != token {
        let message = "Error validating access token: Session has expired";
        return error(401, 190, message, "OAuthException");
    }
    let (method, path) = request.line.split_once(' ').unwrap_or_default();
    let mut parts = path.trim_start_matches('/').split(['/', '?']);
    let (version, id, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next());
    if !version.starts_with('v') || id != number {
        let message = format!("Unsupported {method} request. Object with ID '{id}' does not exist");
        return error(400, 100, &message, "GraphMethodException");
    }
    match (method, rest) {
        ("POST", Some("messages")) => message(&request.body),
        ("GET", _) => Answer::Json(
            200,
            json!({ "display_phone_number": "+31 6 12345678", "verified_name": "Shop", "id": number }),
        ),
        _ => error(400, 100, "Unsupported request", "GraphMethodException"),
    }
}

fn message(body: &Value) -> Answer {
    let to = body["to"].as_str().unwrap_or_default();
    let name = body["template"]["name"].as_str().unwrap_or_default();
    let is_whole = body["messaging_product"] == "whatsapp"
        && body["recipient_type"] == "individual"
        && body["type"] == "template"
        && !to.is_empty()
        && to.bytes().all(|byte| byte.is_ascii_digit())
        && !name.is_empty()
        && body["template"]["language"]["code"].is_string()
        && body["template"].get("components").is_none_or(|list| list.as_array().is_some_and(|list| !list.is_empty()));
    if !is_whole {
        return error(400, 100, "(#100) Invalid parameter", "OAuthException");
    }
    let scripted =
        |prefix: &str| name.strip_prefix(prefix).map(|rest| rest.split('_').filter_map(|part| part.parse().ok()));
    if let Some(mut numbers) = scripted("code_") {
        let (code, status): (i64, i64) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(400));
        return error(u16::try_from(status).unwrap_or(400), code, &format!("(#{code}) Scripted"), "OAuthException");
    }
    match name {
        "cut" => Answer::Cut,
        "silent" => Answer::Silent,
        "gone" => Answer::Gone,
        _ => match scripted("text_").and_then(|mut numbers| numbers.next()) {
            Some(status) => Answer::Text(u16::try_from(status).unwrap_or(500)),
            None => taken(to, name),
        },
    }
}

fn taken(to: &str, name: &str) -> Answer {
    let mut message = json!({ "id": format!("wamid.HBg{to}{name}") });
    if name == "held" {
        message["message_status"] = json!("held_for_quality_assessment");
    }
    let contacts = json!([{ "input": to, "wa_id": to }]);
    Answer::Json(200, json!({ "messaging_product": "whatsapp", "contacts": contacts, "messages": [message] }))
}

fn error(status: u16, code: i64, message: &str, kind: &str) -> Answer {
    let data = json!({ "messaging_product": "whatsapp", "details": format!("details of {code}") });
    let error = json!({ "message": message, "type": kind, "code": code, "error_data": data, "fbtrace_id": "AbCdEf" });
    Answer::Json(status, json!({ "error": error }))
}
