//! Files of recipients and candidates, as CSV and XLSX, in a form and as the whole body.

use floe_testkit::on_both;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

const XLSX: &[u8] = include_bytes!("../../../treasury/tests/data/staff-xlsxwriter.xlsx");
const NOVEMBER: &[u8] = include_bytes!("../../../../examples/payroll/november.csv");

async fn send(app: &TestApp, session: &str, path: &str, file: &[u8]) -> Answer {
    let mut body = b"--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n".to_vec();
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--cut--\r\n");
    let asking = app.post(path).bearer(session).header("content-type", "multipart/form-data; boundary=cut");
    asking.body(body).send().await
}

async fn send_bare(app: &TestApp, session: &str, path: &str, file: &[u8]) -> Answer {
    let asking = app.post(path).bearer(session).header("content-type", "text/csv").header("x-file-name", "f.csv");
    asking.body(file.to_vec()).send().await
}

async fn total(app: &TestApp, session: &str, path: &str) -> Value {
    app.get(path).bearer(session).send().await.json["total"].clone()
}

on_both! {
    async fn recipients_come_from_a_file_whole_or_not_at_all(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let path = "/api/v1/recipients/import";
        let good = "name,account_number,bank_name,tags\n=Ada,108024071,GTBank,staff|lagos\nBola,0108024071,GTB,\n";
        let bad = format!("{good}Chike,12,Nowhere,\n");
        let refused = send(&app, &session, path, bad.as_bytes()).await;
        assert_eq!(refused.status, 422, "{refused:?}");
        assert_eq!(refused.json, json!({
            "detail": "file.4.account_number: must be exactly 10 digits",
            "errors": [
                { "type": "pattern", "loc": ["body", "file", 4, "account_number"], "msg": "must be exactly 10 digits" },
                { "type": "unknown_institution", "loc": ["body", "file", 4, "bank_name"], "msg": "unknown or ambiguous bank \"Nowhere\"" },
            ],
        }));
        assert_eq!(total(&app, &session, "/api/v1/recipients").await, json!(0));
        let skipped = send_bare(&app, &session, &format!("{path}?on_error=skip"), bad.as_bytes()).await;
        assert_eq!(skipped.status, 201, "{skipped:?}");
        assert_eq!(skipped.json, json!({
            "recipients_added": 2,
            "total_rows_parsed": 3,
            "parse_errors": [
                { "row": 4, "field": "account_number", "message": "must be exactly 10 digits" },
                { "row": 4, "field": "bank_name", "message": "unknown or ambiguous bank \"Nowhere\"" },
            ],
            "duplicates": [{ "row": 3, "same_as_row": 2 }],
            "repaired": [{ "row": 2, "field": "account_number", "message": "read as 0108024071: its leading zero was lost" }],
        }));
        let listed = app.get("/api/v1/recipients").bearer(&session).send().await;
        // What looks like a formula is a text.
        assert_eq!((&listed.json["data"][0]["name"], &listed.json["data"][0]["tags"]), (&json!("=Ada"), &json!(["staff", "lagos"])));
        assert_eq!(listed.json["total"], json!(2));
    }

    async fn files_that_are_none_are_refused_by_name(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let path = "/api/v1/recipients/import";
        let long = format!("name,account_number,bank_name\n{}", "Ada,0108024071,GTB\n".repeat(10_001));
        for (file, detail) in [
            (&b""[..], "file: The file is empty; it needs a header row."),
            (b"\xff\xfea\0", "file: The file must be CSV in UTF-8, or XLSX."),
            (b"PK\x03\x04nonsense", "file: The XLSX file cannot be read."),
            (b"name,amount\nAda,5\n", "file: The header has no column account_number."),
            (long.as_bytes(), "file: The file has more than 10000 rows."),
        ] {
            let refused = send(&app, &session, path, file).await;
            assert_eq!((refused.status.as_u16(), &refused.json["detail"]), (422, &json!(detail)));
        }
        let form = app.post(path).bearer(&session).header("content-type", "multipart/form-data; boundary=cut");
        let without = form.body(b"--cut--\r\n".to_vec()).send().await;
        assert_eq!((without.status.as_u16(), &without.json["detail"]), (422, &json!("file: field required")));
        let large = send_bare(&app, &session, path, &vec![b'a'; 10 * 1024 * 1024 + 1]).await;
        assert_eq!((large.status.as_u16(), &large.json["detail"]), (413, &json!("Request body too large.")));
        assert_eq!(total(&app, &session, "/api/v1/recipients").await, json!(0));
    }

    async fn candidates_come_from_a_file_once(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let new = json!({ "objective": "Pay November field staff" });
        let run = app.post("/api/v1/runs").bearer(&session).json(&new).send().await;
        assert_eq!(run.status, 201, "{run:?}");
        let run = run.json["id"].as_str().expect("an id").to_owned();
        let path = format!("/api/v1/runs/{run}/candidates/upload");
        let added = send(&app, &session, &path, NOVEMBER).await;
        assert_eq!(added.status, 201, "{added:?}");
        assert_eq!((&added.json["candidates_added"], &added.json["parse_errors"]), (&json!(142), &json!([])));
        assert_eq!(added.json["duplicates"], json!([{ "row": 90, "same_as_row": 43 }]));
        let again = send_bare(&app, &session, &path, NOVEMBER).await;
        assert_eq!(again.status, 409, "{again:?}");
        let forced = send(&app, &session, &format!("{path}?force=true"), NOVEMBER).await;
        assert_eq!(forced.status, 201, "{forced:?}");
        let workbook = send(&app, &session, &path, XLSX).await;
        assert_eq!(workbook.status, 422, "{workbook:?}");
        let skipped = send(&app, &session, &format!("{path}?on_error=skip"), XLSX).await;
        assert_eq!((skipped.status.as_u16(), &skipped.json["candidates_added"]), (201, &json!(4)), "{skipped:?}");
        assert_eq!(total(&app, &session, &format!("/api/v1/runs/{run}/candidates")).await, json!(142 + 142 + 4));

        // A file without a payee changes nothing that was scored or decided.
        let path = format!("/api/v1/runs/{run}");
        let before = app.get(&path).bearer(&session).send().await.json;
        let header = b"beneficiary_name,account_number,institution_code,amount\n";
        let none = send(&app, &session, &format!("{path}/candidates/upload"), header).await;
        assert_eq!((none.status.as_u16(), &none.json["candidates_added"]), (201, &json!(0)), "{none:?}");
        assert_eq!(app.get(&path).bearer(&session).send().await.json, before);
    }
}
