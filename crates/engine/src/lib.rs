//! The engine: the expression language, the definition languages compiled to one [`plan::Plan`], and the
//! [`machine::Machine`] that carries a plan out.
//!
//! Nothing here does I/O, reads a clock, draws randomness or knows async. A definition is parsed, checked and lowered
//! by [`lang`]; the machine is told what happened by [`event::Event`]s and says what should happen now; [`interpret`]
//! evaluates what the machine asks to be evaluated and gives the event that came of it.
//!
//! Start reading with [`plan`], then [`machine`].

pub mod builtin;
pub mod canonical;
pub mod catalog;
pub mod drive;
pub mod event;
pub mod expr;
pub mod inputs;
pub mod interpret;
pub mod lang;
pub mod machine;
pub mod nodes;
pub mod plan;
pub mod records;
pub mod reuse;
pub mod secrets;

#[cfg(test)]
mod sample;
