//! What publishing refuses, and what saving refuses (Flow API contract, sections 1 and 6.6).

use floe_engine::catalog::Catalog;
use floe_flows::definitions::{Autosave, Content};
use floe_model::flows::{FlowSettings, Visibility};
use floe_model::id::FlowId;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::office::{CURRENT, Office, Who, new_flow, starter};

fn calling(flow: FlowId) -> Value {
    json!({ "steps": [
        { "id": "start", "type": "api", "data": {}, "nextStepId": "call" },
        { "id": "call", "type": "call-flow", "data": { "flowId": flow }, "nextStepId": "end" },
        { "id": "end", "type": "final", "data": {} },
    ] })
}

on_both! {
    async fn a_definition_with_errors_is_saved_but_not_published(store: TestStore) {
        let office = Office::open(&store).await;
        let broken = json!({ "steps": [{ "id": "a b", "type": "nothing" }] });
        let id = office.create(Who::Ann, new_flow("X", office.content(&broken))).await.expect("a flow").flow.id;
        let saved = office.autosave(Who::Ann, id, Autosave::default()).await.expect("saved");
        let codes: Vec<&str> = saved.problems.iter().map(|problem| problem.code).collect();
        assert!(codes.contains(&"no_trigger") && codes.contains(&"bad_id") && codes.contains(&"unknown_type"), "{codes:?}");
        let fault = office.publish(Who::Ann, id, CURRENT).await.expect_err("broken");
        assert_eq!(fault.code(), "invalid_definition");
        let listed = fault.details().expect("details")["problems"].as_array().expect("a list").len();
        assert_eq!(listed, saved.problems.len());
        let flow = office.get(Who::Ann, id).await.expect("the flow").flow;
        assert_eq!((flow.pointers.latest, flow.revision), (None, 2), "nothing was written");
    }

    async fn a_flow_calls_only_what_its_owner_may_run(store: TestStore) {
        let office = Office::open(&store).await;
        let of_bob = |visibility| {
            let new = floe_flows::definitions::NewFlow { visibility, ..new_flow("Called", office.content(&starter())) };
            office.create(Who::Bob, new)
        };
        let (public, private) = (of_bob(Visibility::Public).await, of_bob(Visibility::Private).await);
        let (public, private) = (public.expect("a flow").flow.id, private.expect("a flow").flow.id);
        for (called, publisher, expected) in [
            (public, Who::Ann, None),
            (private, Who::Ann, Some("invalid_definition")),
            // The owner of the workspace may run it, but the flow will run in Ann's name.
            (private, Who::Owner, Some("invalid_definition")),
            (FlowId(9), Who::Ann, Some("invalid_definition")),
        ] {
            let id = office.create(Who::Ann, new_flow("Caller", office.content(&calling(called)))).await.expect("a flow").flow.id;
            let refused = office.publish(publisher, id, CURRENT).await.err();
            assert_eq!(refused.as_ref().map(floe_model::Fault::code), expected, "{called} {publisher:?}");
            if let Some(fault) = refused {
                let problem = &fault.details().expect("details")["problems"][0];
                assert_eq!((&problem["code"], &problem["stepId"]), (&json!("unknown_reference"), &json!("call")));
                assert_eq!(problem["path"], "/steps/1/data/flowId");
            }
        }
    }

    async fn an_error_flow_has_to_be_there(store: TestStore) {
        let office = Office::open(&store).await;
        let id = office.flow(Visibility::Private).await;
        for (flow, expected) in [(id, None), (FlowId(9), Some("/settings/errorFlowId"))] {
            let settings = Some(FlowSettings { error_flow_id: Some(flow), ..FlowSettings::default() });
            let saved = office.autosave(Who::Ann, id, Autosave { settings, ..Autosave::default() }).await;
            assert_eq!(saved.err().map(|fault| fault.fields()[0].path.clone()).as_deref(), expected);
        }
    }
}

#[test]
fn only_shape_and_size_are_checked_when_a_definition_is_saved() {
    let catalog = Catalog::builtin();
    let code = |definition: &Value| {
        Content::take(definition, &catalog)
            .map(|content| content.text)
            .map_err(|fault| fault.fields().first().map_or_else(|| fault.code().to_owned(), |field| field.path.clone()))
    };
    assert_eq!(code(&Value::Null), Ok(r#"{"steps":[]}"#.to_owned()));
    let kept = json!({ "zoom": 1.50, "steps": [{ "type": "x", "id": 5, "position": { "y": 1, "x": -0.25 } }] });
    assert_eq!(code(&kept), Ok(kept.to_string()), "what an editor keeps in it stays, in its order");
    for (definition, expected) in [
        (json!([]), "/definition"),
        (json!("{}"), "/definition"),
        (json!({ "steps": {} }), "/definition/steps"),
        (json!({ "steps": [{}, 1] }), "/definition/steps/1"),
        (json!({ "notes": "\u{0}" }), "/definition"),
        (json!({ "notes": "x".repeat(1024 * 1024) }), "payload_too_large"),
    ] {
        assert_eq!(code(&definition), Err(expected.to_owned()));
    }
}
