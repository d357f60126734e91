//! The treasury: money, scores, the states of runs, candidates and transactions, and the decisions of the treasury contract.
//!
//! Everything here is exact and repeatable: money is integer kobo, a score is an integer of ten-thousandths, and the same input gives
//! the same answer on any machine.

mod account;
pub mod approval;
mod decimal;
mod fees;
mod institutions;
mod ledger;
mod money;
mod names;
pub mod nip;
pub mod planner;
mod reference;
pub mod risk;
mod run_status;
mod score;
mod settlement;
pub mod simulator;
mod words;

pub use account::AccountNumber;
pub use decimal::NumberProblem;
pub use fees::{BANDS_MAX, FeeBand, FeeProblem, FeeSchedule, FeeSetting, Rate};
pub use institutions::{
    Directory, DirectoryProblem, INSTITUTIONS_MAX, Institution, InstitutionKind, InstitutionRef, is_institution_code,
};
pub use ledger::{Balances, LedgerAccount, LedgerProblem, Posting, Transfer, TransferKind};
pub use money::{AMOUNT_MAX, CURRENCY, Kobo};
pub use names::{NameWords, name_key, words_of};
pub use reference::{RAIL_SERIAL_MAX, day_number, rail_reference, transaction_reference};
pub use run_status::{PublicRunStatus, RunStatus};
pub use score::Score;
pub use settlement::{AccountCheck, Answered, Asked, Next, OrderState, Schedule, trips_breaker};
pub use words::{ApprovalStatus, CHANNEL, Direction, ExecutionStatus, LookupStatus, RiskDecision, TransactionStatus};
