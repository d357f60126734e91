//! What an operator sets about the treasury.

use floe_model::treasury::Directory;

use crate::payouts::PayoutSettings;

/// What an operator sets about the treasury.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What people type to reach this server, without a slash at the end; links in webhooks begin with it.
    pub public_url: String,
    /// The institutions that an operator brought; none is the directory that comes with Floe.
    pub directory: Option<&'static Directory>,
    /// Payouts and funding.
    pub payouts: PayoutSettings,
}
