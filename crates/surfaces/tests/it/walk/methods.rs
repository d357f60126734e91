//! Methods that a path does not have, and what every answer carries.

use std::collections::{BTreeMap, BTreeSet};

use floe_testkit::on_both;
use serde_json::Value;

use super::walk;
use super::world::World;

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

on_both! {
    async fn a_method_that_a_path_does_not_have_is_refused_with_those_it_has(store: TestStore) {
        let world = World::new(store).await;
        let mut problems = Vec::new();
        let mut paths: BTreeMap<&str, (String, BTreeSet<String>)> = BTreeMap::new();
        for (route, row) in walk() {
            let path = world.path(&row, &Value::Null);
            let methods = &mut paths.entry(route.path).or_insert((path, BTreeSet::new())).1;
            methods.insert(route.method.to_string());
            if route.method == http::Method::GET {
                methods.insert("HEAD".to_owned());
            }
        }
        for (pattern, (path, methods)) in &paths {
            for method in METHODS.iter().filter(|method| !methods.contains(**method)) {
                let answer = world.app.ask(method, path).send().await;
                let allow: BTreeSet<String> = answer.header("allow").split(", ").map(str::to_owned).collect();
                // A literal word can stand where another path has a parameter, and then that path's methods are not its own.
                if answer.status != 405 || allow != *methods {
                    problems.push(format!("{method} {pattern}: {} Allow: {allow:?}", answer.status));
                }
                if !answer.header("x-request-id").starts_with("req_") || answer.header("x-content-type-options") != "nosniff" {
                    problems.push(format!("{method} {pattern}: {:?}", answer.headers));
                }
            }
        }
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}
