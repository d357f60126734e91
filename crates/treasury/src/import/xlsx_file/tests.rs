use std::io::Write;

use super::*;

/// A workbook with the parts that are needed; the sheet's rows are given.
fn workbook(sheet_data: &str, visible: bool) -> Vec<u8> {
    let state = if visible { "" } else { " state=\"hidden\"" };
    let parts = [
        (
            "[Content_Types].xml",
            r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>"#.to_owned(),
        ),
        (
            "_rels/.rels",
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#.to_owned(),
        ),
        (
            "xl/workbook.xml",
            format!(r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Staff" sheetId="1"{state} r:id="r1"/></sheets></workbook>"#),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#.to_owned(),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!(r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{sheet_data}</sheetData></worksheet>"#),
        ),
    ];
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).expect("a part");
        archive.write_all(text.as_bytes()).expect("room");
    }
    archive.finish().expect("an archive").into_inner()
}

#[test]
fn cells_of_every_kind_become_texts() {
    let data = r#"
        <row r="1"><c r="A1" t="inlineStr"><is><t>name</t></is></c><c r="C1" t="inlineStr"><is><t>amount</t></is></c></row>
        <row r="4"><c r="A4" t="inlineStr"><is><t>Ada &amp; Co</t></is></c><c r="B4"><v>123456789</v></c><c r="C4"><v>350000.30000000005</v></c></row>
        <row r="5"><c r="A5" t="str"><f>A4</f><v>Bola</v></c><c r="B5" t="b"><v>1</v></c><c r="C5" t="e"><v>#DIV/0!</v></c></row>
        <row r="6"><c r="A6"/></row>
        <row r="1048576"><c r="XFD1048576"><v>1</v></c></row>"#;
    let rows = rows(&workbook(data, true)).expect("rows");
    let texts: Vec<(u32, Vec<&str>)> =
        rows.iter().map(|row| (row.number, row.cells.iter().map(String::as_str).collect())).collect();
    assert_eq!(
        texts,
        [
            (1, vec!["name", "", "amount"]),
            (4, vec!["Ada & Co", "123456789", "350000.3"]),
            (5, vec!["Bola", "true", "#DIV/0!"]),
        ]
    );
}

#[test]
fn numbers_are_written_as_a_spreadsheet_shows_them() {
    for (number, text) in [
        (350_000.0, "350000"),
        (0.1 + 0.2, "0.3"),
        (10.005, "10.005"),
        (9_999_999_999_999.99, "9999999999999.99"),
        (1e21, "1000000000000000000000"),
        (-5.5, "-5.5"),
        (0.0, "0"),
    ] {
        assert_eq!(number_text(number), text);
    }
}

#[test]
fn broken_and_huge_files_are_refused() {
    let whole = workbook("", true);
    assert_eq!(rows(&whole), Ok(Vec::new()));
    assert_eq!(rows(&workbook("", false)), Err(FileProblem::Empty));
    for cut in [4, 30, whole.len() / 2, whole.len() - 1] {
        assert_eq!(rows(&whole[..cut]), Err(FileProblem::Xlsx), "{cut}");
    }
    let bomb = workbook(&" ".repeat(UNPACKED_MAX as usize), true);
    assert!(bomb.len() < 200_000, "it is packed small");
    assert_eq!(rows(&bomb), Err(FileProblem::Unpacked));
    let long: String =
        (1..=ROWS_MAX + 2).map(|row| format!(r#"<row r="{row}"><c r="A{row}"><v>1</v></c></row>"#)).collect();
    assert_eq!(rows(&workbook(&long, true)), Err(FileProblem::TooManyRows));
    let odd = workbook(r#"<row r="x"><c r="ZZZZZZZZ9"><v>1</v></c></row>"#, true);
    // Whatever the library makes of it, it ends.
    assert!(rows(&odd).is_ok() || rows(&odd) == Err(FileProblem::Xlsx));
}
