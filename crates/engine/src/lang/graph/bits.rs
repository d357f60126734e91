//! Sets of positions.

/// A set of positions below a bound, as bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// The empty set of positions below a bound.
    pub(super) fn new(bound: usize) -> Self {
        Self(vec![0; bound.div_ceil(64)])
    }

    /// Whether the position is in it.
    pub(super) fn has(&self, position: usize) -> bool {
        self.0[position / 64] & (1 << (position % 64)) != 0
    }

    /// Puts a position in.
    pub(super) fn put(&mut self, position: usize) {
        self.0[position / 64] |= 1 << (position % 64);
    }

    /// Puts all positions of another one in.
    pub(super) fn join(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word |= other;
        }
    }
}
