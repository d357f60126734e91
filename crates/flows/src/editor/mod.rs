//! What an editor asks for while a flow is drawn: the choices of one field (Flow API contract, section 11).

mod items;
mod names;

pub use items::{Asked, Item, Items, LIMIT, LIMIT_MAX, items};
