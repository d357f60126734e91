//! Payouts: the money part of a release, the rails, and what follows from their answers (Treasury contract, sections 4 and 9).
//!
//! [`release`] reserves the money and writes an order for each candidate, with its reference on the rail. Jobs of many orders
//! each check accounts, send, and ask ([`batch`]). What becomes of an order is written in [`ending`], the one place where a payout
//! changes state: money, transaction, candidate, audit and webhook together. An order is marked as sent before it leaves, and
//! what may have left is only asked about.

mod batch;
mod ending;
mod list;
mod looks;
pub mod rails;
mod release;
mod resolve;
mod settings;
mod tell;

use std::sync::Arc;

use floe_runtime::jobs::JobHandler;

use crate::Treasury;

pub use ending::RunEnd;
pub use list::{Detail, Filter, Page, detail, details, transactions};
pub use rails::{Rail, Rails};
pub use release::{Payout, Release, Released, release};
pub use resolve::{Question, Resolve, answer_resolution, confirm_answer, question, resolve, unasked};
pub use settings::{FundingProvider, PayoutSettings};
pub(crate) use tell::{entry, whole_seconds};

/// Durable work of payouts.
pub(crate) fn handlers(treasury: &Arc<Treasury>) -> Vec<Arc<dyn JobHandler>> {
    vec![Arc::new(batch::PayoutBatches(Arc::clone(treasury))), Arc::new(looks::Looks(Arc::clone(treasury)))]
}
