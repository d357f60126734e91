use super::*;

#[test]
fn the_shipped_directory_has_the_core_rows() {
    let directory = Directory::parse(SHIPPED).expect("the shipped directory");
    for pair in "044/000014 063/000005 023/000009 050/000010 070/000007 011/000016 214/000003 058/000013 030/000020 301/000006 \
        082/000002 076/000008 101/000023 221/000012 068/000021 232/000001 100/000022 302/000026 102/000025 032/000018 033/000004 \
        215/000011 035/000017 057/000015 00103/000027 50211/090267 50515/090405 999992/100004 999991/100033 566/090110"
        .split_whitespace()
    {
        let (cbn, nip) = pair.split_once('/').expect("two codes");
        assert!(directory.resolve(cbn).is_some(), "{cbn}");
        assert_eq!(directory.resolve(cbn), directory.resolve(nip), "{pair}");
        assert_eq!(directory.find(nip).map(Institution::code), Some(cbn));
    }
    for nip in ["000029", "000030", "000031", "100002"] {
        assert_eq!(directory.find(nip).map(Institution::code), Some(nip));
    }
    let closed: Vec<&str> = directory.rows().iter().filter(|row| !row.active).map(Institution::code).collect();
    assert_eq!(closed, ["030"]);
    assert_ne!(directory.resolve("044"), directory.resolve("063"));
    assert_eq!(directory.resolve("035a"), directory.resolve("035"));
    assert_eq!(
        (directory.bank_key("000013"), directory.bank_key("058"), directory.bank_key("777")),
        ("058", "058", "777")
    );
    for unknown in ["", "999", "58", "0000013", "abc", "05 8"] {
        assert_eq!(directory.resolve(unknown), None, "{unknown}");
    }
}

#[test]
fn banks_are_found_by_the_names_that_people_write() {
    for (name, code) in [
        ("GTBank", Some("058")),
        ("GTBANK PLC", Some("058")),
        ("guaranty trust bank", Some("058")),
        ("Guaranty Trust", Some("058")),
        ("First Bank", Some("011")),
        ("first bank of nigeria", Some("011")),
        ("FCMB", Some("214")),
        ("Ecobank", Some("050")),
        ("U.B.A.", Some("033")),
        ("Kuda", Some("50211")),
        ("Kuda Microfinance Bank", Some("50211")),
        ("Moniepoint MFB", Some("50515")),
        ("Access", Some("044")),
        ("Diamond", Some("063")),
        ("Bank", None),
        ("", None),
        ("Bank of Nowhere", None),
    ] {
        assert_eq!(Directory::shipped().find_by_name(name).map(Institution::code), code, "{name}");
    }
}

#[test]
fn the_check_digit_is_judged_by_the_code_of_the_central_bank() {
    let account = |text| AccountNumber::parse(text).expect("ten digits");
    for (number, code, expected) in [
        ("0108024071", "058", Some(true)),
        ("0108024071", "000013", Some(true)),
        ("0123456789", "000013", Some(false)),
        ("5522116946", "50515", Some(true)),
        ("5522116946", "090405", Some(true)),
        ("0108024071", "035A", None),
        ("0108024071", "000029", None),
        ("0108024071", "123", None),
    ] {
        assert_eq!(Directory::shipped().check_digit(code, &account(number)), expected, "{number} at {code}");
    }
}

#[test]
fn a_wrong_directory_is_refused_with_its_row() {
    let row = |cbn: &str, nip: &str| {
        format!(r#"{{"cbn_code":{cbn},"nip_code":{nip},"name":"A","aliases":[],"kind":"bank","active":true}}"#)
    };
    for (rows, expected) in [
        (vec![row("\"044\"", "null"), row("\"044\"", "null")], "row 2"),
        (vec![row("null", "null")], "row 1"),
        (vec![row("\"0 4\"", "null")], "\"0 4\""),
        (vec!["{}".to_owned()], "missing field"),
    ] {
        let problem = Directory::parse(&format!("[{}]", rows.join(","))).expect_err("wrong");
        assert!(problem.to_string().contains(expected), "{problem}");
    }
}
