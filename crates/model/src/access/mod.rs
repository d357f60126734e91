//! Who may call: roles, permissions, keys and tokens with their scopes, and the [`Caller`] that every credential becomes.

mod caller;
pub mod credits;
mod email;
mod key;
mod password;
mod role;
mod scopes;
mod secret_text;
mod treasury_role;
mod zone;

pub use caller::{Actor, Caller, Credential, Member};
pub use email::is_email;
pub use key::{KeyKind, KeyStatus, key_status};
pub use password::{COMMON_PASSWORDS, PASSWORD_LENGTH, PasswordProblem, check_password};
pub use role::{Permission, Role};
pub use scopes::{PAYMENT_APPROVAL, PLACEMENTS_MANAGEMENT, TOKEN_SCOPES, same_scope};
pub use secret_text::{SecretText, TOKEN_PREFIX, base62, checksum, make_key_text, make_text, recognise};
pub use treasury_role::TreasuryRole;
pub use zone::is_time_zone;
