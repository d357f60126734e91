//! Edges, where they leave a node, and where they lead.

use super::NodeIndex;

/// A way on from a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The port at which it leaves.
    pub port: Port,
    /// Where it leads.
    pub to: Target,
}

impl Edge {
    /// The node that it leads to, if it stays in its scope.
    #[must_use]
    pub const fn node(&self) -> Option<NodeIndex> {
        match self.to {
            Target::Node(node) => Some(node),
            Target::Out(_) => None,
        }
    }
}

/// Where an edge leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// To a node of the same scope.
    Node(NodeIndex),
    /// Out of the scope, by the way out of that number. When the loop that owns the scope ends, the edge goes on from the loop's
    /// [`Port::out`] of the same number.
    Out(u16),
}

/// Where an edge leaves a node. A settled node chooses one port; its edges are live, all others dead, but for
/// [`Port::ANY`] and [`Port::out`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Port(pub u16);

impl Port {
    /// The ordinary way on.
    pub const NEXT: Self = Self(0);
    /// After a failure.
    pub const ERROR: Self = Self(1);
    /// After the expiry of a wait.
    pub const TIMEOUT: Self = Self(2);
    /// After a rejection.
    pub const REJECT: Self = Self(3);
    /// Of an edge without handle on a node that chooses: live whenever the node completed, whatever it chose.
    pub const ANY: Self = Self(u16::MAX);
    /// After a failure, to the node that [`super::OnError::Goto`] schedules at once. Such an edge counts as an edge into that
    /// node; when it is live the node does not wait for its other edges.
    pub const GOTO: Self = Self(u16::MAX - 1);
    /// Chosen by a node that has no edge for what it came to: only [`Port::ANY`] is live.
    pub const NONE: Self = Self(u16::MAX - 2);
    /// Of an edge that is settled with its node and never live: it only keeps an order.
    pub const NEVER: Self = Self(u16::MAX - 4);
    /// Chosen by a failed node that goes on with a value: all its edges are live but those after a failure.
    pub const ALL: Self = Self(u16::MAX - 3);

    const OUTS: u16 = 0x8000;

    /// The branch at a position below 32,764.
    #[must_use]
    pub const fn branch(index: u16) -> Self {
        Self(4 + index)
    }

    /// Of a loop node: what the way out of that number below 32,000 of its body came to.
    #[must_use]
    pub const fn out(number: u16) -> Self {
        Self(Self::OUTS + number)
    }

    /// The number of the way out, if it is one.
    #[must_use]
    pub const fn out_number(self) -> Option<u16> {
        if self.0 >= Self::OUTS && self.0 < Self::NEVER.0 { Some(self.0 - Self::OUTS) } else { None }
    }

    /// Whether this is [`Port::NEXT`], the port left out of journals.
    #[must_use]
    pub fn is_next(&self) -> bool {
        *self == Self::NEXT
    }

    /// Whether it is for what follows a failure.
    #[must_use]
    pub fn is_for_failure(self) -> bool {
        self == Self::ERROR || self == Self::GOTO
    }
}
