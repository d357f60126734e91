//! The built-in embedding is what it always was, and vectors behave as vectors.

use super::{DIMENSIONS, dot, from_bytes, hash, hash_256, normalise, to_bytes};

fn cosine(one: &str, other: &str) -> f32 {
    dot(&hash_256(one), &hash_256(other))
}

#[test]
fn the_hash_is_fixed_for_ever() {
    // FNV-1a of the empty text and of "a", by its published vectors, mixed with the constants of MurmurHash3's finalizer.
    let mixed = |fnv: u64| {
        let one = (fnv ^ (fnv >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        one ^ (one >> 33)
    };
    assert_eq!(hash(b""), mixed(0xcbf2_9ce4_8422_2325));
    assert_eq!(hash(b"a"), mixed(0xaf63_dc4c_8601_ec8c));
    assert_eq!(hash(b"foobar"), mixed(0x8594_4171_f739_67e8));
}

#[test]
fn a_text_has_one_vector_of_unit_length() {
    let vector = hash_256("Returns are free within 30 days of delivery.");
    assert_eq!(vector.len(), DIMENSIONS);
    assert!((dot(&vector, &vector) - 1.0).abs() < 1e-6);
    assert_eq!(vector, hash_256("returns ARE free, within 30 days of delivery"), "the same words");
    assert!(hash_256("").iter().all(|&value| value == 0.0));
    assert!(hash_256("— … !").iter().all(|&value| value == 0.0));
}

#[test]
fn texts_that_share_words_are_near() {
    let question = "How long do I have to return a parcel?";
    let near = cosine(question, "You may return any parcel within 30 days.");
    let far = cosine(question, "The shop opens at nine on weekdays and at ten on Saturday.");
    assert!(near > 0.4 && far < 0.2, "near {near}, far {far}");
    assert!(cosine("of the and", "of the and") > 0.99, "stop words count when there is nothing else");
    assert!(cosine("the return", "the opening") < 0.1, "and only then");
}

#[test]
fn what_has_no_direction_is_near_nothing() {
    for values in [[0.0; 3], [f32::NAN, 1.0, 0.0], [f32::INFINITY, 1.0, 0.0]] {
        let mut vector = values;
        normalise(&mut vector);
        assert_eq!(vector, [0.0; 3], "{values:?}");
    }
    let mut vector = [3.0, 4.0];
    normalise(&mut vector);
    assert_eq!(vector, [0.6, 0.8]);
}

#[test]
fn bytes_give_the_vector_back() {
    let vector = hash_256("one two three");
    assert_eq!(from_bytes(&to_bytes(&vector)), vector);
    assert_eq!(from_bytes(&[0, 0, 128, 63, 9]), [1.0]);
}

#[test]
fn the_scalar_product_takes_every_value() {
    for length in [0, 1, 15, 16, 17, 384] {
        let one: Vec<f32> = (0..length).map(|n| n as f32).collect();
        let other = vec![2.0; length];
        let expected = (0..length).map(|n| n as f32 * 2.0).sum::<f32>();
        assert_eq!(dot(&one, &other), expected, "{length} values");
    }
}
