//! The life of payment runs through the router, on both databases, through the simulator (Treasury contract, sections 2, 3, 6, 10 and 11).

mod approvals;
mod confirmations;
mod events;
pub mod house;
mod inbox;
mod input;
mod joined;
mod life;
mod properties;
mod workflows;
