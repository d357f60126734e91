//! Embeddings: the built-in `hash-256`, and what is done with vectors of any model (Workflows contract, section 24; console contract,
//! section 5.1).
//!
//! `hash-256` is a hashed bag of words: each word of a text counts in one of 256 dimensions, by a hash that never changes, so that the
//! same text has the same vector on every machine and in every version. Texts are near each other when they share words.

use std::collections::BTreeMap;

use super::words;

/// Configured name of the built-in embedding.
pub const NAME: &str = "hash-256";
/// Dimensions of `hash-256`.
pub const DIMENSIONS: usize = 256;
/// Dimensions that a model may have.
pub const DIMENSIONS_MAX: usize = 8_192;

/// The built-in embedding of a text: 256 values of unit length; all zero when the text has no words.
///
/// Stop words count only in a text that has no others. A word that occurs `n` times counts `1 + ln n`. Half of the words count
/// negative, so that words which share a dimension cancel out rather than add up.
#[must_use]
pub fn hash_256(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0_f32; DIMENSIONS];
    for (word, times) in counted(text) {
        let hash = hash(word.as_bytes());
        let sign = if hash & (1 << 32) == 0 { 1.0 } else { -1.0 };
        let weight = 1.0 + f64::from(times).ln();
        vector[(hash % DIMENSIONS as u64) as usize] += sign * weight as f32;
    }
    normalise(&mut vector);
    vector
}

/// How often each word of a text occurs, in alphabetical order: sums of floating-point numbers depend on it.
fn counted(text: &str) -> BTreeMap<String, u32> {
    let mut all = BTreeMap::new();
    for word in words::of(text) {
        *all.entry(word).or_insert(0) += 1;
    }
    if all.keys().any(|word| !words::is_stop_word(word)) {
        all.retain(|word, _| !words::is_stop_word(word));
    }
    all
}

/// FNV-1a with 64 bits, mixed once more so that every bit depends on every byte.
fn hash(bytes: &[u8]) -> u64 {
    let fnv = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    let mixed = (fnv ^ (fnv >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ (mixed >> 33)
}

/// Brings a vector to unit length, so that the scalar product of two is their cosine. One of zeros, or with a value that is no number,
/// becomes all zeros: it is near nothing.
pub fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|&value| f64::from(value) * f64::from(value)).sum::<f64>().sqrt();
    if length > 0.0 && length.is_finite() {
        for value in vector.iter_mut() {
            *value = (f64::from(*value) / length) as f32;
        }
    } else {
        vector.fill(0.0);
    }
}

/// A vector as it is stored: its values as 32-bit floats, little-endian.
#[must_use]
pub fn to_bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A stored vector. Bytes that are no whole value are left out.
#[must_use]
pub fn from_bytes(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
}

/// The scalar product of two vectors of one length: their cosine when both have unit length.
///
/// Sixteen sums run beside each other, so that the processor adds several at once; the order of additions is part of the result.
#[must_use]
pub fn dot(one: &[f32], other: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut sums = [0.0_f32; LANES];
    let (ones, one_rest) = one.as_chunks::<LANES>();
    let (others, other_rest) = other.as_chunks::<LANES>();
    for (a, b) in ones.iter().zip(others) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let rest: f32 = one_rest.iter().zip(other_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests;
