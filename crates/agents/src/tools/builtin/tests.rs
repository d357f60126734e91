//! Sums.

use serde_json::json;

use super::sums::work_out;

#[test]
fn sums_are_worked_out_by_the_usual_rules() {
    let cases = [
        ("1 + 2 * 3", json!(7)),
        ("(12.5 + 3) * 4", json!(62)),
        ("-2^2", json!(-4)),
        ("2^3^2", json!(512)),
        ("10 % 4 / 4", json!(0.5)),
        ("1 - -1", json!(2)),
    ];
    for (text, wanted) in cases {
        assert_eq!(work_out(text), Ok(wanted), "{text}");
    }
    for text in ["", "1 +", "1 2", "(1", "1/0", "2^99999", "os.exit()", &"(".repeat(1_000)] {
        assert!(work_out(text).is_err(), "{text}");
    }
}
