//! A workbook of one sheet (ECMA-376), as small as programs take it: texts stand in their cells and are never formulas.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use floe_engine::event::StepError;
use floe_model::Fault;
use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::super::config::written;
use super::super::failure::internal;
use super::rows::Table;

/// Characters of a cell at most, a limit of the programs that read it.
const CELL_CHARS_MAX: usize = 32_767;
/// Characters of the name of a sheet at most, likewise.
const SHEET_CHARS_MAX: usize = 31;

const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>"#;
const RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const OF_WORKBOOK: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#;
/// Style 1 is bold, for the names of columns.
const STYLES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs></styleSheet>"#;

/// The workbook. The same table gives the same bytes.
///
/// # Errors
/// INTERNAL when memory cannot hold it.
pub(super) fn write(table: &Table, sheet: &str) -> Result<Vec<u8>, StepError> {
    packed(&[
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", RELATIONS),
        ("xl/workbook.xml", &workbook(sheet)),
        ("xl/_rels/workbook.xml.rels", OF_WORKBOOK),
        ("xl/styles.xml", STYLES),
        ("xl/worksheets/sheet1.xml", &cells(table)),
    ])
    .map_err(|error| internal(&Fault::internal(error.to_string())))
}

fn packed(parts: &[(&str, &str)]) -> Result<Vec<u8>, zip::result::ZipError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        archive.start_file(*name, SimpleFileOptions::default())?;
        archive.write_all(text.as_bytes())?;
    }
    Ok(archive.finish()?.into_inner())
}

fn workbook(sheet: &str) -> String {
    let is_free = |c: &char| !matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\'');
    let name: String = sheet.chars().filter(is_free).take(SHEET_CHARS_MAX).collect();
    let name = if name.trim().is_empty() { "Sheet1" } else { name.trim() };
    format!(
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="{}" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
        escaped(name)
    )
}

fn cells(table: &Table) -> String {
    let mut xml = String::from(
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#,
    );
    let mut number = 0;
    if !table.columns.is_empty() {
        number += 1;
        let names: Vec<Value> = table.columns.iter().map(|name| Value::String(name.clone())).collect();
        row(&mut xml, number, &names, true);
    }
    for cells in &table.rows {
        number += 1;
        row(&mut xml, number, cells, false);
    }
    xml.push_str("</sheetData></worksheet>");
    xml
}

fn row(xml: &mut String, number: usize, cells: &[Value], is_head: bool) {
    let style = if is_head { r#" s="1""# } else { "" };
    // Writing to a text cannot fail.
    let _ = write!(xml, r#"<row r="{number}">"#);
    for (at, value) in cells.iter().enumerate() {
        let place = format!("{}{number}", column(at));
        let _ = match value {
            Value::Null => Ok(()),
            Value::Bool(flag) => write!(xml, r#"<c r="{place}"{style} t="b"><v>{}</v></c>"#, u8::from(*flag)),
            Value::Number(number) => write!(xml, r#"<c r="{place}"{style}><v>{number}</v></c>"#),
            other => {
                let text: String = written(other).chars().take(CELL_CHARS_MAX).collect();
                let text = escaped(&text);
                write!(xml, r#"<c r="{place}"{style} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>"#)
            }
        };
    }
    xml.push_str("</row>");
}

/// `A`, `B`, … `Z`, `AA`, by position from 0.
fn column(at: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = at + 1;
    while rest > 0 {
        letters.push(b'A' + u8::try_from((rest - 1) % 26).unwrap_or(0));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().map(|letter| char::from(*letter)).collect()
}

/// Text in XML, without the characters that XML does not have.
fn escaped(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => all.push_str("&amp;"),
            '<' => all.push_str("&lt;"),
            '>' => all.push_str("&gt;"),
            '"' => all.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() && !matches!(c, '\n' | '\r' | '\t') => {}
            c => all.push(c),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use serde_json::json;

    use super::*;

    #[test]
    fn columns_have_letters() {
        for (at, letters) in [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA")] {
            assert_eq!(column(at), letters);
        }
    }

    #[test]
    fn a_sheet_holds_values_of_their_types() {
        let table = Table::of(&json!([{ "n": 1.5, "t": "=1 <&>\u{1}", "b": true, "o": { "k": 1 }, "z": null }]))
            .expect("a table");
        let bytes = write(&table, "Totals: 2026/27").expect("a workbook");
        assert_eq!(bytes, write(&table, "Totals: 2026/27").expect("a workbook"), "the same bytes each time");
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
        let mut part = |name: &str| {
            let mut text = String::new();
            archive.by_name(name).expect(name).read_to_string(&mut text).expect("text");
            text
        };
        assert!(part("xl/workbook.xml").contains(r#"<sheet name="Totals 202627""#));
        let sheet = part("xl/worksheets/sheet1.xml");
        for cell in [
            r#"<c r="A1" s="1" t="inlineStr"><is><t xml:space="preserve">n</t></is></c>"#,
            r#"<c r="A2"><v>1.5</v></c>"#,
            r#"<t xml:space="preserve">=1 &lt;&amp;&gt;</t>"#,
            r#"<c r="C2" t="b"><v>1</v></c>"#,
            r#"<t xml:space="preserve">{&quot;k&quot;:1}</t>"#,
        ] {
            assert!(sheet.contains(cell), "{cell} in {sheet}");
        }
        assert!(!sheet.contains("E2"), "an empty cell is left out");
    }
}
