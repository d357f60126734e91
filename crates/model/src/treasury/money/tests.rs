use super::*;

#[test]
fn amounts_are_judged_from_their_text() {
    for (json, expected) in [
        ("10", Ok(1_000)),
        ("10.5", Ok(1_050)),
        ("10.500", Ok(1_050)),
        ("0.01", Ok(1)),
        ("1e3", Ok(100_000)),
        ("1.5E+2", Ok(15_000)),
        ("1050e-2", Ok(1_050)),
        ("1000000000000000000000e-20", Ok(1_000)),
        ("0.000000000000000000001e21", Ok(100)),
        ("9999999999999.99", Ok(999_999_999_999_999)),
        ("0.1e1000000000000000000000000", Err("less_than_equal")),
        ("10.005", Err("decimal_places")),
        ("1e-3", Err("decimal_places")),
        ("1e-99999999999999999999999", Err("decimal_places")),
        ("10000000000000", Err("less_than_equal")),
        ("9999999999999.991", Err("less_than_equal")),
        ("1e400", Err("less_than_equal")),
        ("0", Err("greater_than")),
        ("-0.0", Err("greater_than")),
        ("0e400", Err("greater_than")),
        ("-1", Err("greater_than")),
        ("-1e400", Err("greater_than")),
        ("-0.001", Err("greater_than")),
        ("\"10\"", Err("number_type")),
        ("true", Err("number_type")),
        ("NaN", Err("number_type")),
        ("", Err("number_type")),
        ("-", Err("number_type")),
        ("+1", Err("number_type")),
        ("01", Err("number_type")),
        ("1.", Err("number_type")),
        (".5", Err("number_type")),
        ("1e", Err("number_type")),
        ("1e+", Err("number_type")),
        ("1.2.3", Err("number_type")),
        ("1 ", Err("number_type")),
        ("[1]", Err("number_type")),
        ("١", Err("number_type")),
    ] {
        assert_eq!(Kobo::read(json).map(Kobo::minor).map_err(|problem| problem.kind), expected, "{json}");
    }
    assert_eq!(Kobo::read_from_zero("0.00"), Ok(Kobo::ZERO));
    assert_eq!(Kobo::read_from_zero("-0.001").map_err(|problem| problem.kind), Err("greater_than_equal"));
}

#[test]
fn amounts_are_written_with_two_decimals() {
    for (kobo, text) in [
        (0, "0.00"),
        (5, "0.05"),
        (-5, "-0.05"),
        (35_000_000, "350000.00"),
        (-123_456, "-1234.56"),
        (i64::MAX, "92233720368547758.07"),
        (i64::MIN, "-92233720368547758.08"),
    ] {
        assert_eq!(Kobo(kobo).to_string(), text);
        assert_eq!(serde_json::to_string(&Kobo(kobo)).ok().as_deref(), Some(text));
    }
    // Far above what a binary float tells apart.
    let json = "{\"amount\":900719925474099.93}";
    let read: std::collections::BTreeMap<String, Kobo> = serde_json::from_str(json).expect("amount");
    assert_eq!(read["amount"], Kobo(90_071_992_547_409_993));
    assert_eq!(serde_json::to_string(&read).expect("json"), json);
}

#[test]
fn sums_are_checked() {
    assert_eq!(Kobo(i64::MAX).checked_add(Kobo(1)), None);
    assert_eq!(Kobo(i64::MIN).checked_sub(Kobo(1)), None);
    assert_eq!(Kobo(i64::MIN).checked_neg(), None);
    assert_eq!(Kobo::naira(i64::MAX), None);
    assert_eq!(Kobo::checked_sum([Kobo(i64::MAX), Kobo(1)]), None);
    // Out of range on the way only.
    assert_eq!(Kobo::checked_sum([Kobo(i64::MAX), Kobo(1), Kobo(-2)]), Some(Kobo(i64::MAX - 1)));
}

proptest::proptest! {
    #[test]
    fn what_is_written_is_read_again(kobo in -999_999_999_999_999_999_i64..=999_999_999_999_999_999) {
        proptest::prop_assert_eq!(Kobo::parse(&Kobo(kobo).to_string()), Some(Kobo(kobo)));
    }

    #[test]
    fn no_text_breaks_the_reader(text in "[-+0-9.eE]{0,24}") {
        let is_json = serde_json::from_str::<&RawValue>(&text).is_ok();
        let is_number = Kobo::read(&text) != Err(NumberProblem::TYPE);
        proptest::prop_assert_eq!(is_number, is_json);
    }
}
