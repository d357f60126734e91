//! Which items of a region lead to which, while edges are added.

/// For every item the set of items behind it, as bits.
#[derive(Debug)]
pub(super) struct Reach {
    behind: Vec<Vec<u64>>,
}

impl Reach {
    /// Without any edge.
    pub(super) fn new(count: usize) -> Self {
        let words = count.div_ceil(64);
        let mut behind = vec![vec![0; words]; count];
        for (item, set) in behind.iter_mut().enumerate() {
            set[item / 64] |= 1 << (item % 64);
        }
        Self { behind }
    }

    fn leads(&self, from: usize, to: usize) -> bool {
        self.behind[from][to / 64] & (1 << (to % 64)) != 0
    }

    /// Adds an edge; false when it would close a cycle, and then it is not added.
    pub(super) fn admit(&mut self, from: usize, to: usize) -> bool {
        if self.leads(to, from) {
            return false;
        }
        if !self.leads(from, to) {
            let added = self.behind[to].clone();
            for item in 0..self.behind.len() {
                if self.leads(item, from) {
                    for (word, added) in self.behind[item].iter_mut().zip(&added) {
                        *word |= added;
                    }
                }
            }
        }
        true
    }
}
