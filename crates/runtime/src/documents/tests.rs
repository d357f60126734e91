//! Files of every kind, whole and broken.

use std::io::{Cursor, Write};

use floe_model::agents::document_kind::DocumentKind;
use floe_model::agents::passages::{Block, BlockKind};
use floe_testkit::pdf::pdf;
use zip::write::SimpleFileOptions;

use super::{Unreadable, read};

/// Blocks as text: `# ` for a heading of the first level, `[2] ` for the second page.
fn shown(blocks: &[Block]) -> Vec<String> {
    blocks
        .iter()
        .map(|block| {
            let mark = match block.kind {
                BlockKind::Heading(level) => format!("{} ", "#".repeat(usize::from(level))),
                BlockKind::Text => String::new(),
            };
            let page = block.page.map_or(String::new(), |page| format!("[{page}] "));
            format!("{page}{mark}{}", block.text)
        })
        .collect()
}

fn check(kind: DocumentKind, bytes: &[u8], expected: &[&str]) {
    let blocks = read(kind, bytes).expect("a file that can be read");
    assert_eq!(shown(&blocks), expected, "{kind:?} {}", String::from_utf8_lossy(bytes));
}

#[test]
fn plain_text_is_read_in_every_usual_encoding() {
    let check = |bytes: &[u8], expected: &[&str]| check(DocumentKind::Text, bytes, expected);
    check(b"One.\n\nTwo\nlines.\r\n\r\nThree.", &["One.", "Two\nlines.", "Three."]);
    check("\u{feff}Gr\u{fc}n".as_bytes(), &["Grün"]);
    check(b"\xff\xfeH\0i\0", &["Hi"]);
    check(b"\xfe\xff\0H\0i", &["Hi"]);
    check(b"caf\xe9 \x80 5", &["café € 5"]);
    check(b"nul\0 and bell\x07", &["nul and bell"]);
    let wrapped = "This is a line that a program has broken at its end, so that it\ncontinues on the next one, where the last word of it is ex-\nplained.";
    let whole = "This is a line that a program has broken at its end, so that it continues on the next one, where the last word of it is explained.";
    check(wrapped.as_bytes(), &[whole]);
}

#[test]
fn markdown_keeps_its_headings_lists_and_code() {
    let text = "# Title\n\nA para-\ngraph over\ntwo lines.\n\nSecond\n======\n- one\n- two\n\n```\ncode  here\n\n# no heading\n```\n## Third ##\n---\nEnd";
    check(
        DocumentKind::Markdown,
        text.as_bytes(),
        &[
            "# Title",
            "A paragraph over two lines.",
            "# Second",
            "- one\n- two",
            "```\ncode  here\n\n# no heading\n```",
            "## Third",
            "End",
        ],
    );
}

#[test]
fn web_pages_show_what_a_browser_shows() {
    let check = |text: &str, expected: &[&str]| check(DocumentKind::Html, text.as_bytes(), expected);
    check(
        "<!doctype html><html><head><title>Shop</title><style>p{}</style><script>if (a < b) alert('</p>')</script></head>\
         <body><h1>Returns &amp; refunds</h1><p>Send it <b>back</b>\n within 30&nbsp;days.<br>Please.</p>\
         <ul><li>One</li><li>Two</li></ul><!-- <p>not this</p> -->\
         <table><tr><th>Size</th><th>Price</th></tr><tr><td>S</td><td>5 &euro;</td></tr></table><pre>a\n b</pre></body></html>",
        &[
            "# Shop",
            "# Returns & refunds",
            "Send it back within 30 days.\nPlease.",
            "- One\n- Two",
            "Size | Price\nS | 5 €",
            "a\n b",
        ],
    );
    check("<table><tr><td>A</td><td></td><td>B</td><td> </td></tr><tr><td></td><td>C</td></tr></table>", &["A | B\nC"]);
    check("a < b and <3 &unknown; &#8364;", &["a < b and <3 &unknown; €"]);
    check("<p title=\"a > b\">text</p><script>never ends", &["text"]);
    check("<p>text <a href='x", &["text"]);
}

#[test]
fn tables_name_their_columns() {
    let check = |text: &str, expected: &[&str]| check(DocumentKind::Csv, text.as_bytes(), expected);
    check("name,price\nHat,5\n\"Cap, red\",7\n", &["name: Hat; price: 5", "name: Cap, red; price: 7"]);
    check("name;price\nHat;5;extra\n;\n", &["name: Hat; price: 5; extra"]);
    check("only one row", &["only one row"]);
}

#[test]
fn json_names_its_values() {
    let check = |text: &str, expected: &[&str]| check(DocumentKind::Json, text.as_bytes(), expected);
    check(r#"{"a":{"b":1},"c":[true,"x"],"d":null}"#, &["a.b: 1\nc: true, x"]);
    check(r#"[{"q":"One?"},{"q":"Two?"}]"#, &["q: One?", "q: Two?"]);
    check("{\"q\":\"One?\"}\n{\"q\":\"Two?\"}\n", &["q: One?", "q: Two?"]);
}

#[test]
fn documents_of_word_processors_are_read() {
    let xml = r#"<?xml version="1.0"?><w:document xmlns:w="w"><w:body>
        <w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Returns</w:t></w:r></w:p>
        <w:p><w:r><w:t xml:space="preserve">Send it </w:t></w:r><w:r><w:t>back &amp; wait.</w:t></w:r><w:r><w:delText>gone</w:delText></w:r></w:p>
        <w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>Item</w:t></w:r></w:p>
        <w:tbl><w:tr><w:tc><w:p><w:r><w:t>Size</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>S</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
        <w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>Box</w:t></w:r></w:p></w:txbxContent></mc:Choice>
        <mc:Fallback><w:txbxContent><w:p><w:r><w:t>Box</w:t></w:r></w:p></w:txbxContent></mc:Fallback></mc:AlternateContent><w:t>Around</w:t></w:r></w:p>
        </w:body></w:document>"#;
    check(
        DocumentKind::Docx,
        &docx(&[("word/document.xml", xml.as_bytes())]),
        &["# Returns", "Send it back & wait.", "- Item", "Size | S", "Box", "Around"],
    );
}

#[test]
fn pages_of_a_pdf_are_read_with_their_numbers() {
    let file = pdf(&[&["Send it back within", "thirty days."], &["We pay within a week."]]);
    check(DocumentKind::Pdf, &file, &["[1] Send it back within thirty days.", "[2] We pay within a week."]);
}

#[test]
fn files_that_say_nothing_tell_why() {
    use DocumentKind::{Csv, Docx, Html, Json, Markdown, Pdf, Text};
    let bomb = docx(&[("word/document.xml", &vec![b' '; 130 * 1024 * 1024])]);
    let entities = br#"<!DOCTYPE d [<!ENTITY a "aaaa">]><w:document><w:p><w:t>&a;</w:t></w:p></w:document>"#;
    let deep = "<a>".repeat(5_000);
    let cases: &[(DocumentKind, &[u8], Unreadable)] = &[
        (Text, b" \n\t ", Unreadable::Empty),
        (Markdown, b"---\n***", Unreadable::Empty),
        (Html, b"<html><script>var a = 1</script></html>", Unreadable::Empty),
        (Csv, b",,\n,,", Unreadable::Empty),
        (Json, b"{\"a\":", Unreadable::Broken),
        (Json, b"{}", Unreadable::Empty),
        (Json, &[b"[".repeat(100_000), b"]".repeat(100_000)].concat(), Unreadable::Broken),
        (Docx, b"PK\x03\x04 and nothing", Unreadable::Broken),
        (Docx, &docx(&[("other.xml", b"<a/>")]), Unreadable::Broken),
        (Docx, &docx(&[("word/document.xml", b"<w:document><w:p>")]), Unreadable::Broken),
        (Docx, &docx(&[("word/document.xml", entities)]), Unreadable::Broken),
        (Docx, &docx(&[("word/document.xml", deep.as_bytes())]), Unreadable::Broken),
        (Docx, &bomb, Unreadable::TooLarge),
        (Docx, b"\xd0\xcf\x11\xe0 protected", Unreadable::Encrypted),
        (Pdf, b"%PDF-1.7 and nothing", Unreadable::Broken),
        (Pdf, &pdf(&[&[]]), Unreadable::Empty),
    ];
    for (kind, bytes, expected) in cases {
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
        assert_eq!(read(*kind, bytes), Err(*expected), "{kind:?} {start}");
    }
}

/// A packed file of these parts.
fn docx(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        archive.start_file(*name, SimpleFileOptions::default()).expect("a part");
        archive.write_all(content).expect("its content");
    }
    archive.finish().expect("a file").into_inner()
}
