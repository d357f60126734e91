//! What an operator sets about the treasury.

/// What an operator sets about the treasury.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What people type to reach this server, without a slash at the end; links in webhooks begin with it.
    pub public_url: String,
}
