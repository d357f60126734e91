//! What an operator sets about placements.

use std::path::PathBuf;

/// What an operator sets about placements.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What people type to reach this server, without a slash at the end; addresses of media, fonts and icons begin with it.
    pub public_url: String,
    /// The folder of icons (`FLOE_ICONS_DIR`); without one there are none.
    pub icons: Option<PathBuf>,
    /// Days that events of apps are kept; 0 keeps them for ever.
    pub event_retention_days: u32,
}
