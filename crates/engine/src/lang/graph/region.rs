//! The tree of regions: every loop body and every plain cycle becomes a region of its own, and what is left between the
//! nodes of a region is a graph without cycles. A region is what a scope of the plan is made of.

mod reach;

use std::collections::HashMap;

use super::bodies::{Notation, Repeats};
use super::walk::{Graph, Link, Role};
use reach::Reach;

/// What a region belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The whole definition.
    Root,
    /// A loop, by the position of its node, which stands outside.
    Loop(usize),
    /// A plain cycle, by the position of its head, which stands inside.
    Cycle(usize),
}

/// One node of a region.
#[derive(Debug)]
pub(super) struct Item {
    /// Position of the node; of a cycle, its head.
    pub(super) node: usize,
    /// What it repeats, if it does.
    pub(super) inner: Option<Region>,
}

impl Item {
    /// Whether it stands for a whole cycle.
    pub(super) fn is_cycle(&self) -> bool {
        matches!(self.inner, Some(Region { owner: Owner::Cycle(_), .. }))
    }
}

/// Where an edge between items leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaves {
    /// The node itself, as a link says.
    Link(usize),
    /// The inner region, by that way out of it.
    Out(u16),
    /// It only keeps an order: what waits for it begins after what it leaves.
    Order,
}

/// Where an edge between items leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leads {
    /// To an item of the region.
    Item(usize),
    /// Out of the region, by that way.
    Out(u16),
}

/// An edge of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) from: usize,
    pub(super) leaves: Leaves,
    pub(super) leads: Leads,
}

/// A graph without cycles.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) owner: Owner,
    /// In the order of the definition.
    pub(super) items: Vec<Item>,
    pub(super) ways: Vec<Way>,
    /// Items that hold an edge of the owner: where a pass begins.
    pub(super) entered: Vec<usize>,
    /// How many ways out it has, the way back to the owner among them.
    pub(super) outs: u16,
    /// The way out of every link that leaves it.
    out_of: HashMap<usize, u16>,
    /// The way out that leads back to the owner.
    pub(super) again: Option<u16>,
}

impl Region {
    /// One more way out; there are never more than edges.
    fn way_out(&mut self) -> u16 {
        self.outs += 1;
        self.outs - 1
    }
}

/// The regions of all nodes that a start leads to.
pub(super) fn build(graph: &Graph, repeats: &Repeats) -> Region {
    let builder = Builder { graph, repeats };
    builder.region(Owner::Root, &graph.reached, 0)
}

struct Builder<'a> {
    graph: &'a Graph,
    repeats: &'a Repeats,
}

/// Loops and cycles inside of each other at most.
pub(super) const LEVELS_MAX: usize = 32;

/// A node, and what of the region it takes inside.
type Claim = (usize, Option<(Owner, Vec<bool>)>);

/// No item.
const NONE: usize = usize::MAX;

impl Builder<'_> {
    fn region(&self, owner: Owner, members: &[bool], level: usize) -> Region {
        // What stands deeper than anything may is refused: nobody looks inside.
        let (items, item_of) =
            if level > LEVELS_MAX { (Vec::new(), Vec::new()) } else { self.items(owner, members, level) };
        let mut region = Region {
            owner,
            items,
            ways: Vec::new(),
            entered: Vec::new(),
            outs: 0,
            out_of: HashMap::new(),
            again: None,
        };
        if level > LEVELS_MAX {
            return region;
        }
        self.entries(&mut region, members, &item_of);
        self.ways(&mut region, members, &item_of);
        if matches!(owner, Owner::Cycle(_)) && region.again.is_none() {
            // Its way back went to another cycle: one pass.
            region.again = Some(region.way_out());
        }
        region
    }

    /// Divides the nodes of a region: each stands alone, or belongs to the first loop or cycle that claims it.
    fn items(&self, owner: Owner, members: &[bool], level: usize) -> (Vec<Item>, Vec<usize>) {
        let mut free = members.to_vec();
        let mut claims: Vec<Claim> = Vec::new();
        for &node in &self.graph.order {
            if !free[node] {
                continue;
            }
            free[node] = false;
            let inner = if self.repeats.cycles[node].is_some() && owner != Owner::Cycle(node) {
                Some(Owner::Cycle(node))
            } else {
                self.repeats.bodies[node].is_some().then_some(Owner::Loop(node))
            };
            let claimed = inner.map(|inner| (inner, self.claim(inner, &free)));
            for (other, claimed) in claimed.iter().flat_map(|(_, members)| members.iter().enumerate()) {
                free[other] &= !claimed;
            }
            claims.push((node, claimed));
        }
        claims.sort_by_key(|(node, _)| *node);
        let mut item_of = vec![NONE; members.len()];
        let mut items = Vec::with_capacity(claims.len());
        for (at, (node, claimed)) in claims.into_iter().enumerate() {
            item_of[node] = at;
            let inner = claimed.map(|(owner, members)| {
                (0..members.len()).filter(|&other| members[other]).for_each(|other| item_of[other] = at);
                self.region(owner, &members, level + 1)
            });
            items.push(Item { node, inner });
        }
        (items, item_of)
    }

    /// The free nodes of a body or cycle, with all that belongs to loops and cycles among them. What a labelled body leaves out is
    /// left out on purpose, also where an inner loop leads there.
    fn claim(&self, owner: Owner, free: &[bool]) -> Vec<bool> {
        let (head, wanted) = match owner {
            Owner::Root => return free.to_vec(),
            Owner::Cycle(head) => (head, self.belongings(head)),
            Owner::Loop(node) => (node, self.body_of(node)),
        };
        let labelled = matches!(owner, Owner::Loop(_))
            && self.repeats.bodies[head].as_ref().is_some_and(|body| body.notation == Notation::Labelled);
        let mut claimed = vec![false; free.len()];
        let mut ahead = wanted;
        while let Some(node) = ahead.pop() {
            if free[node] && !std::mem::replace(&mut claimed[node], true) && !labelled {
                ahead.extend(self.belongings(node));
            }
        }
        claimed[head] = matches!(owner, Owner::Cycle(_));
        claimed
    }

    fn body_of(&self, node: usize) -> Vec<usize> {
        let members = self.repeats.bodies[node].iter().flat_map(|body| body.members.iter().enumerate());
        members.filter(|(_, inside)| **inside).map(|(other, _)| other).collect()
    }

    /// Nodes of the body or the cycle of a node.
    fn belongings(&self, node: usize) -> Vec<usize> {
        let mut found = self.body_of(node);
        let cycle = self.repeats.cycles[node].iter().flat_map(|members| members.iter().enumerate());
        found.extend(cycle.filter(|(_, inside)| **inside).map(|(other, _)| other));
        found
    }

    /// Where a pass begins: at the head of a cycle, at the targets of a loop's edges into its body.
    fn entries(&self, region: &mut Region, members: &[bool], item_of: &[usize]) {
        let targets: Vec<usize> = match region.owner {
            Owner::Root => self.graph.starts.iter().copied().filter(|&start| members[start]).collect(),
            Owner::Cycle(head) => vec![head],
            Owner::Loop(node) => self.graph.out[node]
                .iter()
                .map(|&link| &self.graph.links[link])
                .filter(|link| matches!(link.role, Role::Body | Role::Plain) && members[link.to])
                .map(|link| link.to)
                .collect(),
        };
        for target in targets {
            if !region.entered.contains(&item_of[target]) {
                region.entered.push(item_of[target]);
            }
        }
    }

    fn ways(&self, region: &mut Region, members: &[bool], item_of: &[usize]) {
        let mut reach = Reach::new(region.items.len());
        let mut orders = Vec::new();
        for (at, link) in self.graph.links.iter().enumerate().filter(|(_, link)| members[link.from]) {
            let from = item_of[link.from];
            if members[link.to] && item_of[link.to] == from && region.items[from].node != link.from {
                continue; // Inside of what the item repeats.
            }
            if self.returns(region.owner, link) {
                if let Some(again) = self.again(region) {
                    let leaves = self.leaves(region, from, at);
                    region.ways.push(Way { from, leaves, leads: Leads::Out(again) });
                }
            } else if !members[link.to] {
                let leaves = self.leaves(region, from, at);
                let out = region.way_out();
                region.out_of.insert(at, out);
                region.ways.push(Way { from, leaves, leads: Leads::Out(out) });
            } else if item_of[link.to] != from {
                let to = item_of[link.to];
                if region.items[to].node != link.to {
                    orders.push((from, to));
                } else if reach.admit(from, to) {
                    let leaves = self.leaves(region, from, at);
                    region.ways.push(Way { from, leaves, leads: Leads::Item(to) });
                }
            }
        }
        // An edge into the middle of something that repeats only makes it wait, unless it would wait for itself.
        orders.sort_unstable();
        orders.dedup();
        for (from, to) in orders {
            if reach.admit(from, to) {
                region.ways.push(Way { from, leaves: Leaves::Order, leads: Leads::Item(to) });
            }
        }
    }

    /// Whether a link leads back to the owner of the region from inside.
    fn returns(&self, owner: Owner, link: &Link) -> bool {
        match owner {
            Owner::Root => false,
            Owner::Cycle(head) => link.to == head,
            Owner::Loop(node) => link.to == node,
        }
    }

    /// The way back, where it decides whether another pass follows.
    fn again(&self, region: &mut Region) -> Option<u16> {
        let decides = match region.owner {
            Owner::Root => false,
            Owner::Cycle(_) => true,
            Owner::Loop(node) => {
                self.repeats.bodies[node].as_ref().is_some_and(|body| body.notation == Notation::BackEdge)
            }
        };
        if decides && region.again.is_none() {
            region.again = Some(region.way_out());
        }
        region.again
    }

    /// Where a link leaves an item: at the node itself, or by a way out of what it repeats.
    fn leaves(&self, region: &Region, from: usize, link: usize) -> Leaves {
        let item = &region.items[from];
        if item.node == self.graph.links[link].from && !item.is_cycle() {
            return Leaves::Link(link);
        }
        let out = item.inner.as_ref().and_then(|inner| inner.out_of.get(&link));
        out.map_or(Leaves::Order, |&out| Leaves::Out(out))
    }
}
