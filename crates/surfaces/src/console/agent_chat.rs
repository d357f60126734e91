//! `POST /agents/{id}/chat`: the playground (console contract, sections 5.2 and 6.5).

use floe_model::access::Permission;
use floe_model::agents::exchange::Channel;
use floe_model::id::AgentId;
use floe_model::{Fault, FaultKind};

use super::shapes::threads as shapes;
use super::{Rights, SURFACE, filters};
use crate::agents::{ChatIn, StreamTold, stream_chat};
use crate::http::{Auth, Call, Reply, Route};
use crate::stream::{EVENT, MEDIA};

/// Members of the body.
const KNOWN: &[&str] = &["messages", "thread_id", "metadata", "config"];

pub(super) fn routes() -> Vec<Route> {
    let chat = Route::post(&SURFACE, "/console/v1/agents/{id}/chat", Auth::MEMBER, chat)
        .needs(Permission::Run)
        .doc("Try an agent")
        .about(
            "A stream of the events message.delta, tool.call, tool.result, trace, and message.completed or error at its end; charged like \
             any exchange. thread_id goes on with a conversation of the same mode.",
        )
        .takes(shapes::CHAT)
        .answers_media(200, MEDIA, EVENT)
        .refuses(409, &["conflict"]);
    vec![chat]
}

async fn chat(call: Call) -> Result<Reply, Fault> {
    let agent: AgentId = call.id("id", "Agent")?;
    let body = call.json_value()?;
    filters::known_only("", &body, KNOWN)?;
    let body = ChatIn::read(body).map_err(pointed)?;
    if body.config.as_ref().is_some_and(|config| !config.is_object()) {
        return Err(Fault::field("/config", "type", "config must be an object"));
    }
    stream_chat(call, agent, body, Channel::Playground, StreamTold::WithTrace).await
}

/// The refusals of the agent API in the words of the console: with the member that they are about.
fn pointed(fault: Fault) -> Fault {
    if fault.kind() != FaultKind::Invalid {
        return fault;
    }
    let pointer = match fault.code() {
        "invalid_messages" => "/messages",
        "invalid_thread_id" => "/thread_id",
        "invalid_metadata" => "/metadata",
        _ => "",
    };
    Fault::field(pointer, "value", fault.message().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn refusals_name_the_member() {
        let told = |body: Value| pointed(ChatIn::read(body).expect_err("a refusal"));
        for (body, pointer) in [
            (json!({ "messages": "" }), "/messages"),
            (json!({ "messages": "x", "thread_id": "a b" }), "/thread_id"),
            (json!({ "messages": "x", "metadata": 5 }), "/metadata"),
        ] {
            let fault = told(body);
            assert_eq!((fault.code(), fault.fields()[0].path.as_str()), ("validation_error", pointer));
        }
    }
}
