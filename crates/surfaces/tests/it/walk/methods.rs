//! Methods that a path does not have, and what every answer carries.

use std::collections::{BTreeMap, BTreeSet};

use floe_testkit::on_both;
use serde_json::Value;

use super::walk;
use super::world::{World, is_workflows};

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

on_both! {
    async fn a_method_that_a_path_does_not_have_is_refused_with_those_it_has(store: TestStore) {
        let world = World::new(store).await;
        let mut problems = Vec::new();
        let mut paths: BTreeMap<&str, (String, BTreeSet<String>, bool)> = BTreeMap::new();
        for (route, row) in walk() {
            let path = world.path(&row, &Value::Null);
            let methods = &mut paths.entry(route.path).or_insert((path, BTreeSet::new(), is_workflows(&route))).1;
            methods.insert(route.method.to_string());
            if route.method == http::Method::GET {
                methods.insert("HEAD".to_owned());
            }
        }
        for (pattern, (path, methods, of_workflows)) in &paths {
            for method in METHODS.iter().filter(|method| !methods.contains(**method)) {
                // There, nobody is told of methods without a key.
                let asking = world.app.ask(method, path);
                let asking = if *of_workflows { asking.bearer(&world.home.workflows_key) } else { asking };
                let answer = asking.send().await;
                let allow: BTreeSet<String> = answer.header("allow").split(", ").map(str::to_owned).collect();
                // A literal word can stand where another path has a parameter, and then that path's methods are not its own.
                if answer.status != 405 || allow != *methods {
                    problems.push(format!("{method} {pattern}: {} Allow: {allow:?}", answer.status));
                }
                let id = answer.header("x-request-id");
                let is_id = if *of_workflows { id.len() == 36 } else { id.starts_with("req_") };
                if !is_id || answer.header("x-content-type-options") != "nosniff" {
                    problems.push(format!("{method} {pattern}: {:?}", answer.headers));
                }
            }
        }
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}
