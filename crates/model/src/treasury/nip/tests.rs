use super::*;

#[test]
fn codes_mean_what_the_contract_says() {
    let refused = "03 05 06 07 08 12 13 14 15 16 17 18 30 34 35 51 57 58 61 63 65 69 70 71";
    let unknown = "01 09 68 91 92 96 97 99 02 04 10 42 100 0 A1";
    for (codes, question, expected) in [
        ("00", Question::Send, Meaning::Success),
        (refused, Question::Send, Meaning::Refused),
        (refused, Question::Status, Meaning::Refused),
        (unknown, Question::Send, Meaning::Unknown),
        (unknown, Question::Status, Meaning::Unknown),
        ("26 94 98", Question::Send, Meaning::AlreadySent),
        ("25", Question::Send, Meaning::Unknown),
        ("25", Question::Status, Meaning::NotFound),
    ] {
        for code in codes.split(' ') {
            assert_eq!(meaning(code, question), expected, "{code} {question:?}");
        }
    }
    assert_eq!(meaning("", Question::Send), Meaning::Unknown);
}
