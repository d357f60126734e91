//! What an organisation sets about paying (Treasury contract, sections 6 and 10.1): limits, tolerance and fees, and how many people a
//! release takes. Both hold for live and test alike.

pub mod rules;
pub mod settings;
