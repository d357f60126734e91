//! The treasury: money, scores, the states of runs, candidates and transactions, and the decisions of the treasury contract.
//!
//! Everything here is exact and repeatable: money is integer kobo, a score is an integer of ten-thousandths, and the same input gives
//! the same answer on any machine.

mod decimal;
mod ledger;
mod money;
mod run_status;
mod score;
mod words;

pub use decimal::NumberProblem;
pub use ledger::LedgerAccount;
pub use money::{AMOUNT_MAX, CURRENCY, Kobo};
pub use run_status::{PublicRunStatus, RunStatus};
pub use score::Score;
pub use words::{ApprovalStatus, CHANNEL, Direction, ExecutionStatus, LookupStatus, RiskDecision, TransactionStatus};
