use floe_model::placements::assets::MediaKind;

use super::*;

fn png() -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], content: &[u8]| {
        file.extend((content.len() as u32).to_be_bytes());
        file.extend(kind);
        file.extend(content);
        file.extend([0; 4]);
    };
    chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]);
    chunk(b"IDAT", &[1, 2, 3]);
    chunk(b"IEND", &[]);
    file
}

fn jpeg() -> Vec<u8> {
    let mut file = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0];
    file.extend([0xff, 0xc0, 0, 11, 8, 0, 1, 0, 1, 1, 1, 0x11, 0]);
    file.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x12, 0x34, 0xff, 0xd9]);
    file
}

fn webp() -> Vec<u8> {
    let mut file = b"RIFF".to_vec();
    file.extend(16_u32.to_le_bytes());
    file.extend(b"WEBPVP8L");
    file.extend(4_u32.to_le_bytes());
    file.extend([0x2f, 0, 0, 0]);
    file
}

fn gif() -> Vec<u8> {
    let mut file = b"GIF89a".to_vec();
    file.extend([1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255]);
    file.extend([0x21, 0xf9, 4, 0, 0, 0, 0, 0]);
    file.extend([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3b]);
    file
}

const SVG: &str = r##"<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 1 1">
<style>.a{fill:#f00}</style><defs><path id="p" d="M0 0h1"/></defs><use xlink:href="#p"/><a href="https://floe.test/only">x &amp; y</a>
<image href="data:image/png;base64,AAAA"/><animate attributeName="opacity" values="0;1"/></svg>"##;

const LOTTIE: &str = r#"{"v":"5.7.4","fr":30,"ip":0,"op":60,"w":100,"h":100,"layers":[{"ty":4}]}"#;

#[test]
fn each_kind_is_known_by_its_bytes() {
    let with_mark = format!("\u{feff} {SVG}");
    for (bytes, kind) in [
        (png(), MediaKind::Png),
        (jpeg(), MediaKind::Jpeg),
        (webp(), MediaKind::Webp),
        (gif(), MediaKind::Gif),
        (SVG.into(), MediaKind::Svg),
        (with_mark.into(), MediaKind::Svg),
        (LOTTIE.into(), MediaKind::Lottie),
    ] {
        assert_eq!(kind_of(&bytes), Ok(kind));
    }
}

#[test]
fn a_file_that_is_cut_anywhere_is_refused_and_never_panics() {
    for file in [png(), jpeg(), webp(), gif(), SVG.into(), LOTTIE.into()] {
        for length in 0..file.len() {
            assert!(kind_of(&file[..length]).is_err(), "{length} bytes of {}", String::from_utf8_lossy(&file));
        }
        for at in 0..file.len() {
            let mut file = file.clone();
            file[at] ^= 0xff;
            let _ = kind_of(&file);
        }
    }
}

#[test]
fn other_files_are_refused() {
    for bytes in [
        &b"%PDF-1.7"[..],
        b"<html><body>x</body></html>",
        b"{\"a\":1}",
        b"[1,2]",
        b"{\"fr\":30,\"ip\":0,\"op\":0,\"w\":1,\"h\":1,\"layers\":[]}",
        b"{\"fr\":30,\"ip\":0,\"op\":1,\"w\":1,\"h\":1,\"layers\":{}}",
        b"",
        b"MZ\x90\0",
    ] {
        assert!(kind_of(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn drawings_that_could_run_something_are_refused() {
    let script = MediaProblem::Svg(SvgProblem::Script);
    let outside = MediaProblem::Svg(SvgProblem::Outside);
    let broken = MediaProblem::Svg(SvgProblem::Broken);
    for (inside, expected) in [
        ("<script>alert(1)</script>", script),
        ("<SCRIPT/>", script),
        ("<x:script xmlns:x='http://www.w3.org/2000/svg'/>", script),
        ("<g onload='alert(1)'/>", script),
        ("<g OnClick='x'/>", script),
        ("<a href='javascript:alert(1)'/>", script),
        ("<a href=' java\tscript:alert(1)'/>", script),
        ("<a href='&#106;avascript:alert(1)'/>", script),
        ("<a xlink:href='JAVASCRIPT&#58;x'/>", script),
        ("<a href='data:text/html,x'/>", script),
        ("<use href='data:image/svg+xml,x'/>", script),
        ("<foreignObject><body/></foreignObject>", script),
        ("<a><set attributeName='href' to='x'/></a>", script),
        ("<animate attributeName='xlink:href' values='x'/>", script),
        ("<animate attributeName='opacity' values='javascript:x'/>", script),
        ("<style>@import url(//e.test)</style>", outside),
        ("<style>&#64;import url(//e.test)</style>", outside),
        ("<style>a{background:\\75rl(x)}</style>", outside),
        ("<style><![CDATA[ @IMPORT 'x' ]]></style>", outside),
        ("<g style='x:expression(1)'/>", outside),
        ("<?xml-stylesheet href='x'?>", outside),
        ("<g>", broken),
        ("<g a='1' a='2'/>", broken),
        ("<g href='&unknown;'/>", broken),
    ] {
        let file = format!("<svg xmlns='http://www.w3.org/2000/svg'>{inside}</svg>");
        assert_eq!(kind_of(file.as_bytes()), Err(expected), "{inside}");
    }
    for file in [
        "<!DOCTYPE svg [<!ENTITY a 'b'>]><svg>&a;</svg>",
        "<?xml version='1.0' encoding='ISO-2022-JP'?><svg/>",
        "<svg/><svg/>",
        "<html><svg/></html>",
        "text <svg/>",
    ] {
        assert!(kind_of(file.as_bytes()).is_err(), "{file}");
    }
    let deep = format!("<svg>{}{}</svg>", "<g>".repeat(300), "</g>".repeat(300));
    assert_eq!(kind_of(deep.as_bytes()), Err(broken));
}
