use super::*;

#[test]
fn names_are_compared_by_their_words() {
    for (one, other, overlap) in [
        ("Adaeze Okonkwo", "ADAEZE OKONKWO", 1.0),
        ("Adaézé  Ọkọ́nkwọ", "okonkwo, adaeze", 1.0),
        ("Adaeze Okonkwo", "Adaeze N. Okonkwo", 2.0 / 3.0),
        ("O'Neil Shehu", "ONeil-Shehu", 1.0),
        ("Bola", "Adaeze", 0.0),
        ("", "", 0.0),
        ("!!!", "Bola", 0.0),
    ] {
        assert_eq!(NameWords::of(one).overlap(&NameWords::of(other)), overlap, "{one} / {other}");
    }
    assert_eq!(name_key("  Ṣadé   Bello-Musa (Mrs.) "), "sade bello musa mrs");
}

#[test]
fn a_listed_name_is_found_among_other_words() {
    let listed = NameWords::of("Ivan Petrov");
    for (name, expected) in
        [("PETROV, Ivan", true), ("Ivan Sergeyevich Petrov", true), ("Ivan Bello", false), ("Petrov", false)]
    {
        assert_eq!(NameWords::of(name).resembles(&listed), expected, "{name}");
    }
    assert!(!NameWords::of("Ivan Bello").resembles(&NameWords::of("Ivan")));
}
