use super::*;

#[test]
fn answers_of_the_table() {
    let code = |code: &str| Answer::Code(code.to_owned());
    for (account, naira, sent, first, second) in [
        ("0108024071", 25_000, "00", code("00"), code("00")),
        ("0000000000", 25_000, "07", code("07"), code("07")),
        ("0108024071", 10_000_000, "00", code("00"), code("00")),
        ("0108024071", 10_000_001, "51", code("51"), code("51")),
        ("9900000091", 25_000, "91", code("91"), code("00")),
        ("9900000025", 25_000, "25", code("09"), code("00")),
        ("9900000094", 25_000, "94", code("09"), code("00")),
        ("9900000051", 25_000, "51", code("51"), code("51")),
        ("9800000091", 25_000, "91", code("25"), code("25")),
        ("9800000000", 25_000, "00", code("00"), code("00")),
        ("9700000000", 25_000, "00", code("00"), code("00")),
        ("9600000000", 25_000, "00", Answer::Reversed, Answer::Reversed),
        ("9600000000", 10_000_001, "51", code("51"), code("51")),
        ("9500000000", 25_000, "09", code("09"), code("09")),
    ] {
        let number = AccountNumber::parse(account).expect("ten digits");
        let amount = Kobo::naira(naira).expect("in range");
        assert_eq!(send(&number, amount), sent, "{account}");
        assert_eq!((status(&number, amount, 1), status(&number, amount, 2)), (first, second), "{account}");
    }
}

#[test]
fn holders_of_the_table() {
    let ask = |account| enquire(&AccountNumber::parse(account).expect("ten digits"), "Ngozi Eze");
    assert_eq!(ask("0000000000"), Enquiry::Invalid("07"));
    assert_eq!(ask("9700000000"), Enquiry::Holder("MISMATCHED HOLDER".to_owned()));
    assert_eq!(ask("0108024071"), Enquiry::Holder("Ngozi Eze".to_owned()));
}
