//! A provider of models that answers at once, as part of the bare handler.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response};
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::time::Sleep;

/// The model that answers at once.
pub(in crate::bench) const QUICK: &str = "quick";
/// The model that says one word and then nothing for long.
pub(in crate::bench) const HELD: &str = "held";
/// The model that says more than anybody reads, as fast as it can.
pub(in crate::bench) const FLOOD: &str = "flood";

/// Words of an answer.
const WORDS: usize = 20;
/// How long the held model is silent.
const SILENCE: Duration = Duration::from_secs(60);
/// Pieces of the flood: 24 MB.
const FLOOD_PIECES: usize = 24_000;
const FLOOD_PIECE_BYTES: usize = 900;

/// Answers a chat completion.
pub(in crate::bench) async fn answer(Json(body): Json<Value>) -> Response<Body> {
    let streams = body.get("stream") == Some(&Value::Bool(true));
    let model = body.get("model").and_then(Value::as_str).unwrap_or_default();
    let (kind, body) = match (streams, model) {
        (false, _) => ("application/json", Body::from(whole().to_string())),
        (true, HELD) => ("text/event-stream", Body::new(Pieces { left: 1, piece: chunk("word "), end: Some(held()) })),
        (true, FLOOD) => {
            let piece = chunk(&"x".repeat(FLOOD_PIECE_BYTES));
            ("text/event-stream", Body::new(Pieces { left: FLOOD_PIECES, piece, end: None }))
        }
        (true, _) => ("text/event-stream", Body::new(Pieces { left: WORDS, piece: chunk("word "), end: None })),
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn whole() -> Value {
    json!({
        "id": "1", "object": "chat.completion",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": "word ".repeat(WORDS) }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 10, "completion_tokens": WORDS },
    })
}

fn chunk(text: &str) -> Bytes {
    Bytes::from(format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": { "content": text } }] })))
}

fn held() -> Pin<Box<Sleep>> {
    Box::pin(tokio::time::sleep(SILENCE))
}

/// So many times the same piece, perhaps a silence, and the end.
struct Pieces {
    left: usize,
    piece: Bytes,
    end: Option<Pin<Box<Sleep>>>,
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = &mut *self;
        if this.left > 0 {
            this.left -= 1;
            return Poll::Ready(Some(Ok(Frame::data(this.piece.clone()))));
        }
        if let Some(silence) = &mut this.end {
            std::task::ready!(silence.as_mut().poll(cx));
            this.end = None;
        }
        if this.piece.is_empty() {
            return Poll::Ready(None);
        }
        this.piece = Bytes::new();
        let end = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(format!("data: {end}\n\ndata: [DONE]\n\n"))))))
    }
}
