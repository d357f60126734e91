//! Uploads and what becomes of them.

use floe_runtime::jobs::JobHandler;
use floe_store::platform::jobs;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{link, patch};
use crate::app::{Answer, OWNER, PASSWORD, TestApp};
use crate::flows::refused;
use crate::flows_runs::{World, steps};

/// A form in parts: name of the part, name of the file, bytes.
fn parts(parts: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (part, name, bytes) in parts {
        let head = format!("--cut\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"{name}\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--cut--\r\n");
    body
}

fn takes_file() -> Value {
    let inputs = json!([{ "key": "doc", "type": "file", "required": true }, { "key": "more", "type": "file" }]);
    json!([
        { "id": "start", "type": "api", "data": { "inputs": inputs }, "nextStepId": "end" },
        { "id": "end", "type": "final", "data": { "outputs": { "name": "{{doc.name}}", "mime": "{{doc.mimeType}}", "size": "{{doc.size}}" } } },
    ])
}

async fn send(app: &TestApp, path: &str, bearer: Option<&str>, body: Vec<u8>) -> Answer {
    let asking = app.post(path).header("content-type", "multipart/form-data; boundary=cut");
    let asking = match bearer {
        Some(bearer) => asking.bearer(bearer),
        None => asking,
    };
    asking.body(body).send().await
}

/// Does the jobs that are due by now.
async fn do_due_jobs(app: &TestApp) -> usize {
    let platform = &app.app.platform;
    let now = platform.clock.now();
    let due = platform.store.write(move |tx| jobs::claim_due(tx, &["flows.file_expire"], now, 60_000, 100, None)).await;
    let due = due.expect("due jobs");
    let handler: std::sync::Arc<dyn JobHandler> = floe_flows::files::handlers().remove(0);
    for job in &due {
        handler.run(platform, job).await.expect("a job");
    }
    due.len()
}

/// Files that nobody uses, those under way too.
async fn unused(app: &TestApp) -> u64 {
    let count = app.app.platform.store.read(|tx| {
        let workspace = floe_store::access::workspaces::find_by_slug(tx, "lagos-fit")?.expect("the workspace");
        floe_store::flows::files::unused(tx, workspace.id, None)
    });
    count.await.expect("a count").files
}

on_both! {
    async fn a_file_is_kept_as_it_came(store: TestStore) {
        let world = World::new(store).await;
        let big: Vec<u8> = (0..700_000_u32).map(|at| (at % 251) as u8).collect();
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        let body = parts(&[("note", "", b"ignored"), ("file", "../big.txt", &big), ("file", "photo.exe", png)]);
        let made = send(&world.app, "/v1/flow/file", Some(&world.session), body).await;
        assert_eq!(made.status, 201, "{made:?}");
        let [one, two] = [&made.json["data"][0], &made.json["data"][1]];
        assert_eq!((&one["name"], &one["mimeType"], &one["size"]), (&json!("big.txt"), &json!("application/octet-stream"), &json!(700_000)));
        assert_eq!((&two["name"], &two["mimeType"]), (&json!("photo.exe"), &json!("image/png")));
        assert_eq!((&one["_id"], one["expiresAt"].is_string()), (&one["fileId"], true));

        let id = one["_id"].as_str().expect("an id");
        let read = world.get(&format!("/v1/flow/file/{id}")).await;
        assert_eq!((read.status.as_u16(), read.bytes.len(), read.bytes == big), (200, big.len(), true));
        assert_eq!(read.header("content-disposition"), "attachment; filename=\"big.txt\"");
        assert_eq!(read.header("content-security-policy"), "sandbox; default-src 'none'");
        assert_eq!((read.header("x-content-type-options"), read.header("content-length")), ("nosniff", "700000"));
        let other = world.member("mel@floe.test", floe_model::access::Role::Admin).await;
        let foreign = world.app.get(&format!("/v1/flow/file/{id}")).bearer(&other).send().await;
        assert_eq!(refused(&foreign), (404, "not_found".to_owned()));

        let raw = world.app.post("/v1/flow/file").bearer(&world.session).header("x-file-name", "a%20b.json");
        let raw = raw.body(b"{\"a\": 1}".to_vec()).send().await;
        assert_eq!((&raw.json["name"], &raw.json["mimeType"]), (&json!("a b.json"), &json!("application/json")));
    }

    async fn wrong_uploads_are_refused_and_leave_nothing_to_use(store: TestStore) {
        let world = World::new(store).await;
        let session = Some(world.session.as_str());
        let eleven: Vec<(&str, &str, &[u8])> = (0..11).map(|_| ("file", "a", &b"x"[..])).collect();
        let too_many = send(&world.app, "/v1/flow/file", session, parts(&eleven)).await;
        assert_eq!(refused(&too_many), (413, "payload_too_large".to_owned()));
        let big = vec![7; 25 * 1024 * 1024 + 1];
        let too_large = send(&world.app, "/v1/flow/file", session, parts(&[("file", "a", &big)])).await;
        assert_eq!(refused(&too_large), (413, "payload_too_large".to_owned()));
        let none = send(&world.app, "/v1/flow/file", session, parts(&[("other", "a", b"x")])).await;
        assert_eq!(refused(&none), (400, "validation_error".to_owned()));
        let cut = parts(&[("file", "a", b"hello")]);
        let cut = send(&world.app, "/v1/flow/file", session, cut[..cut.len() - 12].to_vec()).await;
        assert_eq!(refused(&cut), (400, "incomplete_body".to_owned()));
        let plain = world.app.post("/v1/flow/file").bearer(&world.session).body(b"x".to_vec()).send().await;
        assert_eq!(refused(&plain), (415, "unsupported_media_type".to_owned()));
        assert_eq!(send(&world.app, "/v1/flow/file", None, parts(&[("file", "a", b"x")])).await.status, 401);
        let viewer = world.member("vic@floe.test", floe_model::access::Role::Viewer).await;
        let by_viewer = send(&world.app, "/v1/flow/file", Some(&viewer), parts(&[("file", "a", b"x")])).await;
        assert_eq!(refused(&by_viewer), (403, "forbidden".to_owned()));

        // What was received of them is gone.
        assert_eq!(unused(&world.app).await, 0);
    }

    async fn a_run_claims_its_files_and_unused_ones_vanish(store: TestStore) {
        let mut world = World::new(store).await;
        let flow = world.flow("File", takes_file()).await;
        let upload = || async {
            let made = send(&world.app, "/v1/flow/file", Some(&world.session), parts(&[("file", "a.csv", b"x,y\n1,2\n")])).await;
            made.json["_id"].as_str().expect("an id").to_owned()
        };
        let (used, unused) = (upload().await, upload().await);
        let inputs = |id: &str| json!({ "doc": { "fileId": id, "name": "lies.exe" } });
        let done = world.execute(&flow, inputs(&used)).await;
        assert_eq!((done.status.as_u16(), &done.json), (200, &json!({ "name": "a.csv", "mime": "text/plain", "size": 8 })));
        let missing = world.execute(&flow, inputs("018f2d6e-0000-7000-8000-000000000000")).await;
        assert_eq!(refused(&missing), (400, "validation_error".to_owned()));
        let field = &missing.json["error"]["details"]["fields"][0];
        assert_eq!((&field["path"], &field["code"]), (&json!("/doc/fileId"), &json!("unknown_reference")));

        world.app.pass_seconds(24 * 3_600 + 1);
        world.session = world.app.session_of(OWNER, PASSWORD).await;
        assert_eq!(refused(&world.execute(&flow, inputs(&unused)).await).0, 400);
        assert_eq!(world.get(&format!("/v1/flow/file/{unused}")).await.status, 404);
        world.app.pass_seconds(600);
        assert_eq!(do_due_jobs(&world.app).await, 2);
        assert_eq!(world.get(&format!("/v1/flow/file/{used}")).await.bytes, b"x,y\n1,2\n");
        assert_eq!(world.execute(&flow, inputs(&used)).await.status, 200);
        // Whoever sees the flow's runs sees their files.
        let other = world.member("mel@floe.test", floe_model::access::Role::Builder).await;
        let seen = world.app.get(&format!("/v1/flow/file/{used}")).bearer(&other).send().await;
        assert_eq!(seen.status, 200);
        patch(&world, &flow, json!({ "visibility": "private" })).await;
        assert_eq!(world.app.get(&format!("/v1/flow/file/{used}")).bearer(&other).send().await.status, 404);
    }

    async fn a_file_of_a_link_is_good_for_that_link_only(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("File", takes_file()).await;
        let plain = world.flow("Plain", crate::flows_runs::echo()).await;
        let (token, without) = (link(&world, &flow).await, link(&world, &plain).await);
        let body = || parts(&[("file", "a.txt", b"hello")]);
        let refusal = send(&world.app, &format!("/v1/flow/share/file/{without}"), None, body()).await;
        assert_eq!(refused(&refusal), (404, "not_found".to_owned()));
        let made = send(&world.app, &format!("/v1/flow/share/file/{token}"), None, body()).await;
        assert_eq!(made.status, 201, "{made:?}");
        let file = json!({ "doc": { "fileId": made.json["fileId"] } });
        let own = send(&world.app, "/v1/flow/file", Some(&world.session), body()).await;

        let by_link = |token: String, inputs: Value| {
            let app = &world.app;
            async move { app.post(&format!("/v1/flow/share/execute/{token}")).json(&inputs).send().await }
        };
        let of_member = json!({ "doc": { "fileId": own.json["fileId"] } });
        assert_eq!(refused(&by_link(token.clone(), of_member).await).0, 400);
        assert_eq!(refused(&world.execute(&flow, file.clone()).await).0, 400);
        let rotated = patch(&world, &flow, json!({ "share": { "rotate": true } })).await;
        let second = rotated.json["share"]["token"].as_str().expect("a token").to_owned();
        assert_eq!(refused(&by_link(second.clone(), file).await).0, 400);
        let made = send(&world.app, &format!("/v1/flow/share/file/{second}"), None, body()).await;
        let done = by_link(second, json!({ "doc": { "fileId": made.json["fileId"] } })).await;
        assert_eq!((done.status.as_u16(), &done.json["name"]), (200, &json!("a.txt")));
    }

    async fn a_form_takes_files_too(store: TestStore) {
        let world = World::new(store).await;
        let form = json!({ "type": "show-form", "data": { "fields": [{ "key": "doc", "type": "file", "required": true }] }, "output": "got" });
        let flow = world.flow("Form", steps(form, json!({ "name": "{{ got.doc.name }}" }))).await;
        let run = world.waiting_run(&flow, json!({})).await;
        let made = send(&world.app, "/v1/flow/file", Some(&world.session), parts(&[("file", "a.txt", b"hello")])).await;
        let missing = world.resume(&run, json!({ "formData": { "doc": { "fileId": run } } })).await;
        assert_eq!(refused(&missing), (400, "validation_error".to_owned()));
        assert_eq!(missing.json["error"]["details"]["fields"][0]["path"], "/formData/doc/fileId");
        let done = world.resume(&run, json!({ "formData": { "doc": { "fileId": made.json["fileId"] } } })).await;
        assert_eq!(done.json["output"], json!({ "name": "a.txt" }), "{done:?}");
        world.app.pass_seconds(24 * 3_600 + 601);
        assert_eq!(do_due_jobs(&world.app).await, 1);
        let again = world.waiting_run(&flow, json!({})).await;
        let done = world.resume(&again, json!({ "formData": { "doc": { "fileId": made.json["fileId"] } } })).await;
        assert_eq!(done.json["status"], "completed", "the file was claimed and stays");
    }

    async fn a_repeated_upload_is_the_first_one(store: TestStore) {
        let world = World::new(store).await;
        let upload = |bytes: &'static [u8]| {
            let asking = world.app.post("/v1/flow/file").bearer(&world.session).header("idempotency-key", "up");
            asking.header("content-type", "multipart/form-data; boundary=cut").body(parts(&[("file", "a", bytes)])).send()
        };
        let (first, second) = (upload(b"one").await, upload(b"one").await);
        assert_eq!((first.status.as_u16(), &first.json), (201, &second.json));
        assert_eq!(second.header("idempotent-replayed"), "true");
        assert_eq!(refused(&upload(b"two").await), (422, "idempotency_mismatch".to_owned()));
        assert_eq!(unused(&world.app).await, 1);
    }
}
