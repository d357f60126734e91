//! Who has to approve a payment run, what they approve, and up to which limits (treasury contract, sections 3.4, 6 and 10.3).

mod limits;
mod people;
mod pin;
mod rules;
mod selection;

pub use limits::{LimitProblem, Limits, Spent};
pub use people::{Approver, ApproverProblem, Creator, Panel};
pub use pin::{PIN_LOCK_S, PIN_TRIES, PinLock, is_pin};
pub use rules::{APPROVERS_MAX, ApprovalRule, Condition, ConditionType, Requirement, requirement};
pub use selection::{Selectable, Selection, SelectionProblem, select};
