//! Flows from files to runs, with the real server and the real command line.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::binary::{Folder, Server, create_admin, floe, output, text};

/// A server with an owner, and a token of that owner.
pub(crate) struct Workshop {
    pub(crate) folder: Folder,
    pub(crate) server: Server,
    pub(crate) token: String,
}

impl Workshop {
    pub(crate) fn open() -> Self {
        Self::open_with("")
    }

    /// With these lines in `floe.toml`.
    pub(crate) fn open_with(settings: &str) -> Self {
        let scopes =
            ["console.read", "console.write", "inbox.answer", "flows.read", "flows.run", "flows.write", "flows.manage"];
        Self::open_for(settings, &scopes)
    }

    /// With these lines in `floe.toml`, and a token with these scopes.
    pub(crate) fn open_for(settings: &str, scopes: &[&str]) -> Self {
        let folder = Folder::new();
        std::fs::write(folder.0.join("floe.toml"), settings).expect("a file");
        let server = Server::start(&folder.0);
        let made = create_admin(&folder.0, "wandering otter");
        assert_eq!(made.status.code(), Some(0), "{made:?}");
        let token = server.token(scopes);
        Self { folder, server, token }
    }

    /// Stops the server and starts it again on the same folder.
    pub(crate) fn restarted(self) -> Self {
        let Self { folder, server, token } = self;
        assert_eq!(server.stop(), Some(0));
        let server = Server::start(&folder.0);
        Self { folder, server, token }
    }

    pub(crate) fn run(&self, line: &[&str]) -> Output {
        let mut command = floe(&self.folder.0);
        output(command.env("FLOE_URL", self.server.url()).env("FLOE_TOKEN", &self.token).args(line))
    }

    /// Runs a command that has to succeed and answers what it printed.
    pub(crate) fn printed(&self, line: &[&str]) -> String {
        let done = self.run(line);
        assert_eq!(done.status.code(), Some(0), "{line:?}: {}{}", text(&done.stdout), text(&done.stderr));
        text(&done.stdout)
    }

    pub(crate) fn write(&self, name: &str, document: &Value) {
        std::fs::write(self.folder.0.join(name), document.to_string()).expect("a file");
    }

    fn read(&self, path: &Path) -> Value {
        let text = std::fs::read_to_string(self.folder.0.join(path)).expect("the file");
        serde_json::from_str(&text).expect("JSON")
    }
}

/// Adds two numbers.
fn sum(expression: &str) -> Value {
    json!({ "name": "Sum", "definition": { "steps": [
        { "id": "start", "type": "api", "nextStepId": "end" },
        { "id": "end", "type": "final", "data": { "outputs": { "total": expression } } } ] } })
}

#[test]
fn a_flow_goes_from_a_file_to_the_server_and_back() {
    let workshop = Workshop::open();
    workshop.write("sum.flow.json", &sum("{{ a + b }}"));
    let pushed = workshop.printed(&["flow", "push", "sum.flow.json", "--publish", "--note", "first"]);
    assert!(pushed.starts_with("published") && pushed.trim_end().ends_with("Sum  v1"), "{pushed}");
    let list = workshop.printed(&["flow", "list", "--json"]);
    let row: Value = serde_json::from_str(list.trim()).expect("one flow");
    assert_eq!(
        (&row["name"], &row["status"], &row["latestPublishedVersion"]),
        (&json!("Sum"), &json!("published"), &json!(1))
    );

    assert!(workshop.printed(&["flow", "push", "sum.flow.json"]).starts_with("unchanged"));
    workshop.printed(&["flow", "pull", "Sum", "--dir", "pulled"]);
    assert_eq!(workshop.read(Path::new("pulled/sum.flow.json"))["definition"], sum("{{ a + b }}")["definition"]);

    workshop.write("sum.flow.json", &sum("{{ a - b }}"));
    assert!(workshop.printed(&["flow", "push", "sum.flow.json"]).starts_with("updated"));
    workshop.write("pulled/sum.flow.json", &sum("{{ a * b }}"));
    let stale = workshop.run(&["flow", "push", "pulled/sum.flow.json"]);
    assert_eq!(stale.status.code(), Some(5), "{}", text(&stale.stderr));

    workshop.write("sum.flow.json", &json!({ "name": "Sum", "definition": { "steps": [] } }));
    let invalid = workshop.run(&["flow", "push", "sum.flow.json", "--publish"]);
    assert_eq!(invalid.status.code(), Some(7), "{}", text(&invalid.stderr));
    assert_eq!(workshop.server.stop(), Some(0));
}
