//! Which items of a region lead to which, while edges are added.

use crate::lang::graph::bits::Bits;

/// For every item the items behind it, itself included.
#[derive(Debug)]
pub(super) struct Reach {
    behind: Vec<Bits>,
}

impl Reach {
    /// Without any edge.
    pub(super) fn new(count: usize) -> Self {
        let mut behind = vec![Bits::new(count); count];
        for (item, set) in behind.iter_mut().enumerate() {
            set.put(item);
        }
        Self { behind }
    }

    /// Adds an edge; false when it would close a cycle, and then it is not added.
    pub(super) fn admit(&mut self, from: usize, to: usize) -> bool {
        if self.behind[to].has(from) {
            return false;
        }
        if !self.behind[from].has(to) {
            let added = self.behind[to].clone();
            self.behind.iter_mut().filter(|set| set.has(from)).for_each(|set| set.join(&added));
        }
        true
    }
}
