//! A server without a network: the real router over a store of its own, and a clock that the test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use floe_access::setup::NewOwner;

use floe_access::{Access, AccessSettings, ServerSecret};
use floe_flows::Flows;
use floe_flows::runs::Limits;
use floe_model::Timestamp;
use floe_model::treasury::risk::Watchlist;
use floe_operation::Operation;
use floe_runtime::ids::SystemRandom;
use floe_runtime::outside::Outside;
use floe_runtime::sandbox::{Sandbox, SandboxConfig};
use floe_runtime::{Clock, Ids, Platform};
use floe_store::Store;
use floe_surfaces::App;
use floe_surfaces::http::{Arrival, HEARTBEAT, PublicUrl, RateLimits, Route, Settings};
use floe_testkit::store::TestStore;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::flows_runs::Probe;
use crate::{conform, echo, hooks};

pub const ORIGIN: &str = "http://floe.test";
/// A site whose pages may call the workflow API.
pub const PAGE_ORIGIN: &str = "https://app.floe.test";
pub const OWNER: &str = "ada@floe.test";
pub const PASSWORD: &str = "wandering otter";

pub struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

pub struct TestApp {
    pub app: Arc<App>,
    pub clock: Arc<TestClock>,
    pub store: TestStore,
    router: Router,
}

impl TestApp {
    pub async fn new(store: TestStore) -> Self {
        Self::with_limits(store, RateLimits::On).await
    }

    pub async fn with_limits(store: TestStore, rate_limits: RateLimits) -> Self {
        // The middle of a minute and of a day, so that no window ends by itself.
        let clock = Arc::new(TestClock(AtomicI64::new(1_800_000_000_000_000)));
        let (app, router) = build((*store).clone(), &clock, rate_limits);
        Self { app, clock, router, store }
    }

    /// With an owner; answers the token of its session.
    pub async fn with_owner(store: TestStore) -> (Self, String) {
        Self::owned(store, RateLimits::On).await
    }

    /// [`TestApp::with_owner`] with other rate limits.
    pub async fn owned(store: TestStore, rate_limits: RateLimits) -> (Self, String) {
        let app = Self::with_limits(store, rate_limits).await;
        let owner = NewOwner {
            name: "Ada".to_owned(),
            email: OWNER.to_owned(),
            password: Some(PASSWORD.to_owned()),
            workspace_name: "Lagos Fit".to_owned(),
            timezone: "Africa/Lagos".to_owned(),
            starter_keys: None,
        };
        app.app.access.create_admin(owner).await.expect("the first owner");
        let session = app.session_of(OWNER, PASSWORD).await;
        (app, session)
    }

    /// Signs in and answers the token of the session.
    pub async fn session_of(&self, email: &str, password: &str) -> String {
        let body = json!({ "email": email, "password": password, "transport": "token" });
        let answer = self.post("/console/v1/session").json(&body).send().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json["token"].as_str().expect("a token").to_owned()
    }

    /// Signs a member without a password in by a link and answers the token of the session.
    pub async fn session_by_link(&self, email: &str) -> String {
        let link = self.app.access.issue_sign_in_link(email, 15).await.expect("a link");
        let body = json!({ "token": link, "transport": "token" });
        let answer = self.post("/console/v1/session/link").json(&body).send().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json["token"].as_str().expect("a token").to_owned()
    }

    /// A personal access token of the owner.
    pub async fn token_of(&self, session: &str, scopes: &[&str]) -> String {
        let confirm = self.post("/console/v1/session/confirm").bearer(session).json(&json!({ "password": PASSWORD }));
        assert_eq!(confirm.send().await.status, 200);
        let body = json!({ "name": "CI", "scopes": scopes });
        let answer = self.post("/console/v1/tokens").bearer(session).json(&body).send().await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json["token"].as_str().expect("a token").to_owned()
    }

    pub fn pass_seconds(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }

    pub fn get(&self, path: &str) -> Asking<'_> {
        self.ask("GET", path)
    }

    pub fn post(&self, path: &str) -> Asking<'_> {
        self.ask("POST", path)
    }

    pub fn patch(&self, path: &str) -> Asking<'_> {
        self.ask("PATCH", path)
    }

    pub fn delete(&self, path: &str) -> Asking<'_> {
        self.ask("DELETE", path)
    }

    /// The status of a request that is built by hand.
    pub async fn raw(&self, request: http::request::Builder) -> StatusCode {
        let request = request.body(Body::empty()).expect("a request");
        self.router.clone().oneshot(request).await.expect("the router always answers").status()
    }

    pub fn ask(&self, method: &str, path: &str) -> Asking<'_> {
        self.ask_from("203.0.113.7:4711", method, path)
    }

    /// A GET from another address than the usual one.
    pub fn get_from(&self, peer: &str, path: &str) -> Asking<'_> {
        self.ask_from(peer, "GET", path)
    }

    /// A POST from another address than the usual one.
    pub fn post_from(&self, peer: &str, path: &str) -> Asking<'_> {
        self.ask_from(peer, "POST", path)
    }

    fn ask_from(&self, peer: &str, method: &str, path: &str) -> Asking<'_> {
        let arrival = Arrival { id: self.app.platform.ids.next(), from: peer.parse().expect("an address") };
        let request = Request::builder().method(method).uri(path).extension(arrival).header("host", "floe.test");
        Asking { app: self, request, body: Vec::new() }
    }
}

/// Operation as a server on loopback has it; backups go into a folder of their own.
fn operation_config() -> floe_operation::Config {
    let data_dir = std::env::temp_dir();
    floe_operation::Config {
        version: "0.0.0",
        backup_dir: data_dir.join(format!("floe-surfaces-{}", std::process::id())),
        data_dir,
        backup_cron: "15 3 * * *".to_owned(),
        backup_keep: 7,
        run_retention_days: 30,
        secret: floe_operation::secret::Secret::new([7; 32]),
        listen: "127.0.0.1:8700".parse().expect("an address"),
        public_url: ORIGIN.to_owned(),
        serves_tls: false,
        behind_proxy: false,
        metrics_token: None,
        settings: vec![json!({
            "key": "request_log_bodies", "value": "test", "origin": "default", "env": "FLOE_REQUEST_LOG_BODIES",
            "restart_required": true, "meaning": "bodies",
        })],
        more_checks: Vec::new(),
    }
}

/// What the provider of funding notices signs with.
pub const FUNDING_SECRET: &str = "the funding secret of the tests";

/// The name that the operator of these servers watches.
pub const WATCHED: &str = "Viktor Anatolyevich Bout";

/// Payouts with a provider of funding notices; people are asked after six questions, without waiting for a day, and money that came back
/// is looked for at once.
fn payouts() -> floe_treasury::payouts::PayoutSettings {
    let provider =
        floe_treasury::payouts::FundingProvider { name: "bank".to_owned(), secret: FUNDING_SECRET.to_owned() };
    floe_treasury::payouts::PayoutSettings {
        schedule: floe_model::treasury::Schedule { followup_ms: 0, looks_ms: vec![0; 2], ..Default::default() },
        funding: vec![provider],
        ..Default::default()
    }
}

fn build(store: Store, clock: &Arc<TestClock>, rate_limits: RateLimits) -> (Arc<App>, Router) {
    let ids = Ids::new(Arc::<TestClock>::clone(clock), Arc::new(SystemRandom));
    let platform = Arc::new(Platform {
        store,
        clock: Arc::<TestClock>::clone(clock),
        ids,
        outside: Outside::new(hooks::outside()),
        sandbox: Sandbox::new(SandboxConfig::default()),
        seal: floe_runtime::Seal::new([9; 32]),
    });
    let secret = ServerSecret::new([7; 32]);
    let access = Arc::new(Access::new(Arc::clone(&platform), &secret, AccessSettings::default()));
    let public_url = PublicUrl::parse(ORIGIN).expect("a URL");
    let settings = Settings {
        public_url,
        listen: Some("127.0.0.1:8700".to_owned()),
        rate_limits,
        heartbeat: HEARTBEAT,
        cors_origins: vec![PAGE_ORIGIN.to_owned()],
    };
    let operation = Arc::new(Operation::new(Arc::clone(&platform), operation_config()));
    let graph = floe_agents::whatsapp::GraphSettings {
        base_url: hooks::base_url(),
        timeout_ms: 1_000,
        ..floe_agents::whatsapp::GraphSettings::default()
    };
    let agents_settings = floe_agents::Settings { public_url: ORIGIN.to_owned(), graph, ..Default::default() };
    let agents = Arc::new(floe_agents::Agents::new(Arc::clone(&platform), agents_settings));
    let mut effects = floe_agents::steps::effects(&agents);
    effects.extend(floe_agents::nodes::effects(&agents));
    effects.push(Arc::new(Probe));
    let treasury_settings = floe_treasury::Settings {
        public_url: ORIGIN.to_owned(),
        payouts: payouts(),
        watchlist: Arc::new(Watchlist::parse(WATCHED).expect("a watch list")),
        ..floe_treasury::Settings::default()
    };
    let treasury = Arc::new(floe_treasury::Treasury::new(Arc::clone(&platform), treasury_settings));
    let payments = floe_surfaces::treasury::PaymentRuns::new(Arc::clone(&treasury));
    let flows = Flows::start(Arc::clone(&platform), effects, vec![Arc::new(payments)], Limits::default());
    let flows = Arc::new(flows.with(agents.models.clone(), agents.clone()));
    agents.tools.register(floe_flows::tools::source(Arc::clone(&flows)));
    agents.tools.register(floe_flows::tools::workflows(Arc::clone(&flows)));
    let webhooks = Arc::new(floe_webhooks::Webhooks::new(Arc::clone(&platform), floe_webhooks::Settings::default()));
    let icons = Some(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/icons").into());
    let placements_settings = floe_placements::Settings { public_url: ORIGIN.to_owned(), icons, ..Default::default() };
    let placements = Arc::new(floe_placements::Placements::new(Arc::clone(&platform), placements_settings));
    let app = Arc::new(App { platform, access, agents, flows, operation, placements, treasury, webhooks, settings });
    let routes: Vec<Route> = floe_surfaces::routes().into_iter().chain(echo::routes()).collect();
    let router = floe_surfaces::http::build(Arc::clone(&app), routes, echo::SURFACES, echo::SURFACES[0]);
    (app, router)
}

pub struct Asking<'a> {
    app: &'a TestApp,
    request: http::request::Builder,
    body: Vec<u8>,
}

impl Asking<'_> {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string().into_bytes())
    }

    pub fn body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    /// The body of a 200 answer that is no JSON.
    pub async fn text(self) -> String {
        let request = self.request.body(Body::from(self.body)).expect("a request");
        let response = self.app.router.clone().oneshot(request).await.expect("the router always answers");
        assert_eq!(response.status(), 200);
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    pub async fn send(self) -> Answer {
        let (answer, unlike) = self.try_send().await;
        if let Some(problem) = unlike {
            panic!("{problem}");
        }
        answer
    }

    /// The answer, and how it is unlike what its route declares.
    pub async fn try_send(self) -> (Answer, Option<String>) {
        let request = self.request.header("content-length", self.body.len()).body(Body::from(self.body));
        let request = request.expect("a request");
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.app.router.clone().oneshot(request).await.expect("the router always answers");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let unlike = conform::check(&method, &path, parts.status.as_u16(), &parts.headers, &bytes).err();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let bytes = bytes.to_vec();
        (Answer { status: parts.status, headers: parts.headers, json, bytes }, unlike)
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub json: Value,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    #[track_caller]
    pub fn is(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status.as_u16(), self.json["code"].as_str().unwrap_or("")), (status, code), "{self:?}");
        self
    }
}
