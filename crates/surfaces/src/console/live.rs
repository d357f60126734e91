//! `/stream`: what happens, as it happens (console contract, section 5.11).
//!
//! Most of it is told from the stream of domain events, which is one order for every server: a message's `id:` is a place in it, so that
//! a reader who was cut goes on there, on any node. What has no events is looked at again and again and told when it is different.

mod looks;
mod place;
mod told;
mod topics;

use std::time::Duration;

use floe_model::Fault;
use floe_model::access::Permission;
use floe_store::platform::events::{self, Cursor};
use serde_json::{Value, json};

use super::events::page;
use super::{Rights, SURFACE, runs};
use crate::http::shape::TEXT;
use crate::http::{Auth, Call, Reply, Route};
use crate::stream::{self as streams, Cut, EVENT, MEDIA, Messages, Pulse};
use looks::Looks;
use place::{MemberPlace, id_of, place_of};
use told::{BOTH, Message};
use topics::Topics;

/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(400);
/// Looks at the domain events for one look at everything else.
const LOOKS_FOR_ONE: u32 = 2;
const PULSE: Pulse = Pulse { every: Duration::from_secs(15), comment: ": still here\n\n" };

pub(super) fn routes() -> Vec<Route> {
    let stream = Route::get(&SURFACE, "/console/v1/stream", Auth::MEMBER, stream)
        .needs(Permission::Read)
        .doc("Follow what happens")
        .about(
            "Server-sent events: run.changed, run.span, run.delta, inbox.changed, delivery.changed, document.progress, job.progress, \
             experiment.changed, credits.changed, notification, server, reset. They say what changed; the page reads the rest. After reset \
             everything has to be read again. Of deliveries and jobs the newest are followed.",
        )
        .query("topics", TEXT, topics::ABOUT)
        .header("Last-Event-ID", TEXT, "The id of the last message; of the last 24 hours what came after it is told first")
        .answers_media(200, MEDIA, EVENT)
        .refuses(404, &["not_found"])
        .refuses(429, &["rate_limited"])
        .refuses(503, &["unavailable"]);
    vec![stream]
}

async fn stream(call: Call) -> Result<Reply, Fault> {
    let topics = Topics::read(&call)?;
    for run in &topics.of_runs {
        runs::find_object(&call, run.0).await?.ok_or_else(|| Fault::not_found("Run"))?;
    }
    let place = MemberPlace::take(&call)?;
    let given = call.header("last-event-id").filter(|text| !text.is_empty());
    let known = given.and_then(|text| place_of(text, call.ctx.now()));
    let from = match known {
        Some(from) => from,
        None => call.ctx.store.read(events::end).await?,
    };
    let looks = Looks::new(&call, &topics, known.is_some());
    let is_reset = given.is_some() && known.is_none();
    let teller = Teller { call, topics, from, looks };
    Ok(streams::reply_with(place, PULSE, move |reader| teller.tell(reader, is_reset)))
}

/// One stream.
struct Teller {
    call: Call,
    topics: Topics,
    /// Up to where domain events were told.
    from: Cursor,
    looks: Looks,
}

impl Teller {
    async fn tell(mut self, mut reader: Messages, is_reset: bool) -> Result<(), Cut> {
        reader.send("retry: 2000\n".to_owned() + &self.text("server", Some(self.from), &server(false))).await?;
        if is_reset {
            let data = json!({ "type": "reset", "at": self.call.ctx.now() });
            reader.send(self.text("reset", Some(self.from), &data)).await?;
        }
        for look in 0_u32.. {
            let (messages, more) = self.look(look % LOOKS_FOR_ONE == 0).await.map_err(|fault| {
                tracing::warn!(%fault, "a live stream cannot go on");
                Cut
            })?;
            for message in messages {
                reader.send(self.text(message.name, message.place, &message.data)).await?;
            }
            if !more {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            if !self.call.app.flows.runs.is_running() {
                return reader.send(self.text("server", None, &server(true))).await;
            }
            reader.go_on(&self.call).await?;
        }
        Ok(())
    }

    /// What happened since the last look, and whether there is more of it.
    async fn look(&mut self, at_everything: bool) -> Result<(Vec<Message>, bool), Fault> {
        let (workspace, from) = (self.call.ctx.caller.workspace, self.from);
        let events = self.call.ctx.store.read(move |tx| page(tx, workspace, BOTH, true, Some(from))).await?;
        let mut messages = told::of(&self.call, &self.topics, &events).await?;
        let more = !events.is_empty();
        self.from = events.last().map_or(from, |event| event.cursor);
        if at_everything {
            messages.extend(self.looks.look(&self.call).await?);
        }
        messages.extend(self.looks.words());
        Ok((messages, more))
    }

    /// A message as the reader gets it.
    fn text(&self, name: &str, place: Option<Cursor>, data: &Value) -> String {
        let id = place.map_or_else(String::new, |place| format!("id: {}\n", id_of(place, self.call.ctx.now())));
        format!("{id}event: {name}\ndata: {data}\n\n")
    }
}

fn server(restarting: bool) -> Value {
    json!({ "type": "server", "version": env!("CARGO_PKG_VERSION"), "restarting": restarting })
}
