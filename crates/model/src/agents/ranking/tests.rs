//! Orders that have to come out, whatever the measure of the database.

use super::{Order, Word, by_words, fused};

fn word(found: &[(u32, f64)]) -> Word<u32> {
    Word { found: found.to_vec(), is_cut: false }
}

#[test]
fn rare_words_count_more() {
    let common: Vec<(u32, f64)> = (0..90).map(|text| (text, 1.0)).collect();
    let rare = word(&[(95, 1.0), (3, 1.0)]);
    let order = by_words(100, &[word(&common), rare]);
    assert_eq!(&order[..3], &[3, 95, 0], "both words, the rare one, the common one");
    assert_eq!(order.len(), 91);
}

#[test]
fn only_the_ratio_of_strengths_counts() {
    let small = by_words(10, &[word(&[(1, 0.002), (2, 0.001)]), word(&[(2, 0.01), (3, 0.01)])]);
    let large = by_words(10, &[word(&[(1, 200.0), (2, 100.0)]), word(&[(2, 7.0), (3, 7.0)])]);
    assert_eq!(small, large);
    assert_eq!(small, [2, 1, 3]);
}

#[test]
fn a_word_without_a_measure_says_nothing() {
    for strength in [0.0, -1.0, f64::NAN] {
        assert_eq!(by_words(10, &[word(&[(1, strength)])]), Vec::<u32>::new(), "{strength}");
    }
    assert_eq!(by_words::<u32>(0, &[]), Vec::<u32>::new());
}

#[test]
fn a_word_that_was_found_too_often_is_a_common_one() {
    // Ten finds were told of 10,000 texts; the word with twenty, all of them told, is rarer.
    let cut = Word { found: (0..10).map(|text| (text, 1.0)).collect(), is_cut: true };
    let whole = word(&(100..120).map(|text| (text, 1.0)).collect::<Vec<_>>());
    assert_eq!(by_words(10_000, &[cut, whole])[0], 100);
}

#[test]
fn what_two_orders_agree_on_comes_first() {
    let order = fused(&[Order { of: &[1, 2, 3], weight: 1.0 }, Order { of: &[4, 2], weight: 1.0 }]);
    assert_eq!(order, [2, 1, 4, 3], "1 and 4 are equal and go by their names");
    let order = fused(&[Order { of: &[1, 2, 3], weight: 1.0 }, Order { of: &[4, 3], weight: 0.1 }]);
    assert_eq!(order, [3, 1, 2, 4], "a light order decides between what the other one holds alike");
    assert_eq!(fused::<u32>(&[]), Vec::<u32>::new());
}
