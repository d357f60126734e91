use super::super::{PROBLEMS_MAX, RowNote};
use super::*;

const HEADER: &str = "beneficiary_name,account_number,institution_code,amount,purpose";

fn read(rows: &str) -> Imported<CandidateRow> {
    read_candidates(format!("{HEADER}\n{rows}").as_bytes(), Directory::shipped()).expect("a file")
}

fn note(row: u32, field: &'static str, kind: &'static str, message: &str) -> RowNote {
    RowNote { row, field, kind, message: message.to_owned() }
}

#[test]
fn good_rows_are_read() {
    let imported = read("Ngozi Eze,0108024071,058,\"₦350,000.50\",October\n=HYPERLINK(1),108024071,000013,25000,\n");
    assert_eq!((imported.total_rows, imported.bad_rows, imported.problems.len()), (2, 0, 0));
    assert_eq!(
        imported.rows[0],
        CandidateRow {
            row: 2,
            beneficiary_name: "Ngozi Eze".to_owned(),
            account_number: AccountNumber::parse("0108024071").expect("ten digits"),
            institution_code: "058".to_owned(),
            amount: Kobo(35_000_050),
            purpose: Some("October".to_owned()),
            beneficiary_email: None,
        }
    );
    // A formula is text, and the zero that a spreadsheet took away is back.
    assert_eq!(imported.rows[1].beneficiary_name, "=HYPERLINK(1)");
    assert_eq!(
        imported.repaired,
        [note(3, "account_number", "pattern", "read as 0108024071: its leading zero was lost")]
    );
    // The same account at the same bank under its other code.
    assert_eq!(imported.duplicates, [Duplicate { row: 3, same_as_row: 2 }]);
}

#[test]
fn every_wrong_cell_is_named() {
    for (row, problems) in [
        (",0108024071,058,5,", &[("beneficiary_name", "missing", "is missing")][..]),
        ("Ada,12345678,058,5,", &[("account_number", "pattern", "must be exactly 10 digits")]),
        ("Ada,01080 24071,058,5,", &[("account_number", "pattern", "must be exactly 10 digits")]),
        ("Ada,1.08E+09,058,5,", &[("account_number", "pattern", "must be exactly 10 digits")]),
        (
            "Ada,,,,",
            &[
                ("account_number", "missing", "is missing"),
                ("institution_code", "missing", "is missing"),
                ("amount", "missing", "is missing"),
            ],
        ),
        (
            "Ada,0108024071,58,5,",
            &[(
                "institution_code",
                "unknown_institution",
                "unknown institution \"58\"; spreadsheets drop leading zeros, so write codes as text",
            )],
        ),
        ("Ada,0108024071,GTB,5,", &[("institution_code", "unknown_institution", "unknown institution \"GTB\"")]),
        ("Ada,0108024071,058,=1+1,", &[("amount", "number_type", "\"=1+1\" is not an amount")]),
        ("Ada,0108024071,058,10.005,", &[("amount", "decimal_places", "must have no more than 2 decimal places")]),
        ("Ada,0108024071,058,0,", &[("amount", "greater_than", "must be greater than 0")]),
        ("Ada,0108024071,058,-5,", &[("amount", "greater_than", "must be greater than 0")]),
        (
            "Ada,0108024071,058,99999999999999,",
            &[("amount", "less_than_equal", "must be less than or equal to 9999999999999.99")],
        ),
        ("A\u{7}da,0108024071,058,5,", &[("beneficiary_name", "pattern", "must not contain control characters")]),
        (
            &format!("Ada,0108024071,058,5,{}", "x".repeat(101)),
            &[("purpose", "string_too_long", "must have at most 100 characters")],
        ),
        (
            &format!("{},0108024071,058,5,", "é".repeat(256)),
            &[("beneficiary_name", "string_too_long", "must have at most 255 characters")],
        ),
    ] {
        let imported = read(&format!("Bola,0000014579,011,1,\n{row}"));
        let expected: Vec<RowNote> =
            problems.iter().map(|(field, kind, message)| note(3, field, kind, message)).collect();
        assert_eq!(imported.problems, expected, "{row}");
        assert_eq!((imported.rows.len(), imported.bad_rows, imported.total_rows), (1, 1, 2), "{row}");
    }
}

#[test]
fn headers_are_found_in_any_order_and_spelling() {
    let directory = Directory::shipped();
    let file = "\u{feff}Amount;Bank Name;Account-Number;Beneficiary Name;Notes;Currency\n5;GTBank plc;0108024071;Ada;x;ngn\n5;Nowhere;0108024071;Ada;x;USD\n";
    let imported = read_candidates(file.as_bytes(), directory).expect("a file");
    assert_eq!(imported.rows.iter().map(|row| row.institution_code.as_str()).collect::<Vec<_>>(), ["058"]);
    assert_eq!(
        imported.problems,
        [
            note(3, "bank_name", "unknown_institution", "unknown or ambiguous bank \"Nowhere\""),
            note(3, "currency", "enum", "must be NGN"),
        ]
    );
    for (header, problem) in [
        ("", FileProblem::Empty),
        ("beneficiary_name,amount,bank_name", FileProblem::MissingColumn("account_number")),
        ("beneficiary_name,account_number,amount", FileProblem::MissingColumn("institution_code")),
        ("beneficiary_name,account_number,amount,Amount,bank_name", FileProblem::RepeatedColumn("amount")),
    ] {
        assert_eq!(read_candidates(header.as_bytes(), directory), Err(problem), "{header}");
    }
}

#[test]
fn at_most_a_hundred_problems_are_listed() {
    let imported = read(&"Ada,1,058,5,\n".repeat(150));
    assert_eq!((imported.problems.len(), imported.bad_rows, imported.total_rows), (PROBLEMS_MAX, 150, 150));
}
