//! What the owner of the data folder may do without any credential: being able to open the folder is the credential.
//!
//! A running server answers on a Unix socket in its data folder (mode 0600, [`serve`](fn@serve)); commands call it there ([`call`]). When no
//! server runs, a command opens the folder itself and carries out the same operation ([`perform_alone`]).

mod funding;
mod links;
mod operation;
mod perform;
mod socket;

pub use operation::{Answer, NewKey, NewOwner, Operation};
pub use perform::{perform, perform_alone};
pub use socket::{call, is_running, serve, socket_path};
