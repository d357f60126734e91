//! The operations and their answers, as they travel over the socket.

use std::path::PathBuf;

use floe_model::Mode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One thing to do. Secrets are inside: never logged, hence no `Debug`.
#[derive(Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Operation {
    /// A new link for the set-up page; refused when there is an owner.
    SetupLink,
    /// Workspace, owner and first keys; refused when there is an owner.
    CreateAdmin(NewOwner),
    /// The keys of a workspace.
    ListKeys {
        /// Id or slug; none: the only one.
        workspace: Option<String>,
    },
    /// A new key.
    CreateKey {
        /// Id or slug; none: the only one.
        workspace: Option<String>,
        /// What it is.
        key: NewKey,
    },
    /// A key of each kind that a bundle makes.
    CreateBundle {
        /// Id or slug; none: the only one.
        workspace: Option<String>,
        /// `starter` or `read_only`.
        bundle: String,
        /// Live or test.
        mode: Mode,
    },
    /// A link with which a member gives itself another password.
    ResetLink {
        /// Its e-mail address.
        email: String,
    },
    /// A link that signs a member in once.
    LoginLink {
        /// Its e-mail address.
        email: String,
    },
    /// A new key in place of another.
    RotateKey {
        /// Id or slug; none: the only one.
        workspace: Option<String>,
        /// The key to replace.
        id: String,
        /// Minutes for which the old one still works, 0 to 1,440.
        overlap_minutes: u32,
    },
    /// A backup of everything, at once.
    Backup {
        /// Absolute path of the file; none: in the backup folder.
        output: Option<PathBuf>,
        /// Whether the secret key is inside.
        with_key: bool,
    },
    /// Every check of the doctor.
    Doctor,
    /// Money that came for accounts that nobody has.
    UnmatchedFunding,
    /// A wallet is credited with such money.
    MatchFunding {
        /// Id or slug; none: the only one.
        workspace: Option<String>,
        /// Live or test.
        mode: Mode,
        /// Who told of it.
        provider: String,
        /// The provider's reference of the payment.
        reference: String,
    },
    /// The end of a key.
    RevokeKey {
        /// Id or slug; none: the only one.
        workspace: Option<String>,
        /// The key to end.
        id: String,
    },
}

/// The first owner.
#[derive(Serialize, Deserialize)]
pub struct NewOwner {
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Password, 10 to 128 characters.
    pub password: String,
    /// Name of the workspace.
    pub workspace_name: String,
    /// IANA name.
    pub timezone: String,
    /// Bundle of keys to make along: `starter`.
    pub keys: Option<String>,
    /// Mode of these keys.
    pub mode: Mode,
}

/// A key to make.
#[derive(Debug, Serialize, Deserialize)]
pub struct NewKey {
    /// What it opens.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Live or test.
    pub mode: Mode,
    /// Scopes; none: the kind's default.
    pub scopes: Vec<String>,
    /// Days after which it ends, 1 to 3,650.
    pub expires_in_days: Option<u32>,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Done; the document is in the shapes of the console API.
    Done(Value),
    /// Not done.
    Refused {
        /// Exit code of the command.
        exit: u8,
        /// Stable word.
        code: String,
        /// Sentence for a person.
        message: String,
    },
}
