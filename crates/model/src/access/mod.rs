//! Who may call: roles, permissions, token scopes, and the [`Caller`] that every credential becomes.

mod caller;
mod role;

pub use caller::{Actor, Caller, Credential, Member};
pub use role::{Permission, Role};
