use super::*;

#[test]
fn amounts_of_files_are_read_with_their_signs_and_commas() {
    for (text, expected) in [
        ("350000", Some("350000")),
        ("350,000.50", Some("350000.50")),
        ("₦350,000", Some("350000")),
        ("₦ 1,350,000.00", Some("1350000.00")),
        ("NGN 50", Some("50")),
        ("50ngn", Some("50")),
        ("50 ₦", Some("50")),
        ("'00500.10", Some("500.10")),
        ("0", Some("0")),
        ("-5", Some("-5")),
        ("10.005", Some("10.005")),
        ("1,2345", None),
        ("12,34", None),
        ("1234,567", None),
        (",500", None),
        ("5.", None),
        (".5", None),
        ("1.234.567", None),
        ("3.5E+05", None),
        ("=1+1", None),
        ("$5", None),
        ("NGN", None),
        ("₦", None),
        ("NGNNGN5", None),
        ("(5)", None),
        ("5k", None),
        ("٥", None),
        ("", None),
    ] {
        assert_eq!(plain_amount(text).as_deref(), expected, "{text}");
    }
}
