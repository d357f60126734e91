//! Which model a name means, and who may use built-in ones.

use floe_runtime::models::DEFAULT_MODEL;
use floe_store::access::workspaces::{self, Workspace};

use super::*;

async fn offline(world: &World, word: &str) {
    let workspace = Workspace {
        id: WORKSPACE,
        name: "W".to_owned(),
        slug: "w".to_owned(),
        timezone: "UTC".to_owned(),
        settings: serde_json::json!({ "offline_models": word }).to_string(),
        revision: 1,
        created_at: Timestamp(0),
    };
    world
        .write(move |tx| match workspaces::find(tx, WORKSPACE)? {
            None => workspaces::insert(tx, &workspace),
            Some(old) => workspaces::update(tx, &Workspace { revision: old.revision, ..workspace.clone() })
                .map(|is_written| assert!(is_written)),
        })
        .await
        .expect("a workspace");
}

async fn found(world: &World, scope: Scope, name: &str) -> Option<String> {
    world.models.find(scope, Some(name)).await.expect("a database").map(|info| info.name)
}

#[tokio::test]
async fn built_in_models_answer_where_the_workspace_allows_it() {
    let world = World::open().await;
    for (word, test, live) in
        [("", true, false), ("never", false, false), ("test", true, false), ("always", true, true)]
    {
        if !word.is_empty() {
            offline(&world, word).await;
        }
        for name in ["", DEFAULT_MODEL, "offline", "builtin/offline"] {
            for (scope, allowed) in [(TEST, test), (LIVE, live)] {
                let expected = allowed.then(|| "offline".to_owned());
                assert_eq!(found(&world, scope, name).await, expected, "{word} {name} {scope:?}");
                let answered = world.models.call(scope, &ask(name, "Hello"), None).await;
                assert_eq!(
                    answered.map(|reply| reply.provider).map_err(|failure| failure.fault),
                    if allowed { Ok("builtin".to_owned()) } else { Err(ModelFault::NotConfigured) }
                );
            }
        }
        let count = |models: Vec<ModelInfo>| models.iter().map(|info| info.name.clone()).collect::<Vec<_>>();
        let listed = count(world.models.list(LIVE, ModelKind::Chat).await.expect("a list"));
        assert_eq!(listed, if live { vec!["offline", "mock"] } else { vec![] }, "{word}");
        // Vectors are no answers.
        assert_eq!(count(world.models.list(LIVE, ModelKind::Embedding).await.expect("a list")), ["hash-256"]);
    }
}

#[tokio::test]
async fn a_name_means_a_configured_model_or_one_of_a_provider() {
    let world = World::open().await;
    let acme = world.provider("acme", ProviderKind::OpenaiCompatible, |_| {}).await;
    world.model(&acme, "fast", ModelPatch::default()).await;
    world.model(&acme, "vendor/slow", ModelPatch::default()).await;
    world.model(&acme, "off", ModelPatch { enabled: Some(false), ..ModelPatch::default() }).await;
    world.model_of(&acme, "vectors", ModelKind::Embedding, ModelPatch::default()).await;
    for (name, live, test) in [
        ("fast", Some("fast"), Some("fast")),
        ("vendor/slow", Some("vendor/slow"), Some("vendor/slow")),
        ("acme/up-fast", Some("fast"), Some("fast")),
        ("acme/other", None, None),
        ("acme/up-off", None, None),
        ("acme/up-vectors", None, None),
        ("off", None, None),
        ("vectors", None, None),
        ("Fast", None, None),
        // The mock stands in for providers that are not there, in test mode.
        ("elsewhere/gpt", None, Some("mock/gpt")),
        ("mock/gpt", None, Some("mock/gpt")),
        ("elsewhere", None, None),
    ] {
        let means = (found(&world, LIVE, name).await, found(&world, TEST, name).await);
        assert_eq!((means.0.as_deref(), means.1.as_deref()), (live, test), "{name}");
        let models = Arc::clone(&world.models);
        let known = world.write(move |tx| models.knows(tx, WORKSPACE, name)).await.expect("a database");
        assert_eq!(known, test.is_some(), "{name}");
    }
    let other = Scope { workspace: WorkspaceId(2), mode: Mode::Live };
    assert_eq!(self::found(&world, other, "fast").await, None);
    let reply = world.call(&ask("elsewhere/gpt", &"x".repeat(300))).await.expect("an answer");
    assert_eq!(reply.text, format!("[mock:gpt] {}", "x".repeat(200)));
}

#[tokio::test]
async fn the_environment_makes_providers_for_every_workspace() {
    let settings = ModelSettings {
        openai_base_url: None,
        openai_api_key: Some(KEY.to_owned()),
        anthropic_api_key: Some(KEY.to_owned()),
        offline: OfflineModels::Always,
    };
    let world = World::with(TestStore::quick().await, settings).await;
    let page = floe_store::agents::model_providers::Page { newest_first: false, after: None, limit: 10 };
    let listed = world.models.list_providers(&world.ctx, page, true).await.expect("a list");
    let names: Vec<_> =
        listed.providers.iter().map(|one| (one.row.name.as_str(), one.row.base_url.as_str(), one.has_key)).collect();
    assert_eq!(
        names,
        [
            ("builtin", "", false),
            ("openai", "https://api.openai.com/v1", true),
            ("anthropic", "https://api.anthropic.com", true)
        ]
    );
    assert_eq!((listed.total, found(&world, LIVE, "offline").await.as_deref()), (Some(3), Some("offline")));
    let openai = world.models.find_provider(&world.ctx, listed.providers[1].row.id).await.expect("a provider");
    world.model(&openai, "gpt", ModelPatch::default()).await;
    assert_eq!(found(&world, LIVE, "openai/up-gpt").await.as_deref(), Some("gpt"));
    for shown in &listed.providers {
        let (models, ctx, id) = (Arc::clone(&world.models), world.ctx.clone(), shown.row.id);
        let refused = world
            .write(move |tx| models.delete_provider(tx, &ctx, id, None))
            .await
            .expect_err("not the workspace's own");
        assert_eq!(refused.code(), "not_supported");
    }
    // A provider of the workspace takes the name.
    world.provider("openai", ProviderKind::OpenaiCompatible, |_| {}).await;
    assert_eq!(found(&world, LIVE, "openai/up-gpt").await, None);
}
