//! Members, workspaces, and whose data a request sees.

use floe_model::access::Role;
use floe_model::id::{MemberId, WorkspaceId};
use floe_store::access::workspaces::{self, Workspace};
use floe_store::access::{members, memberships};
use floe_testkit::on_both;

use serde_json::json;

use crate::app::{OWNER, TestApp};

/// A second workspace with an owner of its own; answers its slug.
pub async fn other_workspace(app: &TestApp, email: &str) -> String {
    let ids = &app.app.platform.ids;
    let workspace = Workspace {
        id: ids.next(),
        name: "Other".to_owned(),
        slug: "other".to_owned(),
        timezone: "UTC".to_owned(),
        settings: "{}".to_owned(),
        revision: 1,
        created_at: ids.now(),
    };
    let id = workspace.id;
    app.app.platform.store.write(move |tx| workspaces::insert(tx, &workspace)).await.expect("a workspace");
    app.app.access.add_member(id, "Eve", email, Role::Owner).await.expect("a member");
    "other".to_owned()
}

/// The owner of the first workspace and the second workspace.
async fn owner_and_other(app: &TestApp) -> (MemberId, WorkspaceId) {
    let reading = app.app.platform.store.read(|tx| {
        let owner = members::find_by_email(tx, OWNER)?.expect("the owner");
        Ok((owner.id, workspaces::find_by_slug(tx, "other")?.expect("the workspace").id))
    });
    reading.await.expect("both")
}

on_both! {
    async fn a_removed_or_lowered_member_is_so_at_once(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        other_workspace(&app, "eve@floe.test").await;
        let (owner, other) = owner_and_other(&app).await;
        let now = app.app.platform.clock.now();
        let store = &app.app.platform.store;
        store.write(move |tx| memberships::insert(tx, other, owner, Role::Admin, now)).await.expect("a membership");

        let there = |path: &'static str| app.get(path).bearer(&session).header("floe-workspace", "other");
        let seen = there("/console/v1/session").send().await;
        assert_eq!((&seen.json["workspace"]["slug"], &seen.json["role"]), (&json!("other"), &json!("admin")));
        assert_eq!(app.get("/console/v1/session").bearer(&session).send().await.json["workspace"]["slug"], "lagos-fit");

        let switch = app.patch("/console/v1/session").bearer(&session).json(&json!({ "workspace_id": other.prefixed() }));
        assert_eq!(switch.send().await.json["workspace"]["slug"], "other");
        assert_eq!(app.get("/console/v1/keys").bearer(&session).send().await.status, 200);
        store.write(move |tx| memberships::set_role(tx, other, owner, Role::Viewer)).await.expect("a change");
        app.app.access.forget();
        app.get("/console/v1/keys").bearer(&session).send().await.is(403, "forbidden");
        store.write(move |tx| memberships::delete(tx, other, owner)).await.expect("a change");
        app.app.access.forget();
        app.get("/console/v1/session").bearer(&session).send().await.is(401, "unauthenticated");
    }

    async fn ones_own_record_and_the_workspace_can_be_changed(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let me = app.get("/console/v1/me").bearer(&session).send().await;
        assert_eq!((&me.json["default_mode"], &me.json["theme"]), (&json!("test"), &json!("system")));
        let body = json!({ "name": "Ada L", "theme": "dark", "timezone": "Africa/Lagos", "shortcuts": false });
        let changed = app.patch("/console/v1/me").bearer(&session).header("if-match", "\"1\"").json(&body).send().await;
        assert_eq!((changed.status.as_u16(), changed.header("etag")), (200, "\"2\""));
        let again = app.get("/console/v1/session").bearer(&session).send().await;
        assert_eq!((&again.json["member"]["name"], &again.json["preferences"]["theme"]), (&json!("Ada L"), &json!("dark")));
        app.patch("/console/v1/me").bearer(&session).json(&json!({ "theme": "pink" })).send().await.is(400, "validation_failed");

        let body = json!({ "slug": "fit", "self_approval": "forbid", "run_retention_days": 7 });
        let changed = app.patch("/console/v1/workspace").bearer(&session).json(&body).send().await;
        assert_eq!((&changed.json["slug"], &changed.json["self_approval"]), (&json!("fit"), &json!("forbid")));
        assert_eq!(changed.json["offline_models"], "test");
        for wrong in [json!({ "slug": "Fit" }), json!({ "run_retention_days": 0 }), json!({ "timezone": "Nowhere" })] {
            app.patch("/console/v1/workspace").bearer(&session).json(&wrong).send().await.is(400, "validation_failed");
        }
    }
}
