//! What waits for people in the treasury, as items of the inbox (console contract, section 5.5): a payment run that came to approval, open
//! while it waits, and what somebody found out about a payout, for a second person to confirm.
//!
//! An item is answered with the digest of everything that is approved, so that nobody approves what changed since they looked. Start
//! reading with `item.rs` and `confirmation.rs`, then `list.rs` and `answer.rs`.

mod answer;
mod confirmation;
mod item;
mod list;
mod tell;

use floe_model::Fault;
use floe_model::id::{PaymentRunId, TransactionId};
use floe_runtime::Ctx;
use floe_store::Tx;

pub(crate) use item::in_mode;
pub(crate) use tell::{Told, of_change, tell};

pub use answer::{Answer, answer};
pub use confirmation::{Confirmation, SecondAnswer, answer_confirmation, find_confirmation};
pub use item::{Item, Refusal, Status, find};
pub use list::{Counts, Filter, Kinds, Order, Part, count, list};

/// One item of either kind.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A payment run.
    Run(Box<Item>),
    /// What somebody found out about a payout.
    Confirmation(Box<Confirmation>),
}

impl Entry {
    /// The bits of its id.
    #[must_use]
    pub fn id(&self) -> u128 {
        match self {
            Self::Run(item) => item.run.id.0,
            Self::Confirmation(item) => item.detail.transaction.id.0,
        }
    }

    /// What a list by the end of the time to answer is sorted by, in microseconds; what has no end comes after all that has one.
    #[must_use]
    pub fn due_micros(&self) -> i64 {
        match self {
            Self::Run(item) => item.due_at.micros(),
            Self::Confirmation(_) => i64::MAX,
        }
    }
}

/// The item with an id, whichever mode of the caller's workspace it is in.
///
/// # Errors
/// Of the database.
pub fn find_entry(tx: &mut Tx<'_>, ctx: &Ctx, id: u128) -> Result<Option<Entry>, Fault> {
    if let Some(item) = find(tx, ctx, PaymentRunId(id))? {
        return Ok(Some(Entry::Run(Box::new(item))));
    }
    Ok(find_confirmation(tx, ctx, TransactionId(id))?.map(|item| Entry::Confirmation(Box::new(item))))
}

/// What an id is the id of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A payment run, whether it came to approval or not.
    Run,
    /// A transaction about which somebody proposed something.
    Confirmation,
}

/// What an id is the id of in the caller's workspace, in either mode.
///
/// # Errors
/// Of the database.
pub fn kind_of(tx: &mut Tx<'_>, ctx: &Ctx, id: u128) -> Result<Option<Kind>, Fault> {
    if super::joined::exists(tx, ctx.caller.workspace, PaymentRunId(id))? {
        return Ok(Some(Kind::Run));
    }
    Ok(find_confirmation(tx, ctx, TransactionId(id))?.map(|_| Kind::Confirmation))
}
