//! A disk without room, as a small tmpfs that only the server sees: reads go on, writes answer 507, nothing that was answered is lost,
//! and it recovers by itself. Where the machine allows no such mount, the quota test of the store's writer stands for it.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::binary::{Folder, Server};

/// Starts with an owner in a data folder of 24 MiB; `$0` is the binary.
const START: &str = "set -e; mkdir data; mount -t tmpfs -o size=24m,mode=700 tmpfs data
    printf %s 'wandering otter' | \"$0\" admin create --data data --name Ada --email Ada@x.example --password-stdin >admin.txt 2>&1
    echo $$ >pid; exec \"$0\" serve --listen 127.0.0.1:0 --data data --json";
/// Calls after which a full disk must have been met, or room found again.
const CALLS_MAX: usize = 5_000;

/// What is left for the first calls.
const LEFT_BYTES: u64 = 512 * 1_024;

struct Disk {
    folder: Folder,
    server: Server,
    token: String,
}

impl Disk {
    /// None where no tmpfs can be mounted.
    fn open() -> Option<Self> {
        let probe = Command::new("unshare").args(["-rm", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]).output();
        if !probe.is_ok_and(|done| done.status.success()) {
            eprintln!("this machine mounts no tmpfs for a test");
            return None;
        }
        let folder = Folder::new();
        let mut command = Command::new("unshare");
        command.env_clear().env("HOME", &folder.0).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").current_dir(&folder.0);
        let server = Server::begin(command.args(["-rm", "sh", "-c", START, env!("CARGO_BIN_EXE_floe")]));
        let token = server.token(&["console.read", "admin", "flows.read", "flows.run", "flows.write", "flows.manage"]);
        Some(Self { folder, server, token })
    }

    fn filler(&self) -> PathBuf {
        let pid = std::fs::read_to_string(self.folder.0.join("pid")).expect("the shell wrote it");
        let folder = self.folder.0.strip_prefix("/").expect("absolute");
        PathBuf::from(format!("/proc/{}/root", pid.trim())).join(folder).join("data/filler")
    }

    /// Takes every byte that is left but a few.
    fn fill(&self) {
        let mut file = File::create(self.filler()).expect("a file");
        for size in [1_048_576, 4_096] {
            while file.write_all(&vec![7; size]).is_ok() {}
        }
        let length = file.metadata().expect("a length").len();
        file.set_len(length - LEFT_BYTES).expect("made shorter");
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.server.post(path, Some(&self.token), body)
    }

    fn get(&self, path: &str) -> (u16, Value) {
        self.server.get_as(&self.token, path)
    }

    fn publish(&self, name: &str, step: &Value) -> String {
        let definition = json!({ "steps": [
            { "id": "start", "type": "api", "nextStepId": "step" }, step,
            { "id": "end", "type": "final", "data": { "outputs": { "n": "{{ n }}" } } } ] });
        let (status, made) = self.post("/v1/flow", &json!({ "name": name, "definition": definition }));
        assert_eq!(status, 201, "{made}");
        let id = made["_id"].as_str().expect("an id").to_owned();
        assert!(self.post(&format!("/v1/flow/{id}/publish"), &json!({})).0 < 300);
        id
    }
}

#[test]
fn a_full_disk_is_told_and_got_over() {
    let Some(disk) = Disk::open() else { return };
    let note = "x".repeat(2_000);
    let plain = disk.publish(
        "Plain",
        &json!({ "id": "step", "type": "set-variable", "nextStepId": "end",
        "data": { "variables": { "seen": "{{ n }}", "note": note } } }),
    );
    let asks = disk.publish(
        "Asks",
        &json!({ "id": "step", "type": "user-approval", "nextStepId": "end", "data": { "message": "Go?" } }),
    );
    let execute = |id: &str, n: usize| {
        disk.post(&format!("/v1/flow/execute/{id}"), &json!({ "inputs": { "n": n }, "returnExecutionMetadata": true }))
    };
    let (_, waiting) = execute(&asks, 0);
    assert_eq!(waiting["status"], "waiting", "{waiting}");
    let waiting = waiting["appRunId"].as_str().expect("a run").to_owned();
    let answer = || disk.post(&format!("/v1/flowrun/resume/{waiting}"), &json!({ "decision": "approve" }));

    disk.fill();
    let mut accepted = Vec::new();
    let refused = (1..CALLS_MAX).find_map(|n| match execute(&plain, n) {
        (200..300, run) => {
            accepted.push((run["appRunId"].as_str().expect("a run").to_owned(), n));
            None
        }
        other => Some(other),
    });
    let (status, refused) = refused.expect("a disk of 24 MiB is full some time");
    assert_eq!((status, &refused["error"]["code"]), (507, &json!("storage_full")), "{refused}");
    assert!(!accepted.is_empty(), "some fit first");
    let variable = json!({ "name": "A", "value": "x".repeat(16_000) });
    let (status, refused) = disk.post("/console/v1/variables", &variable);
    assert_eq!((status, &refused["code"]), (507, &json!("storage_full")), "{refused}");
    let (status, refused) = answer();
    assert_eq!((status, &refused["error"]["code"]), (507, &json!("storage_full")), "{refused}");
    for path in
        [format!("/v1/flow/{plain}"), format!("/v1/flowrun/details/{waiting}"), "/console/v1/variables".to_owned()]
    {
        assert_eq!(disk.get(&path).0, 200, "{path}");
    }

    std::fs::remove_file(disk.filler()).expect("removed");
    let answered = (0..CALLS_MAX).map(|_| answer()).find(|(status, _)| *status != 507).expect("there is room again");
    assert!(answered.0 < 300, "{answered:?}");
    assert_eq!(disk.post("/console/v1/variables", &variable).0, 201);
    let (status, after) = execute(&plain, CALLS_MAX);
    assert!(status < 300, "{after}");
    accepted.push((after["appRunId"].as_str().expect("a run").to_owned(), CALLS_MAX));
    for (run, n) in accepted {
        let (_, read) = disk.get(&format!("/v1/flowrun/outputs/{run}"));
        assert!(read.to_string().contains(&format!("\"n\":{n}")), "{run}: {read}");
    }
    assert_eq!(disk.server.stop(), Some(0));
}
