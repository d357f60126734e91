use super::*;

#[test]
fn both_spellings_name_the_same_bits() {
    let id = RunId(0x0192_3456_789a_7bcd_8ef0_1234_5678_9abc);
    assert_eq!(RunId::parse(&id.to_string()), Ok(id));
    assert_eq!(RunId::parse(&id.prefixed()), Ok(id));
    assert_eq!(RunId::parse(&id.prefixed().to_uppercase()), Ok(id));
    assert_eq!(RunId::parse("01923456789A7BCD8ef0123456789abc"), Ok(id));
    assert_eq!(RunId::parse(&to_base32(u128::MAX)), Ok(RunId(u128::MAX)));
}

#[test]
fn other_texts_are_refused() {
    for text in [
        "",
        "run_",
        "run_8zzzzzzzzzzzzzzzzzzzzzzzzz",
        "not-a-uuid",
        "run_0000000000000000000000000u",
        "é",
        "01923456789a7bcd8ef0123456789abg",
    ] {
        assert_eq!(RunId::parse(text), Err(InvalidId), "{text}");
    }
}
