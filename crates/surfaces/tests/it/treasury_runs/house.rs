//! An organisation with a wallet, keys and people, and what moves its runs.

use std::sync::Arc;

use floe_model::access::Role;
use floe_model::treasury::{Kobo, Transfer};
use floe_model::{Mode, Scope};
use floe_runtime::jobs::JobLoop;
use floe_store::access::workspaces;
use floe_store::treasury::wallets;
use floe_surfaces::http::RateLimits;
use floe_testkit::store::TestStore;
use floe_treasury::ledger::{About, Book};
use serde_json::{Value, json};

use crate::app::{Answer, Asking, TestApp};

/// Looks at a run before a test gives up on it.
const LOOKS_MAX: usize = 12_000;

pub struct House {
    pub app: TestApp,
    /// The owner's session.
    pub owner: String,
    /// A test key with every scope.
    pub key: String,
    _jobs: JobLoop,
}

impl House {
    pub async fn new(store: TestStore) -> Self {
        let (app, owner) = TestApp::owned(store, RateLimits::Off).await;
        let jobs = JobLoop::start(Arc::clone(&app.app.platform), floe_treasury::handlers(&app.app.treasury));
        let scopes = [
            "runs:read",
            "runs:write",
            "recipients:read",
            "recipients:write",
            "wallet:read",
            "transactions:read",
            "audit:read",
            "approvals:write",
        ];
        let house = Self { app, owner, key: String::new(), _jobs: jobs };
        let key = house.new_key(&scopes).await;
        Self { key, ..house }
    }

    /// The same house with a new session of its owner: the old one ended meanwhile.
    pub async fn signed_in_again(self) -> Self {
        let owner = self.app.session_of(crate::app::OWNER, crate::app::PASSWORD).await;
        Self { owner, ..self }
    }

    pub async fn new_key(&self, scopes: &[&str]) -> String {
        let body = json!({ "name": "Server", "scopes": scopes, "mode": "test" });
        let made = self.app.post("/api/v1/developer/api-keys").bearer(&self.owner).json(&body).send().await;
        assert_eq!(made.status, 201, "{made:?}");
        made.json["key"].as_str().expect("a key").to_owned()
    }

    /// A session of a new member with this role.
    pub async fn member(&self, email: &str, role: Role) -> String {
        let workspace = self.scope().await.workspace;
        let name = email.split('@').next().unwrap_or(email);
        self.app.app.access.add_member(workspace, name, email, role).await.expect("a member");
        self.app.session_by_link(email).await
    }

    /// A request of a member in test mode.
    pub fn ask<'a>(&'a self, session: &str, method: &str, path: &str) -> Asking<'a> {
        self.app.ask(method, &format!("/api/v1{path}")).bearer(session).header("x-flowpilot-mode", "test")
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.ask(&self.owner, "GET", path).send().await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json
    }

    pub async fn post(&self, session: &str, path: &str, body: Value) -> Answer {
        self.ask(session, "POST", path).json(&body).send().await
    }

    /// A request with the key.
    pub fn with_key<'a>(&'a self, method: &str, path: &str) -> Asking<'a> {
        self.app.ask(method, &format!("/api/v1/public{path}")).header("x-api-key", &self.key)
    }

    /// The test mode of the workspace.
    pub async fn scope(&self) -> Scope {
        let read = self.app.app.platform.store.read(|tx| workspaces::find_by_slug(tx, "lagos-fit"));
        Scope { workspace: read.await.expect("a read").expect("the workspace").id, mode: Mode::Test }
    }

    /// Adds money to the wallet, in whole naira.
    pub async fn fund(&self, naira: i64) {
        let (scope, now) = (self.scope().await, self.app.app.platform.clock.now());
        let funding = self.app.app.platform.store.write(move |tx| {
            let mut book = Book::open(tx, scope, now)?;
            let transfer = Transfer::funding(Kobo::naira(naira).expect("an amount")).expect("a transfer");
            book.enter(&transfer, About { reference: Some("funding"), run: None })?;
            book.close(tx).map(drop)
        });
        funding.await.expect("money");
    }

    /// The wallet as it stands.
    pub async fn wallet(&self) -> wallets::Wallet {
        let scope = self.scope().await;
        let read = self.app.app.platform.store.read(move |tx| wallets::find(tx, scope));
        read.await.expect("a read").expect("a wallet")
    }

    /// Makes a run with the key and waits until it comes to approval; its id.
    pub async fn run_at_approval(&self, body: &Value) -> String {
        let made = self.with_key("POST", "/runs").json(body).send().await;
        assert_eq!(made.status, 201, "{made:?}");
        let id = made.json["id"].as_str().expect("an id").to_owned();
        self.until(&id, "awaiting_approval").await;
        id
    }

    /// Waits until a run is in a phase; the run.
    pub async fn until(&self, run: &str, phase: &str) -> Value {
        let mut seen = Value::Null;
        for _ in 0..LOOKS_MAX {
            seen = self.get(&format!("/runs/{run}")).await;
            if seen["phase"] == phase {
                return seen;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("the run does not come to {phase}: {seen}");
    }

    /// The candidates of a run.
    pub async fn candidates(&self, run: &str) -> Vec<Value> {
        let page = self.get(&format!("/runs/{run}/candidates?limit=200")).await;
        page["data"].as_array().expect("a list").clone()
    }

    /// The audit trail of a run, oldest first, as actions.
    pub async fn actions(&self, run: &str) -> Vec<String> {
        let page = self.get(&format!("/audit?run_id={run}&limit=200")).await;
        let actions = page["data"].as_array().expect("a list").iter().rev();
        actions.map(|entry| entry["action"].as_str().expect("an action").to_owned()).collect()
    }
}

/// A candidate of a request.
pub fn candidate(name: &str, account: &str, amount: f64) -> Value {
    json!({ "beneficiary_name": name, "account_number": account, "institution_code": "058", "amount": amount })
}

/// A run of these candidates.
pub fn run_of(candidates: &[Value]) -> Value {
    json!({ "objective": "Pay the suppliers of June", "candidates": candidates })
}
