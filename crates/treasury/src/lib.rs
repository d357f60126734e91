//! The treasury slice: payment runs from an objective to settled money, payees, approvals, the ledger and the rails.
//!
//! It moves money only after people have released it, in whole kobo, and writes every move as balanced postings in the
//! transaction of the change that caused it. It knows no HTTP and no SQL, and never talks to another slice.
//!
//! Start reading with [`Treasury`], then `runs` for the life of a payment run and `ledger` for what always adds up.

mod csv;
pub mod import;
pub mod ledger;
pub mod organisation;
pub mod payees;
pub mod payouts;
pub mod runs;
mod settings;
pub mod trail;
pub mod wallet;

use std::sync::Arc;

use floe_model::treasury::Directory;
use floe_runtime::Platform;
use floe_runtime::jobs::JobHandler;

pub use settings::Settings;

/// The service: what the server builds once and the surfaces call. Credits are taken through [`floe_runtime::credits`].
pub struct Treasury {
    /// The process-wide services.
    pub platform: Arc<Platform>,
    /// What an operator sets.
    pub settings: Settings,
    /// What carries payouts.
    pub rails: payouts::Rails,
    /// Every institution.
    pub directory: &'static Directory,
}

impl Treasury {
    /// The service on a platform.
    #[must_use]
    pub fn new(platform: Arc<Platform>, settings: Settings) -> Self {
        let rails = payouts::Rails::new(&platform, &settings.payouts);
        Self { platform, rails, directory: settings.directory.unwrap_or_else(Directory::shipped), settings }
    }
}

/// Durable work of this slice.
#[must_use]
pub fn handlers(treasury: &Arc<Treasury>) -> Vec<Arc<dyn JobHandler>> {
    [runs::handlers(treasury), payouts::handlers(treasury)].into_iter().flatten().collect()
}
