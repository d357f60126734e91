//! Files as inputs, the folder of a run, spreadsheets and PDFs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use floe_runtime::effect::EffectCall;
use floe_testkit::pdf::pdf;
use serde_json::{Value, json};

use super::{Nodes, keyed};
use crate::stub::{Seen, Stub, response};

/// A call of the node `files` whose run has this input.
fn given(config: Value, value: Value) -> EffectCall {
    let context = json!({ "inputs": { "upload": value }, "names": {}, "origins": {} });
    EffectCall { context: Some(context), ..keyed(config) }
}

#[tokio::test]
async fn files_are_read_whatever_way_they_come() {
    let nodes = Nodes::new().await;
    let stub = Stub::answering(response("200 OK\r\ncontent-type: text/csv", "name,n\nHat,5\n")).await;
    let config =
        json!({ "inputName": "upload", "allowedFileTypes": ["text/csv", ".md", "application/json", "image/*"] });
    let values = json!([
        { "fileName": "a.csv", "fileType": "text/csv", "content_base64": STANDARD.encode("name,n\nCap,7\n") },
        { "fileName": "notes.md", "text": "# Title\n\nOne. Two." },
        { "url": stub.url("/b.csv") },
        { "fileName": "p.png", "fileType": "image/png", "content_base64": STANDARD.encode(b"\x89PNG\r\n\x1a\n\0") },
    ]);
    let record = nodes.call("files", given(config.clone(), values)).await.result.expect("files");
    assert_eq!((&record["fileCount"], record["files"].as_array().map(Vec::len)), (&json!(4), Some(4)));
    assert_eq!(record["combinedText"], "name,n\nCap,7\n\n\n# Title\n\nOne. Two.\n\nname,n\nHat,5\n");
    let names: Vec<&Value> = record["files"].as_array().expect("files").iter().map(|file| &file["fileName"]).collect();
    assert_eq!(names, ["a.csv", "notes.md", "b.csv", "p.png"]);
    assert_eq!(record["files"][0]["extractedText"], "name,n\nCap,7\n");
    assert_eq!(record["files"][0]["chunks"][0]["content"], "name: Cap; n: 7");
    assert_eq!(
        (&record["files"][3]["extractedText"], &record["files"][3]["fileType"]),
        (&json!(""), &json!("image/png"))
    );
    assert_eq!(record["files"][3]["content_base64"], STANDARD.encode(b"\x89PNG\r\n\x1a\n\0"));
    assert_eq!(record["totalChunkCount"], record["allChunks"].as_array().map_or(0, Vec::len));
    let single = nodes.call("files", given(config.clone(), json!("{\"a\":1}"))).await;
    assert_eq!(single.result.expect_err("plain text is not allowed").code, "VALIDATION");
    for (value, code) in [
        (json!(null), "VALIDATION"),
        (json!([]), "VALIDATION"),
        (json!({ "fileName": "a.pdf", "text": "x" }), "VALIDATION"),
        (json!({ "fileName": "a.csv", "content_base64": "!!" }), "VALIDATION"),
        (json!({ "fileName": "a.csv" }), "VALIDATION"),
        (json!({ "fileName": "a.csv", "url": "http://10.0.0.1/a.csv" }), "ADDRESS_BLOCKED"),
        (json!({ "fileName": "a.csv", "path": "../etc/passwd" }), "VALIDATION"),
        (json!({ "fileName": "a.csv", "fileId": "file_00000000000000000000000001" }), "NOT_FOUND"),
    ] {
        let error = nodes.call("files", given(config.clone(), value.clone())).await.result.expect_err("no files");
        assert_eq!(error.code, code, "{value}");
    }
    let optional = json!({ "inputName": "upload", "required": false });
    let none = nodes.call("files", given(optional, json!(null))).await.result.expect("no files");
    assert_eq!((&none["fileCount"], &none["combinedText"]), (&json!(0), &json!("")));
}

#[tokio::test]
async fn a_hostile_file_harms_nothing() {
    let nodes = Nodes::new().await;
    let config = json!({ "inputName": "upload" });
    for name in ["a.pdf", "a.docx", "a.json"] {
        let bytes = if name == "a.pdf" { b"%PDF-1.7 and nothing".to_vec() } else { b"PK\x03\x04 and nothing".to_vec() };
        let value = json!({ "fileName": name, "content_base64": STANDARD.encode(bytes) });
        let error = nodes.call("files", given(config.clone(), value)).await.result.expect_err(name);
        assert_eq!(error.code, "VALIDATION", "{name}");
    }
}

#[tokio::test]
async fn the_folder_of_a_run_keeps_what_its_nodes_write() {
    let nodes = Nodes::new().await;
    let stub = Stub::start(|seen: &Seen| match seen.path.as_str() {
        "/gone" => response("404 Not Found", ""),
        _ => response("200 OK\r\ncontent-type: text/plain", "downloaded"),
    })
    .await;
    let written = nodes.done("fileWrite", json!({ "path": "/out/a.txt", "content": "Grüße" })).await;
    assert_eq!(
        (&written["path"], &written["filename"], &written["size"]),
        (&json!("out/a.txt"), &json!("a.txt"), &json!(7))
    );
    assert!(written["url"].as_str().is_some_and(|url| url.starts_with("/v1/flow/file/")));
    assert_eq!(nodes.done("fileRead", json!({ "path": "out/a.txt" })).await["content"], "Grüße");
    let encoded = nodes.done("fileRead", json!({ "path": "out/a.txt", "encoding": "base64" })).await;
    assert_eq!(encoded["content"], STANDARD.encode("Grüße"));
    nodes
        .done("fileWrite", json!({ "path": "b.bin", "content": STANDARD.encode([0xff, 0]), "encoding": "base64" }))
        .await;
    assert_eq!(nodes.done("fileRead", json!({ "path": "b.bin" })).await["content"], STANDARD.encode([0xff, 0]));
    let down = nodes.done("fileDownload", json!({ "url": stub.url("/x/report.txt"), "encoding": "utf8" })).await;
    assert_eq!(
        (&down["path"], &down["content"], &down["contentType"]),
        (&json!("report.txt"), &json!("downloaded"), &json!("text/plain"))
    );
    nodes.done("fileWrite", json!({ "path": "data.json", "content": { "a": 1 } })).await;
    let operate = |input: Value| nodes.done("fileOperations", input);
    let list = operate(json!({ "operation": "list" })).await;
    let paths: Vec<&Value> = list["files"].as_array().expect("files").iter().map(|file| &file["path"]).collect();
    assert_eq!(paths, ["b.bin", "data.json", "out/a.txt", "report.txt"]);
    assert_eq!(operate(json!({ "operation": "list", "path": "out" })).await["count"], 1);
    operate(json!({ "operation": "append", "path": "out/a.txt", "content": "!" })).await;
    operate(json!({ "operation": "move", "path": "out/a.txt", "destination": "moved.txt" })).await;
    assert_eq!(operate(json!({ "operation": "read", "path": "moved.txt" })).await["content"], "Grüße!");
    assert_eq!(operate(json!({ "operation": "exists", "path": "out/a.txt" })).await["exists"], false);
    assert_eq!(operate(json!({ "operation": "delete", "path": "moved.txt" })).await["deleted"], true);
    for (kind, input, code) in [
        ("fileRead", json!({ "path": "moved.txt" }), "NOT_FOUND"),
        ("fileRead", json!({ "path": "../a" }), "VALIDATION"),
        ("fileWrite", json!({ "path": "a/../../b", "content": "x" }), "VALIDATION"),
        ("fileWrite", json!({ "content": "x" }), "VALIDATION"),
        ("fileWrite", json!({ "path": "x", "content": "!!", "encoding": "base64" }), "VALIDATION"),
        ("fileWrite", json!({ "path": "x", "content": "12345", "maxSize": 4 }), "VALIDATION"),
        ("fileDownload", json!({ "url": stub.url("/gone") }), "NOT_FOUND"),
        ("fileDownload", json!({ "url": stub.url("/x"), "maxSize": 4 }), "VALIDATION"),
        ("fileDownload", json!({ "url": stub.url("/x"), "path": "a/.." }), "VALIDATION"),
        ("fileOperations", json!({ "operation": "odd" }), "VALIDATION"),
        ("fileOperations", json!({ "operation": "copy", "path": "b.bin", "destination": "b.bin" }), "VALIDATION"),
    ] {
        assert_eq!(nodes.failed(kind, input.clone()).await.code, code, "{kind} {input}");
    }
}

#[tokio::test]
async fn a_call_that_is_made_again_after_a_crash_writes_once() {
    let nodes = Nodes::new().await;
    nodes.done("fileWrite", json!({ "path": "log.txt", "content": "one" })).await;
    let call = keyed(json!({ "operation": "append", "path": "log.txt", "content": "+two" }));
    nodes.call("fileOperations", call.clone()).await.result.expect("appended");
    nodes.call("fileOperations", EffectCall { attempt: 2, ..call }).await.result.expect("again");
    assert_eq!(nodes.done("fileRead", json!({ "path": "log.txt" })).await["content"], "one+two");
    let moving = keyed(json!({ "operation": "move", "path": "log.txt", "destination": "old.txt" }));
    nodes.call("fileOperations", moving.clone()).await.result.expect("moved");
    let again = nodes.call("fileOperations", moving).await.result.expect("again");
    assert_eq!(again["path"], "old.txt");
}

#[tokio::test]
async fn rows_become_a_spreadsheet_in_the_folder() {
    let nodes = Nodes::new().await;
    let rows = json!([{ "name": "Hat", "n": 5 }, { "name": "Cap, red", "n": null }]);
    let csv =
        nodes.done("spreadsheetGeneration", json!({ "dataSource": rows, "format": "csv", "filename": "stock" })).await;
    assert_eq!((&csv["filename"], &csv["rowCount"]), (&json!("stock.csv"), &json!(2)));
    let read = nodes.done("fileRead", json!({ "path": "stock.csv" })).await;
    assert_eq!((&read["content"], &read["size"]), (&json!("name,n\r\nHat,5\r\n\"Cap, red\",\r\n"), &csv["size"]));
    let xlsx = nodes.done("spreadsheetGeneration", json!({ "data": rows.to_string(), "sheetName": "Stock" })).await;
    assert_eq!(xlsx["filename"], "spreadsheet.xlsx");
    let bytes = nodes.done("fileRead", json!({ "path": "spreadsheet.xlsx" })).await;
    assert!(bytes["content"].as_str().is_some_and(|text| text.starts_with("UEsD")), "a packed file");
    for wrong in [
        json!({}),
        json!({ "dataSource": 5 }),
        json!({ "dataSource": [], "format": "ods" }),
        json!({ "dataSource": [], "filename": "../x" }),
    ] {
        assert_eq!(nodes.failed("spreadsheetGeneration", wrong.clone()).await.code, "VALIDATION", "{wrong}");
    }
}

#[tokio::test]
async fn numbers_become_a_chart_in_the_folder() {
    let nodes = Nodes::new().await;
    let input = json!({ "chartType": "pie", "dataSource": { "failed": [1], "healthy": 3 }, "title": "Status" });
    let chart = nodes.done("chartGeneration", input).await;
    assert_eq!((&chart["filename"], &chart["chartType"]), (&json!("chart.svg"), &json!("pie")));
    let svg = nodes.done("fileRead", json!({ "path": "chart.svg" })).await;
    let svg = svg["content"].as_str().expect("a drawing");
    assert!(svg.starts_with("<svg") && svg.contains("healthy: 3 (75.0%)"), "{svg}");
    for wrong in [
        json!({}),
        json!({ "dataSource": "x" }),
        json!({ "dataSource": [1], "chartType": "cube" }),
        json!({ "dataSource": [1], "width": 9 }),
    ] {
        assert_eq!(nodes.failed("chartGeneration", wrong.clone()).await.code, "VALIDATION", "{wrong}");
    }
}

#[tokio::test]
async fn the_text_of_a_pdf_is_taken_out() {
    let nodes = Nodes::new().await;
    let pdf = STANDARD.encode(pdf(&[&["Send it back within thirty days."], &["We pay within a week."]]));
    nodes.done("fileWrite", json!({ "path": "terms.pdf", "content": pdf, "encoding": "base64" })).await;
    for source in [
        json!("terms.pdf"),
        json!({ "fileName": "t.pdf", "content_base64": pdf }),
        json!(format!("data:application/pdf;base64,{pdf}")),
    ] {
        let record = nodes.done("pdfExtract", json!({ "path": source })).await;
        assert_eq!(record["text"], "Send it back within thirty days.\n\nWe pay within a week.", "{source}");
        assert_eq!(record["pages"], 2);
    }
    nodes.done("fileWrite", json!({ "path": "a.txt", "content": "no pdf" })).await;
    for (source, code) in
        [(json!("a.txt"), "VALIDATION"), (json!("none.pdf"), "NOT_FOUND"), (json!(null), "VALIDATION")]
    {
        assert_eq!(nodes.failed("pdfExtract", json!({ "path": source })).await.code, code, "{source}");
    }
}
