//! The double entry ledger of a workspace and mode (Treasury contract, section 9.1).
