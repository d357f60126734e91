//! Who manages (console contract, sections 1.1 and 2.5): who builds manages, who manages the workspace makes keys.

use floe_model::access::Role;
use floe_testkit::on_both;
use serde_json::json;

use super::Desk;

on_both! {
    async fn roles_tokens_and_keys_get_as_far_as_the_contract_says(store: TestStore) {
        let desk = Desk::new(store).await;
        let read = desk.app.app.platform.store.read(|tx| floe_store::access::workspaces::find_by_slug(tx, "lagos-fit"));
        let workspace = read.await.expect("a read").expect("the workspace").id;
        let app = json!({ "name": "One more", "platform": "web" });
        let mut callers = Vec::new();
        for (role, builds, manages) in [
            (Role::Admin, true, true), (Role::Builder, true, false), (Role::Approver, false, false), (Role::Viewer, false, false),
        ] {
            let email = format!("{}@floe.test", role.as_str());
            desk.app.app.access.add_member(workspace, role.as_str(), &email, role).await.expect("a member");
            callers.push((role.as_str(), desk.app.session_by_link(&email).await, builds, manages));
        }
        callers.push(("a token", desk.app.token_of(&desk.session, &["placements.manage"]).await, true, true));
        callers.push(("a narrow token", desk.app.token_of(&desk.session, &["flows.write", "admin"]).await, false, false));
        for (who, credential, builds, manages) in callers {
            let expected = |may: bool, good: u16| if may { (good, "") } else { (403, "forbidden") };
            for (method, path, body, expected) in [
                ("GET", "/v1/apps", None, expected(builds, 200)),
                ("POST", "/v1/apps", Some(&app), expected(builds, 201)),
                ("GET", "/v1/api-keys", None, expected(manages, 200)),
            ] {
                let asking = desk.app.ask(method, path).bearer(&credential);
                let answer = match body {
                    Some(body) => asking.json(body).send().await,
                    None => asking.send().await,
                };
                let told = (answer.status.as_u16(), answer.json["code"].as_str().unwrap_or(""));
                assert_eq!(told, expected, "{who}: {method} {path} {answer:?}");
            }
        }
    }
}
