#![expect(clippy::disallowed_methods, reason = "waits for executions of real servers")]
//! Streams of events where two servers share a PostgreSQL: both tell the same, whichever moves the run or makes the reply.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::thread::JoinHandle;
use std::time::Duration;

use floe_testkit::postgres::TestDatabase;
use serde_json::{Value, json};

use crate::binary::{Folder, Server, create_admin, floe, text};

/// Longest silence of a stream: its heartbeat comes every 3 s.
const SILENCE: Duration = Duration::from_secs(30);

struct Nodes {
    servers: [Server; 2],
    /// A session of the owner.
    session: String,
    /// A test key of workflows.
    key: String,
}

fn serve(folder: &Path) -> Server {
    let command: &mut Command = &mut floe(folder);
    Server::begin(command.args(["serve", "--listen", "127.0.0.1:0", "--data", "data", "--json"]))
}

impl Nodes {
    fn start(database: &TestDatabase, folders: [&Folder; 2]) -> Self {
        for folder in folders {
            let settings = format!("database_url = \"{}\"\n", database.url());
            std::fs::write(folder.0.join("floe.toml"), settings).expect("a file");
        }
        let first = serve(&folders[0].0);
        std::fs::create_dir_all(folders[1].0.join("data")).expect("a folder");
        std::fs::copy(folders[0].0.join("data/secret.key"), folders[1].0.join("data/secret.key")).expect("the key");
        let made = create_admin(&folders[0].0, "wandering otter");
        assert_eq!(made.status.code(), Some(0), "{made:?}");
        let made: Value = serde_json::from_slice(&made.stdout).unwrap_or_else(|_| panic!("{}", text(&made.stdout)));
        let keys = made["keys"].as_array().expect("keys");
        let key = keys.iter().find(|key| key["kind"] == "workflows").expect("a key of workflows");
        let servers = [first, serve(&folders[1].0)];
        let sign_in = json!({ "email": "ada@x.example", "password": "wandering otter", "transport": "token" });
        let (status, session) = servers[0].post("/console/v1/session", None, &sign_in);
        assert_eq!(status, 200, "{session}");
        let (session, key) = (said(&session["token"]), said(&key["key"]));
        Self { servers, session, key }
    }

    fn post(&self, node: usize, path: &str, body: &Value) -> Value {
        let (status, answer) = self.servers[node].post(path, Some(&self.key), body);
        assert!((200..300).contains(&status), "{path}: {answer}");
        answer["data"].clone()
    }

    fn make(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.servers[0].post(path, Some(&self.session), body);
        assert_eq!(status, 201, "{answer}");
        answer
    }

    /// Follows a stream until it ends: the data of its events, but for when it connected.
    fn follow(&self, node: usize, path: &str) -> JoinHandle<Vec<Value>> {
        let address = self.servers[node].url().replace("http://", "");
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
            self.key
        );
        std::thread::spawn(move || {
            let mut stream = TcpStream::connect(&address).expect("the server listens");
            stream.set_read_timeout(Some(SILENCE)).expect("a timeout");
            stream.write_all(request.as_bytes()).expect("sent");
            let mut told = Vec::new();
            stream.read_to_end(&mut told).expect("told to the end");
            let told = text(&told);
            assert!(told.starts_with("HTTP/1.1 200"), "{told}");
            let data = told.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
            data.filter(|one| one["type"] != "connected").collect()
        })
    }

    /// What both nodes tell of something that is at one of them.
    fn followed<T>(&self, path: &str, act: impl FnOnce() -> T) -> Vec<Value> {
        let told = [self.follow(0, path), self.follow(1, path)];
        act();
        let [one, other] = told.map(|thread| thread.join().expect("a stream"));
        assert_eq!(one, other);
        one
    }
}

fn said(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

fn last(told: &[Value]) -> &str {
    told.last().and_then(|one| one["type"].as_str()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_tells_the_whole_stream() {
    let Some(database) = TestDatabase::create().await else { return };
    let folders = [Folder::new(), Folder::new()];
    let nodes = Nodes::start(&database, [&folders[0], &folders[1]]);
    let reviewed = json!({
        "name": "Reviewed",
        "nodes": {
            "ask": { "type": "humanReview", "name": "Ask",
                     "config": { "prompt": "Go on?", "variableName": "ok", "inputType": "boolean" } },
            "out": { "type": "output", "name": "Out", "config": { "outputName": "said", "value": "{{ok}}" } },
        },
        "edges": [{ "source": "ask", "target": "out" }],
    });
    let made = nodes.make("/console/v1/workflows", &reviewed);
    let start = format!("/v1/workflows/{}/execute", said(&made["workflow"]["id"]));
    let agent =
        nodes.make("/console/v1/agents", &json!({ "name": "Helper", "instructions": "Help.", "model": "offline" }));
    let thread = nodes.post(0, &format!("/v1/agents/{}/threads", said(&agent["id"])), &json!({}));
    let thread = format!("/v1/threads/{}", said(&thread["id"]));
    for (here, there) in [(0, 1), (1, 0)] {
        let run = nodes.post(here, &start, &json!({}));
        let path = format!("/v1/executions/{}", said(&run["execution_id"]));
        let told = nodes.followed(&format!("{path}/events"), || {
            // The node that does not move the run takes the answer, once there is something to answer.
            for _ in 0..100 {
                let (_, found) = nodes.servers[there].get_as(&nodes.key, &path);
                if found["data"]["status"] == "paused" {
                    break;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            nodes.post(there, &format!("{path}/submit-response"), &json!({ "response": true }))
        });
        assert_eq!(last(&told), "execution:completed", "{told:?}");
        assert_eq!(told[0]["type"], "execution:started", "{told:?}");
        assert!(told.iter().any(|one| one["type"] == "execution:paused"), "{told:?}");

        // A reply is followed where it is not made, also by one who comes when it is over.
        let sent = nodes.post(here, &format!("{thread}/messages"), &json!({ "content": "Hello", "stream": true }));
        let told = nodes.follow(there, &format!("{thread}/events")).join().expect("a stream");
        assert_eq!(last(&told), "message:completed", "{told:?}");
        let tokens: String = told.iter().filter_map(|one| one["token"].as_str()).collect();
        let completed = told.last().expect("an end");
        assert_eq!(
            (completed["content"].as_str(), &completed["message_id"]),
            (Some(tokens.as_str()), &sent["message_id"])
        );
    }
}
