//! Providers that are busy, broken, slow or gone.

use floe_runtime::models::Try;
use floe_testkit::models::Turn;
use floe_testkit::wait::until;

use super::*;

fn errors(tries: &[Try]) -> Vec<(&str, &str)> {
    tries.iter().map(|one| (one.model.as_str(), one.error.as_str())).collect()
}

fn with_fallbacks(fallbacks: &[&str]) -> ModelCall {
    ModelCall { fallbacks: fallbacks.iter().map(|name| (*name).to_owned()).collect(), ..ask("first", "?") }
}

#[tokio::test]
async fn a_busy_model_is_asked_again_and_then_another_one() {
    let world = World::open().await;
    world.ready("first", ProviderKind::OpenaiCompatible).await;
    world.ready("second", ProviderKind::Anthropic).await;
    let overloaded = Turn::Fails(String::new(), "overloaded_error".to_owned());
    let long = Turn::Status(429, Some(60), "later".to_owned());
    type Case = (Vec<Turn>, Result<(&'static str, bool), ModelFault>, Vec<(&'static str, &'static str)>);
    let cases: [Case; 9] = [
        (
            vec![Turn::Status(429, Some(0), String::new()), Turn::say("yes")],
            Ok(("first", false)),
            vec![("first", "rate_limited")],
        ),
        (vec![long.clone(), Turn::say("yes")], Ok(("second", true)), vec![("first", "rate_limited")]),
        (
            vec![Turn::status(500), Turn::status(503), Turn::status(502), Turn::say("yes")],
            Ok(("second", true)),
            vec![("first", "upstream_error"), ("first", "overloaded"), ("first", "upstream_error")],
        ),
        (vec![Turn::Raw(Vec::new()), Turn::say("yes")], Ok(("first", false)), vec![("first", "unreachable")]),
        (
            vec![long.clone(), long.clone()],
            Err(ModelFault::RateLimited),
            vec![("first", "rate_limited"), ("second", "rate_limited")],
        ),
        (vec![Turn::status(400)], Err(ModelFault::Refused("refused with 400".to_owned())), vec![("first", "refused")]),
        (vec![Turn::status(401)], Err(ModelFault::NoCredentials), vec![("first", "no_credentials")]),
        // What the fallback cannot mend either is told, not that the first was busy.
        (
            vec![long.clone(), Turn::status(401)],
            Err(ModelFault::NoCredentials),
            vec![("first", "rate_limited"), ("second", "no_credentials")],
        ),
        (
            vec![Turn::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>".to_vec())],
            Err(ModelFault::Malformed),
            vec![("first", "malformed")],
        ),
    ];
    for (script, expected, tries) in cases {
        let hint = format!("{script:?}");
        world.server.script(script);
        match (world.call(&with_fallbacks(&["second"])).await, expected) {
            (Ok(reply), Ok((model, fallback))) => {
                assert_eq!(
                    (reply.model.as_str(), reply.fallback_used, errors(&reply.tries)),
                    (model, fallback, tries),
                    "{hint}"
                );
            }
            (Err(failure), Err(fault)) => {
                assert_eq!((&failure.fault, errors(&failure.tries)), (&fault, tries), "{hint}")
            }
            (found, _) => panic!("{hint}: {found:?}"),
        }
        assert_eq!(world.server.unused(), 0, "{hint}");
    }
    // The same in the middle of a stream, while nothing was given out.
    let heard = Heard::default();
    world.server.script([overloaded, Turn::say("yes")]);
    let reply = world.models.call(TEST, &with_fallbacks(&[]), Some(&heard)).await.expect("an answer");
    assert_eq!((heard.text().as_str(), errors(&reply.tries)), ("yes", vec![("first", "overloaded")]));
    // Names that nobody knows are passed over behind the first, and are the answer in front.
    world.server.script([long, Turn::say("yes")]);
    let reply = world.call(&with_fallbacks(&["gone", "second"])).await.expect("an answer");
    assert_eq!(errors(&reply.tries), [("first", "rate_limited"), ("gone", "unknown_model")]);
    let failure = world.call(&ModelCall { fallbacks: vec!["first".to_owned()], ..ask("gone", "?") }).await;
    assert_eq!(failure.expect_err("no such model").fault, ModelFault::UnknownModel("gone".to_owned()));
}

#[tokio::test]
async fn a_stream_that_was_heard_is_never_begun_again() {
    let world = World::open().await;
    for kind in [ProviderKind::OpenaiCompatible, ProviderKind::Anthropic] {
        let name = kind.as_str();
        world.ready(name, kind).await;
        let before = world.server.seen().len();
        for broken in [
            Turn::Cut("one two three four".to_owned(), 2),
            Turn::Fails("one two".to_owned(), "overloaded_error".to_owned()),
        ] {
            world.server.script([broken]);
            let heard = Heard::default();
            let call = ModelCall { fallbacks: vec![name.to_owned()], ..ask(name, "?") };
            let failure = world.models.call(TEST, &call, Some(&heard)).await.expect_err("cut off");
            assert!(failure.fault.is_busy() && heard.text().starts_with("one two"), "{name}: {failure:?}");
        }
        assert_eq!(world.server.seen().len() - before, 2, "{name}");
        // Without a listener it is simply asked again.
        world.server.script([Turn::Cut("one two".to_owned(), 1), Turn::say("whole")]);
        assert_eq!(world.call(&ask(name, "?")).await.expect(name).text, "whole");
    }
}

#[tokio::test]
async fn junk_in_a_stream_is_told_from_an_answer() {
    let world = World::open().await;
    for kind in [ProviderKind::OpenaiCompatible, ProviderKind::Anthropic] {
        let name = kind.as_str();
        world.ready(name, kind).await;
        for body in [
            "data: {not json}\n\n",
            "data: \u{0}\u{1}\n\n",
            "data: []\n\ndata: 7\n\n",
            "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":999999999}]}}]}\n\n",
        ] {
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n", body.len());
            world.server.script(std::iter::repeat_n(Turn::Raw(format!("{head}{body}").into_bytes()), 3));
            let heard = Heard::default();
            let failure = world.models.call(TEST, &ask(name, "?"), Some(&heard)).await.expect_err(body);
            let told = [ModelFault::Malformed, ModelFault::Unreachable];
            assert!(told.contains(&failure.fault) && heard.text().is_empty(), "{name} {body:?}: {failure:?}");
            // What is left of the script would answer the next case.
            while world.server.unused() > 0 {
                let _ = world.call(&ask(name, "?")).await;
            }
        }
    }
}

#[tokio::test]
async fn a_silent_provider_is_left_and_a_dropped_call_leaves_too() {
    let world = World::open().await;
    let provider = world.provider("slow", ProviderKind::OpenaiCompatible, |new| new.timeout_ms = Some(1_000)).await;
    world.model(&provider, "first", ModelPatch::default()).await;
    world.ready("second", ProviderKind::OpenaiCompatible).await;
    world.server.script([Turn::Hang, Turn::say("yes")]);
    let reply = world.call(&with_fallbacks(&["second"])).await.expect("an answer");
    assert_eq!((reply.model.as_str(), errors(&reply.tries)), ("second", vec![("first", "timed_out")]));

    world.server.script([Turn::Hang]);
    let call = ModelCall { deadline_ms: 500, ..with_fallbacks(&["second"]) };
    assert_eq!(world.call(&call).await.expect_err("no time").fault, ModelFault::TimedOut);
    until("both were left", || async { world.server.unused() == 0 && world.server.left() == 2 }).await;

    // A stream that is given up while it is heard.
    world.server.script([Turn::Slowly(20, "word ".repeat(1_000))]);
    let heard = Heard::default();
    let call = ask("second", "?");
    tokio::select! {
        ended = world.models.call(TEST, &call, Some(&heard)) => panic!("it was given up: {ended:?}"),
        () = until("a piece was heard", || async { heard.pieces() > 0 }) => {}
    }
    until("the third was left", || async { world.server.left() == 3 }).await;
}

#[tokio::test]
async fn a_provider_has_no_more_calls_than_it_may() {
    let world = World::open().await;
    let provider = world.provider("narrow", ProviderKind::OpenaiCompatible, |new| new.max_concurrency = Some(2)).await;
    world.model(&provider, "first", ModelPatch::default()).await;
    world.server.script(std::iter::repeat_n(Turn::After(40, Box::new(Turn::say("yes"))), 6));
    let call = ask("first", "?");
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (models, call) = (Arc::clone(&world.models), call.clone());
        running.spawn(async move { models.call(TEST, &call, None).await.map(|reply| reply.text) });
    }
    for answer in running.join_all().await {
        assert_eq!(answer.expect("an answer"), "yes");
    }
    assert_eq!(world.server.most_at_once(), 2);
}

#[tokio::test]
async fn no_word_of_a_failure_holds_the_key() {
    let world = World::open().await;
    world.ready("first", ProviderKind::OpenaiCompatible).await;
    world.server.script([Turn::Status(400, None, format!("bad field for key {KEY}\r\n\u{7}"))]);
    let failure = world.call(&ask("first", "?")).await.expect_err("a refusal");
    assert_eq!(failure.fault, ModelFault::Refused("bad field for key ***".to_owned()));
    let shown = format!(
        "{:?} {:?} {failure:?}",
        ModelSettings { openai_api_key: Some(KEY.to_owned()), ..ModelSettings::default() },
        world.server.unused()
    );
    assert!(!shown.contains(KEY), "{shown}");
}
