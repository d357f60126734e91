//! Words of texts in several languages, and the forms of one word that have to meet.

use super::{is_stop_word, of, searchable, telling};

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(searchable(text), expected, "{text}");
}

#[test]
fn words_are_lower_case_letters_and_digits() {
    check("The Shop's hours: 9–18 o'clock!", "the shop hour 9 18 oclock");
    check("Crème brûlée, NAÏVE", "crem brule naiv");
    check("don’t can't", "dont cant");
    check("ﬁne ①", "fin 1");
    check("SKU-12_b", "sku 12 b");
    check("", "");
    check(" \u{0}\t—\"(* AND )", "and");
    check("営業時間 open", "営 業 時 間 open");
    check("हिन्दी भाषा", "हिन्दी भाषा");
}

#[test]
fn forms_of_a_word_meet() {
    for (one, other) in [
        ("return", "returns"),
        ("return", "returned"),
        ("ship", "shipping"),
        ("ship", "shipped"),
        ("exchange", "exchanging"),
        ("exchange", "exchanges"),
        ("close", "closed"),
        ("box", "boxes"),
        ("policy", "policies"),
        ("sell", "selling"),
        ("pass", "passes"),
        ("café", "cafes"),
    ] {
        assert_eq!(of(one), of(other), "{one} and {other}");
    }
    for (one, other) in [("bus", "bu"), ("need", "ne"), ("string", "str"), ("news", "knew")] {
        assert_ne!(of(one), of(other), "{one} and {other}");
    }
}

#[test]
fn a_question_is_searched_by_what_it_tells() {
    assert_eq!(telling("When are you open on Sunday?"), ["open", "sunday"]);
    assert_eq!(telling("What is the policy, the POLICY for returns?"), ["policy", "return"]);
    assert_eq!(telling("Who are they?"), ["who", "are", "they"], "nothing else is left");
    assert_eq!(telling("?!"), Vec::<String>::new());
    let many: String = (0..200).map(|n| format!("word{n} ")).collect();
    assert_eq!(telling(&many).len(), super::TELLING_MAX);
}

#[test]
fn stop_words_are_found_in_every_form() {
    assert!(super::STOP_WORDS.is_sorted(), "they are searched by halves");
    for word in ["please", "these", "this", "was", "does", "because", "Would", "don't", "give", "hello"] {
        assert!(is_stop_word(&of(word)[0]), "{word}");
    }
    assert!(!is_stop_word(&of("refund")[0]));
}

#[test]
fn a_long_word_is_cut() {
    let words = of(&"x".repeat(10_000));
    assert_eq!((words.len(), words[0].len()), (1, 40));
}
