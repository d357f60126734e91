//! Orders that have to come out.

use super::{Counted, Order, by_words, fused, rarity};

fn text(text: u32, counts: &[u32], length: u32) -> Counted<u32> {
    Counted { text, counts: counts.to_vec(), length }
}

#[test]
fn rare_words_count_more() {
    let rarities = [rarity(90, 100), rarity(2, 100)];
    let texts = [text(0, &[1, 0], 10), text(95, &[0, 1], 10), text(3, &[1, 1], 10), text(4, &[0, 0], 10)];
    assert_eq!(by_words(&rarities, &texts), [3, 95, 0], "both words, the rare one, the common one");
    assert!(rarity(100, 100) > 0.0, "a word that all have still tells something");
    assert_eq!(by_words::<u32>(&[], &[]), Vec::<u32>::new());
}

#[test]
fn a_word_counts_more_where_it_is_said_more_often_and_less_is_said_beside_it() {
    let texts = [text(1, &[1], 10), text(2, &[1], 5), text(3, &[4], 10), text(4, &[1], 10)];
    assert_eq!(by_words(&[1.0], &texts), [3, 2, 1, 4], "equal ones go by their names");
    // However often the common word is said, it does not become the rare one.
    let texts = [text(1, &[50, 0], 50), text(2, &[0, 1], 50)];
    assert_eq!(by_words(&[1.0, 2.5], &texts), [2, 1]);
}

#[test]
fn what_two_orders_agree_on_comes_first() {
    let order = fused(&[Order { of: &[1, 2, 3], weight: 1.0 }, Order { of: &[4, 2], weight: 1.0 }]);
    assert_eq!(order, [2, 1, 4, 3], "1 and 4 are equal and go by their names");
    let order = fused(&[Order { of: &[1, 2, 3], weight: 1.0 }, Order { of: &[4, 3], weight: 0.1 }]);
    assert_eq!(order, [3, 1, 2, 4], "a light order decides between what the other one holds alike");
    assert_eq!(fused::<u32>(&[]), Vec::<u32>::new());
}
