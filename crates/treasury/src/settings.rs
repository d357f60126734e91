//! What an operator sets about the treasury.

use std::sync::Arc;

use floe_model::treasury::Directory;
use floe_model::treasury::risk::Watchlist;

use crate::payouts::PayoutSettings;

/// What an operator sets about the treasury.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What people type to reach this server, without a slash at the end; links in webhooks begin with it.
    pub public_url: String,
    /// The institutions that an operator brought; none is the directory that comes with Floe.
    pub directory: Option<&'static Directory>,
    /// The names that an operator watches.
    pub watchlist: Arc<Watchlist>,
    /// Payouts and funding.
    pub payouts: PayoutSettings,
}
