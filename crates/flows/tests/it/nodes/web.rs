//! The node types `url`, `webBrowse` and `webSearch`.

use floe_runtime::effect::EffectCall;
use serde_json::{Value, json};

use super::{Nodes, keyed};
use crate::stub::{Seen, Stub, json as json_response, response};

const PAGE: &str = "<html><head><title>Our &amp; Shop</title><script>x()</script></head>\
                    <body><h2>Returns</h2><p>Send it back within 30 days.</p></body></html>";

async fn shop() -> Stub {
    Stub::start(|seen: &Seen| match seen.path.as_str() {
        "/plain" => response("200 OK\r\ncontent-type: text/plain", "a < b"),
        "/data" => json_response(200, "{\"a\":1}"),
        "/picture" => response("200 OK\r\ncontent-type: image/png", b"\x89PNG\r\n\x1a\n\0\0"),
        "/gone" => response("404 Not Found", "no"),
        "/busy" => response("503 Busy", "no"),
        _ => response("200 OK\r\ncontent-type: text/html; charset=utf-8", PAGE),
    })
    .await
}

#[tokio::test]
async fn a_page_is_read_in_the_form_that_is_asked_for() {
    let (nodes, stub) = (Nodes::new().await, shop().await);
    let record = nodes.done("webBrowse", json!({ "url": stub.url("/") })).await;
    assert_eq!(record["title"], "Our & Shop");
    assert_eq!(record["contentType"], "text/html; charset=utf-8");
    let content = record["content"].as_str().expect("a text");
    assert!(content.contains("Returns\n\nSend it back within 30 days.") && !content.contains('<'), "{content}");
    assert_eq!(record["contentLength"], content.chars().count());
    let cut = nodes.done("webBrowse", json!({ "url": stub.url("/"), "maxLength": 5 })).await;
    assert_eq!(cut["content"].as_str().map(|text| text.chars().count()), Some(5));
    assert_eq!(cut["contentLength"], record["contentLength"]);
    let raw = nodes.done("webBrowse", json!({ "url": stub.url("/"), "extractText": false })).await;
    assert_eq!(raw["content"], PAGE);
    let marked = nodes.done("webBrowse", json!({ "url": stub.url("/"), "extractType": "markdown" })).await;
    assert!(marked["content"].as_str().expect("a text").contains("## Returns"));
    assert_eq!(nodes.done("webBrowse", json!({ "url": stub.url("/plain") })).await["content"], "a < b");
    assert_eq!(nodes.done("webBrowse", json!({ "url": stub.url("/data") })).await["content"], "{\"a\":1}");
    for (path, code, retryable) in
        [("/gone", "NOT_FOUND", false), ("/busy", "SERVER_ERROR", true), ("/picture", "VALIDATION", false)]
    {
        let error = nodes.failed("webBrowse", json!({ "url": stub.url(path) })).await;
        assert_eq!((error.code.as_str(), error.retryable), (code, retryable), "{path}");
    }
    assert_eq!(nodes.failed("webBrowse", json!({ "url": "http://192.168.1.1/" })).await.code, "ADDRESS_BLOCKED");
}

#[tokio::test]
async fn pages_are_inputs_with_passages() {
    let (nodes, stub) = (Nodes::new().await, shop().await);
    let one = nodes.done("url", json!({ "urls": stub.url("/"), "chunkSize": 20, "chunkOverlap": 0 })).await;
    assert_eq!((&one["title"], one["urls"].as_array().map(Vec::len)), (&json!("Our & Shop"), Some(1)));
    assert_eq!(one["combinedText"], one["urls"][0]["content"]);
    assert_eq!(one["content"], one["urls"][0]["content"]);
    let chunks = one["urls"][0]["chunks"].as_array().expect("passages");
    assert!(
        chunks.len() > 1
            && chunks.iter().all(|chunk| chunk["content"].as_str().is_some_and(|text| text.chars().count() <= 20))
    );
    let input = json!({ "urlVariable": "pages", "scrapingMode": "html" });
    let context = json!({ "inputs": { "pages": [stub.url("/plain"), stub.url("/gone")] }, "names": {} });
    let many = nodes.call("url", EffectCall { context: Some(context), ..keyed(input) }).await.result.expect("pages");
    assert_eq!((&many["combinedText"], &many["urls"][1]["content"]), (&json!("a < b"), &json!("")));
    assert_eq!(many["urls"][1]["url"], stub.url("/gone"));
    assert!(many["urls"][1]["error"].as_str().is_some_and(|text| text.contains("404")), "{many}");
    assert_eq!(many.get("title"), None);
    assert_eq!(nodes.failed("url", json!({ "urls": stub.url("/gone") })).await.code, "NOT_FOUND");
    assert_eq!(nodes.failed("url", json!({})).await.code, "VALIDATION");
    assert_eq!(nodes.failed("url", json!({ "urls": stub.url("/"), "scrapingMode": "odd" })).await.code, "VALIDATION");
    assert_eq!(nodes.failed("url", json!({ "urls": stub.url("/"), "timeout": 61 })).await.code, "VALIDATION");
}

#[tokio::test]
async fn a_search_asks_the_provider_of_the_workspace() {
    let nodes = Nodes::new().await;
    let stub = Stub::start(|seen: &Seen| match seen.path.as_str() {
        path if path.contains("categories=images") => {
            json_response(200, "{\"results\":[{\"title\":\"P\",\"img_src\":\"https://p.example/1.png\"}]}")
        }
        _ => json_response(
            200,
            r#"{"results":[{"title":"A","url":"https://a.example","content":"About A","publishedDate":"2026-01-02"},
                {"title":"B","url":"https://b.example","content":"About B"},{"title":"C","url":"https://c.example"}]}"#,
        ),
    })
    .await;
    let secret = json!({ "X-Team": "secret-header-value" });
    nodes.connect("searxng", "custom_headers", json!({ "base_url": stub.url("/s") }), secret).await;
    let found = nodes.done("webSearch", json!({ "query": "a b", "maxResults": 2 })).await;
    assert_eq!(stub.last().path, "/s/search?q=a%20b&format=json&categories=general");
    assert_eq!(stub.last().header("x-team"), "secret-header-value");
    let expected = json!({ "query": "a b", "results": [
        { "title": "A", "url": "https://a.example", "snippet": "About A", "publishedDate": "2026-01-02" },
        { "title": "B", "url": "https://b.example", "snippet": "About B" },
    ] });
    assert_eq!(found, expected);
    let pictures = nodes.done("webSearch", json!({ "query": "x", "searchType": "images" })).await;
    assert_eq!(pictures["results"], json!([{ "title": "P", "url": "https://p.example/1.png", "snippet": "" }]));
    for wrong in [json!({}), json!({ "query": "x", "maxResults": 21 }), json!({ "query": "x", "searchType": "odd" })] {
        assert_eq!(nodes.failed("webSearch", wrong.clone()).await.code, "VALIDATION", "{wrong}");
    }
    let other: Value = json!({ "query": "x", "provider": "tavily" });
    assert_eq!(nodes.failed("webSearch", other).await.code, "NOT_CONFIGURED");
}
