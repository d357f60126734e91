use super::*;

#[test]
fn an_objective_repeats_an_earlier_one_by_its_words() {
    let earlier = ["Pay field staff bonus", "Pay October field staff", "Pay field staff September 2026", "2026"];
    for (objective, expected) in [
        ("Pay November field staff", Some(1)),
        ("PAY FIELD STAFF 12/11/2026", Some(1)),
        ("Pay field staff their bonus for November", None),
        // Four of five words.
        ("Pay the field staff bonus", Some(0)),
        ("Pay suppliers", None),
        ("November 2026", None),
        ("", None),
    ] {
        assert_eq!(repeated(objective, earlier), expected, "{objective}");
    }
}
