//! Providers and models as people configure them.

use floe_store::agents::agents::{self, Agent};
use floe_store::agents::models::Page;
use floe_testkit::models::Turn;
use floe_testkit::on_both;
use serde_json::json;

use super::super::providers::ProviderPatch;
use super::*;

impl World {
    async fn patched(&self, id: floe_model::id::ProviderId, patch: ProviderPatch) -> Result<providers::Shown, Fault> {
        let (models, ctx) = (Arc::clone(&self.models), self.ctx.clone());
        self.write(move |tx| models.patch_provider(tx, &ctx, id, &patch, None)).await
    }

    async fn set(&self, id: floe_model::id::ModelId, patch: ModelPatch) -> Result<Shown, Fault> {
        let (models, ctx) = (Arc::clone(&self.models), self.ctx.clone());
        self.write(move |tx| models.patch_model(tx, &ctx, id, &patch, None)).await
    }
}

on_both! {
    async fn keys_and_headers_are_sealed_and_go_to_nobody_else(store: TestStore) {
        let world = World::with(store, ModelSettings::default()).await;
        let made = world
            .provider("acme", ProviderKind::OpenaiCompatible, |new| drop(new.headers.insert("X-One".to_owned(), json!("a secret 1"))))
            .await;
        assert_eq!((made.has_key, made.row.tail.as_deref(), made.row.header_names.as_str()), (true, Some("7777"), "[\"x-one\"]"));
        for sealed in [&made.row.api_key, &made.row.headers] {
            let sealed = sealed.as_deref().expect("sealed bytes");
            assert!(!sealed.windows(6).any(|six| six == b"secret" || six == b"sk-a-k"));
        }
        world.model(&made, "first", ModelPatch::default()).await;
        let id = made.row.id;
        // Another address needs the key again; headers that are not shown can be kept.
        let elsewhere = ProviderPatch { base_url: Some("https://elsewhere.example/v1".to_owned()), ..ProviderPatch::default() };
        assert_eq!(world.patched(id, elsewhere.clone()).await.expect_err("no key").code(), "validation_error");
        let headers = json!({ "x-one": "***", "X-Two": "b" }).as_object().cloned();
        world.patched(id, ProviderPatch { headers, ..ProviderPatch::default() }).await.expect("changed");
        world.call(&ask("first", "?")).await.expect("an answer");
        let seen = &world.server.seen()[0];
        assert_eq!((seen.header("x-one"), seen.header("x-two")), (Some("a secret 1"), Some("b")));
        let kept = json!({ "x-three": "***" }).as_object().cloned();
        assert_eq!(world.patched(id, ProviderPatch { headers: kept, ..ProviderPatch::default() }).await.expect_err("nothing kept").code(), "validation_error");
        let bare = world.patched(id, ProviderPatch { api_key: Some(None), ..elsewhere }).await.expect("changed");
        assert_eq!((bare.has_key, bare.row.tail, bare.row.base_url.as_str()), (false, None, "https://elsewhere.example/v1"));
        let (models, ctx) = (Arc::clone(&world.models), world.ctx.clone());
        let refused = world.write(move |tx| models.delete_provider(tx, &ctx, id, None)).await.expect_err("has a model");
        assert_eq!(refused.code(), "in_use");
    }

    async fn one_model_of_a_kind_is_the_default(store: TestStore) {
        let world = World::with(store, ModelSettings::default()).await;
        let provider = world.provider("acme", ProviderKind::OpenaiCompatible, |_| {}).await;
        let first = world.model(&provider, "first", ModelPatch { is_default: Some(true), ..ModelPatch::default() }).await;
        let second = world.model(&provider, "second", ModelPatch::default()).await;
        world.model_of(&provider, "vectors", ModelKind::Embedding, ModelPatch::default()).await;
        let defaults = async || {
            let page = Page { limit: 10, ..Page::default() };
            let listed = world.models.list_models(&world.ctx, page, true).await.expect("a list");
            assert_eq!((listed.models.len(), listed.total, listed.more), (6, Some(6), false));
            let all = listed.models.into_iter().filter(|model| model.is_default).map(|model| model.row.name);
            all.collect::<Vec<_>>()
        };
        assert_eq!((first.is_default, defaults().await), (true, vec!["hash-256".to_owned(), "first".to_owned()]));
        world.server.script([Turn::say("yes")]);
        let reply = world.models.call(LIVE, &ask("default", "?"), None).await.expect("an answer");
        assert_eq!((reply.model.as_str(), reply.price.per_call), ("first", 1_000));

        world.set(second.row.id, ModelPatch { is_default: Some(true), ..ModelPatch::default() }).await.expect("changed");
        assert_eq!(defaults().await, ["hash-256", "second"]);
        let off = ModelPatch { enabled: Some(false), ..ModelPatch::default() };
        assert_eq!(world.set(second.row.id, off.clone()).await.expect_err("the default").code(), "conflict");
        let (models, ctx, id) = (Arc::clone(&world.models), world.ctx.clone(), second.row.id);
        let refused = world.write(move |tx| models.delete_model(tx, &ctx, id, None)).await.expect_err("the default");
        assert_eq!(refused.code(), "in_use");
        world.set(kinds::OFFLINE, ModelPatch { is_default: Some(true), ..ModelPatch::default() }).await.expect("the built-in one");
        assert_eq!(defaults().await, ["offline", "hash-256"]);
        for (id, patch, code) in [
            (kinds::OFFLINE, off, "not_supported"),
            (kinds::MOCK, ModelPatch { is_default: Some(true), ..ModelPatch::default() }, "not_supported"),
            (first.row.id, ModelPatch { name: Some("second".to_owned()), ..ModelPatch::default() }, "conflict"),
            (first.row.id, ModelPatch { name: Some("offline".to_owned()), ..ModelPatch::default() }, "conflict"),
            (first.row.id, ModelPatch { context_tokens: Some(10), max_output_tokens: Some(11), ..ModelPatch::default() }, "validation_error"),
        ] {
            assert_eq!(world.set(id, patch).await.expect_err(code).code(), code);
        }
    }
}

#[tokio::test]
async fn a_page_holds_built_in_records_as_the_oldest() {
    let world = World::open().await;
    let provider = world.provider("acme", ProviderKind::OpenaiCompatible, |_| {}).await;
    for name in ["a", "b", "c"] {
        world.model(&provider, name, ModelPatch::default()).await;
    }
    for newest_first in [true, false] {
        let (mut names, mut after) = (Vec::new(), None);
        for _ in 0..10 {
            let page = Page { newest_first, after, limit: 2, ..Page::default() };
            let listed = world.models.list_models(&world.ctx, page, false).await.expect("a page");
            after = listed.models.last().map(|model| model.row.id.0);
            names.extend(listed.models.into_iter().map(|model| model.row.name));
            if !listed.more {
                break;
            }
        }
        let mut expected = vec!["offline", "mock", "hash-256", "a", "b", "c"];
        if newest_first {
            expected.reverse();
        }
        assert_eq!(names, expected);
    }
}

#[tokio::test]
async fn a_test_tells_what_is_wrong_and_changes_nothing() {
    let world = World::open().await;
    for kind in [ProviderKind::OpenaiCompatible, ProviderKind::Anthropic] {
        let provider = world.provider(kind.as_str(), kind, |_| {}).await;
        let tested = world.models.test_provider(&world.ctx, provider.row.id).await.expect("a test");
        assert_eq!((tested.ok, tested.message.as_str()), (true, "The provider answered with 2 models"));
        let listed = world.models.list_upstream(&world.ctx, provider.row.id).await.expect("a list");
        assert_eq!(listed.iter().map(|one| one.upstream_model.as_str()).collect::<Vec<_>>(), ["large", "small"]);
    }
    let gone = world
        .provider("gone", ProviderKind::OpenaiCompatible, |new| {
            new.base_url = Some("https://gone.invalid/v1".to_owned())
        })
        .await;
    let tested = world.models.test_provider(&world.ctx, gone.row.id).await.expect("a test");
    assert_eq!((tested.ok, tested.status_code), (false, None));
    let tested = world.models.test_provider(&world.ctx, BUILTIN).await.expect("a test");
    assert!(tested.ok);

    for (url, code) in [
        ("http://127.0.0.1:9/v1", "outbound_blocked"),
        ("http://169.254.169.254/latest", "outbound_blocked"),
        ("http://models.example/v1", "outbound_blocked"),
        ("ftp://models.example", "validation_error"),
        ("https://models.example/v1?key=1", "validation_error"),
        ("not a url", "validation_error"),
    ] {
        let new = NewProvider { name: "x".to_owned(), base_url: Some(url.to_owned()), ..NewProvider::default() };
        let (models, ctx) = (Arc::clone(&world.models), world.ctx.clone());
        let refused = world.write(move |tx| models.create_provider(tx, &ctx, &new)).await.expect_err(url);
        assert_eq!(refused.code(), code, "{url}");
    }
}

#[tokio::test]
async fn a_model_that_an_agent_names_keeps_its_name() {
    let world = World::open().await;
    let provider = world.provider("acme", ProviderKind::OpenaiCompatible, |_| {}).await;
    let id = world.model(&provider, "first", ModelPatch::default()).await.row.id;
    let agent = Agent {
        id: floe_model::id::AgentId(9),
        name: "Helper".to_owned(),
        status: "active".to_owned(),
        model: Some("first".to_owned()),
        config: "{}".to_owned(),
        secrets: None,
        config_version: 1,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
        deleted_at: None,
    };
    world.write(move |tx| agents::insert(tx, WORKSPACE, &agent, "helper")).await.expect("an agent");
    let rename = ModelPatch { name: Some("other".to_owned()), ..ModelPatch::default() };
    assert_eq!(world.set(id, rename.clone()).await.expect_err("named").code(), "in_use");
    let (models, ctx) = (Arc::clone(&world.models), world.ctx.clone());
    let refused = world.write(move |tx| models.delete_model(tx, &ctx, id, None)).await.expect_err("named");
    let used_by = refused.details().expect("who names it")["used_by"].clone();
    assert_eq!((refused.code(), &used_by[0]["name"]), ("in_use", &json!("Helper")));
    let gone = world.write(|tx| agents::delete(tx, WORKSPACE, floe_model::id::AgentId(9), Timestamp(1))).await;
    assert!(gone.expect("a database"));
    world.set(id, rename).await.expect("another name");
}
