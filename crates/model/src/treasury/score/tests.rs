use super::*;

#[test]
fn scores_are_rounded_half_to_even_and_written_without_trailing_zeros() {
    for (json, expected) in [
        ("0", Ok("0")),
        ("-0", Ok("0")),
        ("1", Ok("1")),
        ("1.0000", Ok("1")),
        ("0.35", Ok("0.35")),
        ("35e-2", Ok("0.35")),
        ("0.12345", Ok("0.1234")),
        ("0.12335", Ok("0.1234")),
        ("0.123450000000000000000000001", Ok("0.1235")),
        ("0.00005", Ok("0")),
        ("0.00015", Ok("0.0002")),
        ("0.99999", Ok("1")),
        ("1e-400", Ok("0")),
        ("1.00000000000000000001", Err("less_than_equal")),
        ("2", Err("less_than_equal")),
        ("1e400", Err("less_than_equal")),
        ("-0.00000001", Err("greater_than_equal")),
        ("\"0.3\"", Err("number_type")),
        ("false", Err("number_type")),
    ] {
        let read = Score::read(json).map(|score| score.to_string()).map_err(|problem| problem.kind);
        assert_eq!(read.as_deref(), expected.as_ref().copied(), "{json}");
    }
}

#[test]
fn scores_keep_their_text_in_json() {
    for text in ["0", "0.0001", "0.35", "1"] {
        let score: Score = serde_json::from_str(text).expect("score");
        assert_eq!(serde_json::to_string(&score).expect("json"), text);
    }
}

#[test]
fn computed_fractions_are_rounded_half_to_even_in_decimals() {
    // 0.1 + 0.2 and the like are not what they seem: 0.00005 is a little above half a unit as a float, 0.12345 a little below.
    for (fraction, expected) in [
        (0.00005, 0),
        (0.00015, 2),
        (0.12345, 1_234),
        (0.12335, 1_234),
        (0.1 + 0.2, 3_000),
        (0.123_451, 1_235),
        (1.000_000_1, 10_000),
        (-0.1, 0),
        (f64::NAN, 0),
    ] {
        assert_eq!(Score::from_fraction(fraction).ten_thousandths(), expected, "{fraction}");
    }
}
