//! Fonts, media and icons: what comes in is checked, and what goes out never changes (placements contract, sections 11.1, 11.3, 12).

use floe_testkit::on_both;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

const FONT_LIMIT: usize = 5 * 1024 * 1024;
const ICON: &[u8] = include_bytes!("../data/icons/star.svg");
const SVG: &str = "<svg xmlns='http://www.w3.org/2000/svg'><rect width='1' height='1'/></svg>";

/// A TrueType file that says that it is Inter 600, filled up to a length.
pub fn font(length: usize) -> Vec<u8> {
    let mut head = vec![0; 54];
    head[12..16].copy_from_slice(&0x5F0F_3CF5_u32.to_be_bytes());
    let mut os2 = vec![0; 96];
    os2[4..6].copy_from_slice(&600_u16.to_be_bytes());
    let family: Vec<u8> = "Inter".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut name: Vec<u8> = [0_u16, 1, 18, 3, 1, 0x0409, 1, 10, 0].into_iter().flat_map(u16::to_be_bytes).collect();
    name.extend(family);
    let some = || vec![1; 8];
    let tables: [(&[u8; 4], Vec<u8>); 9] = [
        (b"OS/2", os2),
        (b"cmap", some()),
        (b"glyf", some()),
        (b"head", head),
        (b"hhea", some()),
        (b"hmtx", some()),
        (b"loca", some()),
        (b"maxp", some()),
        (b"name", name),
    ];
    let mut file = vec![0, 1, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0];
    let mut at = 12 + tables.len() * 16;
    for (tag, content) in &tables {
        file.extend_from_slice(*tag);
        file.extend([0; 4]);
        file.extend((at as u32).to_be_bytes());
        file.extend((content.len() as u32).to_be_bytes());
        at += content.len();
    }
    file.extend(tables.into_iter().flat_map(|(_, content)| content));
    // What stands behind the tables tells one part of the file from another.
    let rest = length.saturating_sub(file.len());
    file.extend((0..rest).map(|at| (at % 251) as u8));
    file
}

pub async fn upload(app: &TestApp, who: &str, path: &str, file: &[u8], texts: &[(&str, &str)], key: &str) -> Answer {
    let mut body = Vec::new();
    for (name, text) in texts {
        let part = format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let head = "--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a/b.bin\"\r\n\r\n";
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--cut--\r\n");
    let asking = app.post(path).bearer(who).header("content-type", "multipart/form-data; boundary=cut");
    let asking = if key.is_empty() { asking } else { asking.header("idempotency-key", key) };
    asking.body(body).send().await
}

async fn new_app(app: &TestApp, who: &str) -> String {
    let made = app.post("/v1/apps").bearer(who).json(&json!({ "name": "Lagos Fit", "platform": "ios" })).send().await;
    assert_eq!(made.status, 201, "{made:?}");
    format!("/v1/apps/{}", made.json["id"].as_str().expect("an id"))
}

/// The path of an absolute address of this server.
fn path_of(url: &Value) -> String {
    let url = url.as_str().expect("an address");
    url.strip_prefix(crate::app::ORIGIN).expect("an address of this server").to_owned()
}

on_both! {
    async fn a_font_is_read_kept_once_and_served_for_ever(store: TestStore) {
        let (app, who) = TestApp::with_owner(store).await;
        let fonts = format!("{}/fonts", new_app(&app, &who).await);
        // Three pieces and a bit, so that a range can begin and end anywhere.
        let file = font(900_000);
        let made = upload(&app, &who, &fonts, &file, &[], "k1").await;
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!(
            (&made.json["family"], &made.json["weight"], &made.json["style"], &made.json["size"]),
            (&json!("Inter"), &json!(600), &json!("normal"), &json!(900_000))
        );
        assert_eq!(upload(&app, &who, &fonts, &file, &[], "k1").await.json, made.json);
        upload(&app, &who, &fonts, &font(800), &[], "k1").await.is(409, "conflict");
        let again = upload(&app, &who, &fonts, &file, &[], "").await;
        assert_eq!((again.status.as_u16(), &again.json["id"]), (200, &made.json["id"]));
        upload(&app, &who, &fonts, &font(800), &[], "").await.is(409, "conflict");
        let told = [("family", " Inter Display "), ("weight", "450"), ("style", "italic"), ("more", "ignored")];
        let other = upload(&app, &who, &fonts, &file, &told, "").await;
        assert_eq!(
            (other.status.as_u16(), &other.json["family"], &other.json["weight"], &other.json["style"]),
            (201, &json!("Inter Display"), &json!(450), &json!("italic"))
        );
        let listed = app.get(&fonts).bearer(&who).send().await;
        assert_eq!((&listed.json["total"], &listed.json["data"][0]["id"]), (&json!(2), &made.json["id"]));

        let place = path_of(&made.json["url"]);
        let whole = app.get(&place).send().await;
        assert!(whole.status == 200 && whole.bytes == file, "{:?}", whole.headers);
        assert_eq!(whole.header("content-type"), "font/ttf");
        assert_eq!(whole.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(whole.header("access-control-allow-origin"), "*");
        let etag = whole.header("etag").to_owned();
        for (range, from, to) in [("0-0", 0, 0), ("262143-262144", 262_143, 262_144), ("899999-", 899_999, 899_999), ("-5", 899_995, 899_999), ("10-880000", 10, 880_000)] {
            let part = app.get(&place).header("range", &format!("bytes={range}")).send().await;
            assert_eq!(part.status, 206, "{range}");
            assert_eq!(part.header("content-range"), format!("bytes {from}-{to}/900000"));
            assert!(part.bytes == file[from..=to], "{range}");
        }
        let beyond = app.get(&place).header("range", "bytes=900000-").send().await;
        assert_eq!((beyond.status.as_u16(), beyond.header("content-range")), (416, "bytes */900000"));
        for known in [etag.clone(), format!("\"x\", W/{etag}"), "*".to_owned()] {
            let known = app.get(&place).header("if-none-match", &known).send().await;
            assert_eq!((known.status.as_u16(), known.bytes.len(), known.header("etag")), (304, 0, etag.as_str()));
        }
        assert_eq!(app.get(&place).header("if-none-match", "\"x\"").send().await.status, 200);
        let changed = app.get(&place).header("range", "bytes=0-0").header("if-range", "\"x\"").send().await;
        assert_eq!(changed.status, 200);
        let same = app.get(&place).header("range", "bytes=0-0").header("if-range", &etag).send().await;
        assert_eq!(same.status, 206);
        let head = app.ask("HEAD", &place).send().await;
        assert_eq!((head.status.as_u16(), head.header("content-length"), head.bytes.len()), (200, "900000", 0));

        // The bytes stay while the other font has them, and go with it.
        for (id, status) in [(&made.json["id"], 200), (&other.json["id"], 404)] {
            let gone = app.delete(&format!("{fonts}/{}", id.as_str().expect("an id"))).bearer(&who);
            assert_eq!(gone.header("if-match", "\"1\"").send().await.status, 204);
            assert_eq!(app.get(&place).send().await.status, status);
        }
    }

    async fn what_is_no_font_is_refused(store: TestStore) {
        let (app, who) = TestApp::with_owner(store).await;
        let fonts = format!("{}/fonts", new_app(&app, &who).await);
        let good = font(0);
        for (file, texts, field) in [
            (&b"wOF2"[..], &[][..], "file"),
            (&good[..good.len() - 1], &[], "file"),
            (b"", &[], "file"),
            (&good, &[("weight", "99")], "weight"),
            (&good, &[("weight", "bold")], "weight"),
            (&good, &[("style", "oblique")], "style"),
            (&good, &[("family", "a\tb")], "family"),
        ] {
            let refused = upload(&app, &who, &fonts, file, texts, "").await.is(400, "validation_failed");
            assert_eq!(refused.json["details"][0]["field"], json!(field), "{refused:?}");
        }
        let form = app.post(&fonts).bearer(&who).header("content-type", "multipart/form-data; boundary=cut");
        form.body(b"--cut--\r\n".to_vec()).send().await.is(400, "validation_failed");
        app.post(&fonts).bearer(&who).json(&json!({})).send().await.is(415, "unsupported_media_type");
        upload(&app, &who, &fonts, &font(FONT_LIMIT + 1), &[], "").await.is(413, "payload_too_large");
        assert_eq!(upload(&app, &who, &fonts, &font(FONT_LIMIT), &[], "").await.status, 201);
        let nowhere = "/v1/apps/00000000-0000-7000-8000-000000000000/fonts";
        for file in [&good[..], b"wOF2"] {
            upload(&app, &who, nowhere, file, &[], "").await.is(404, "not_found");
        }
    }

    async fn media_is_named_by_its_bytes_and_stays_while_a_version_names_it(store: TestStore) {
        let (app, who) = TestApp::with_owner(store).await;
        let base = new_app(&app, &who).await;
        let media = format!("{base}/media");
        let made = upload(&app, &who, &media, SVG.as_bytes(), &[], "").await;
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!((&made.json["type"], &made.json["name"]), (&json!("svg"), &json!("b.bin")));
        let again = upload(&app, &who, &media, SVG.as_bytes(), &[], "").await;
        assert_eq!((again.status.as_u16(), &again.json["id"]), (200, &made.json["id"]));
        let script = SVG.replace("<rect", "<script/><rect");
        upload(&app, &who, &media, script.as_bytes(), &[], "").await.is(400, "validation_failed");
        upload(&app, &who, &media, b"%PDF-1.7", &[], "").await.is(400, "validation_failed");
        let place = path_of(&made.json["url"]);
        let shown = app.get(&place).send().await;
        assert_eq!((shown.status.as_u16(), shown.header("content-type")), (200, "image/svg+xml"));
        assert!(shown.header("content-security-policy").contains("sandbox"), "{:?}", shown.headers);
        // Another extension, folder or workspace leads nowhere.
        let other_workspace = place.replacen(&place[5..41], "00000000-0000-7000-8000-000000000000", 1);
        for wrong in [place.replace(".svg", ".png"), place.replace("/media/", "/fonts/"), other_workspace, format!("{place}x")] {
            app.get(&wrong).send().await.is(404, "not_found");
        }

        let src = made.json["src"].as_str().expect("an address");
        assert!(place.ends_with(src), "{place}");
        let schema = json!({ "schemaVersion": "1.0.0", "entryNodeId": "s1", "edges": [], "nodes": [{ "id": "s1", "kind": "screen",
            "name": "Hello", "layout": { "id": "r", "type": "screenRoot", "children": [
                { "id": "i", "type": "image", "props": { "src": src } },
                { "id": "t", "type": "text", "props": { "text": "Hi", "fontFamily": "Inter", "fontWeight": 700 } } ] } }] });
        let font = upload(&app, &who, &format!("{base}/fonts"), &font(0), &[], "").await;
        let flow = json!({ "name": "Welcome", "type": "onboarding", "schema": schema });
        let flow = app.post(&format!("{base}/flows")).bearer(&who).json(&flow).send().await;
        assert_eq!(flow.status, 201, "{flow:?}");
        let flow = flow.json["id"].as_str().expect("an id").to_owned();
        let version = app.post(&format!("{base}/flows/{flow}/publish")).bearer(&who).json(&json!({})).send().await;
        assert_eq!(version.status, 201, "{version:?}");
        // The nearest weight stands in for the one that is used, and only that is worth a warning.
        let warnings: Vec<&str> = version.json["warnings"].as_array().expect("a list").iter().filter_map(|one| one["code"].as_str()).collect();
        assert!(!warnings.iter().any(|code| code.contains("image")), "{warnings:?}");
        for (kind, id) in [("media", &made.json["id"]), ("fonts", &font.json["id"])] {
            let path = format!("{base}/{kind}/{}", id.as_str().expect("an id"));
            app.delete(&path).bearer(&who).header("if-match", "\"2\"").send().await.is(412, "precondition_failed");
            assert_eq!(app.delete(&path).bearer(&who).send().await.status, 204);
            app.delete(&path).bearer(&who).send().await.is(404, "not_found");
        }
        assert_eq!(app.get(&place).send().await.status, 200, "a version names it");
        assert_eq!(app.get(&path_of(&font.json["url"])).send().await.status, 200, "a version names it");
        let unused = upload(&app, &who, &media, SVG.replace("rect", "circle").as_bytes(), &[], "").await;
        let gone = app.delete(&format!("{media}/{}", unused.json["id"].as_str().expect("an id"))).bearer(&who).send().await;
        assert_eq!(gone.status, 204);
        assert_eq!(app.get(&path_of(&unused.json["url"])).send().await.status, 404);
    }

    async fn icons_come_from_their_folder_alone(store: TestStore) {
        let (app, _) = TestApp::with_owner(store).await;
        let icon = app.get("/cdn/icons/star.svg").send().await;
        assert!(icon.status == 200 && icon.bytes == ICON, "{icon:?}");
        assert_eq!(icon.header("content-type"), "image/svg+xml");
        let known = app.get("/cdn/icons/star.svg").header("if-none-match", icon.header("etag")).send().await;
        assert_eq!(known.status, 304);
        let part = app.get("/cdn/icons/star.svg").header("range", "bytes=1-3").send().await;
        assert_eq!((part.status.as_u16(), part.bytes.as_slice()), (206, &ICON[1..4]));
        for missing in ["moon.svg", "star", "star.png", "..%2Ficons%2Fstar.svg", "%2e%2e.svg", ".svg"] {
            app.get(&format!("/cdn/icons/{missing}")).send().await.is(404, "not_found");
        }
        // Nobody has to prove anything, so an address has a bucket; proxies are not counted.
        let mut refused = 0;
        for _ in 0..400 {
            let answer = app.get_from("198.51.100.9:1", "/cdn/icons/moon.svg").send().await;
            refused += usize::from(answer.status == 429);
        }
        assert_eq!(refused, 0, "four seconds of a hundred a second are held");
        app.get_from("198.51.100.9:2", "/cdn/icons/star.svg").send().await.is(429, "rate_limited");
        assert_eq!(app.get("/cdn/icons/star.svg").send().await.status, 200);
    }
}
