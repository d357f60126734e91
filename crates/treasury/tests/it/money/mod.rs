//! Money against an independent model (Treasury contract, sections 9.1 and 11).

mod fate;
mod faults;
mod model;
mod race;
mod speed;
mod walk;
mod world;
