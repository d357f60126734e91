//! What an operator sets about placements.

/// What an operator sets about placements.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What people type to reach this server, without a slash at the end; addresses of media, fonts and icons begin with it.
    pub public_url: String,
}
