//! The ledger's accounts and moves as values (treasury contract, section 9.1).

use super::words::words;

words! {
    /// An account of a workspace and mode.
    LedgerAccount {
        /// What can be spent now: the balance on the wire.
        Available = "available",
        /// Set aside for payouts that are under way.
        Reserved = "reserved",
        /// Gone to payees.
        PaidOut = "paid_out",
        /// Kept for fees.
        Fees = "fees",
        /// The rest of the world; its balance is the negative of all others.
        Outside = "outside",
    }
}
