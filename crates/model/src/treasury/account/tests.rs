use super::*;

#[test]
fn check_digits_of_the_contract() {
    for (account, code, right) in [
        ("0000014579", "011", Some(true)),
        ("0000000220", "011", Some(true)),
        ("0010246780", "044", Some(true)),
        ("0054556411", "221", Some(true)),
        ("0108024071", "058", Some(true)),
        ("0263874788", "058", Some(true)),
        ("5600026567", "070", Some(true)),
        ("2828744017", "214", Some(true)),
        ("5005801153", "068", Some(true)),
        ("1012854016", "057", Some(true)),
        ("1018044721", "033", Some(true)),
        ("5522116946", "50515", Some(true)),
        ("0123456789", "058", Some(false)),
        ("0123456785", "058", Some(true)),
        ("0123456789", "035A", None),
        ("0123456789", "05", None),
        ("0123456789", "05B", None),
        ("0123456789", "", None),
    ] {
        let number = AccountNumber::parse(account).expect("ten digits");
        assert_eq!(number.has_right_digit(code), right, "{account} at {code}");
    }
}

#[test]
fn only_ten_ascii_digits_are_an_account_number() {
    for text in ["", "012345678", "01234567890", "012345678a", "01234 6789", "٠١٢٣٤٥٦٧٨٩", "０１２３"] {
        assert_eq!(AccountNumber::parse(text), None, "{text}");
    }
}

#[test]
fn made_numbers_check_and_hide_themselves() {
    let made = AccountNumber::make("50515", 552_211_694).expect("an account");
    assert_eq!(made.as_str(), "5522116946");
    assert_eq!(AccountNumber::make("058", 7).expect("an account").has_right_digit("058"), Some(true));
    assert_eq!(AccountNumber::make("058", 1_000_000_000), None);
    assert_eq!(format!("{made:?}"), "AccountNumber(…6946)");
}
