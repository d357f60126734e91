//! Secrets that are made again instead of kept: the texts of share links and of resume tokens.
//!
//! Each is a keyed hash under the server's secret, of bytes that tell nothing by themselves. So the text can be shown again to
//! those who may see it, and is found neither in the database nor in a backup.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use floe_model::id::{RunId, WorkspaceId};

use crate::secret::{opaque_text, same_hash};
use crate::service::Access;

/// Characters of a text of 32 bytes in base64url.
pub const TEXT_CHARS: usize = 43;

/// What is kept of a new share link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShareSecret {
    /// What its text is made from.
    pub nonce: [u8; 32],
    /// What it is looked up by.
    pub hash: [u8; 32],
}

impl Access {
    /// Draws the secret of a new share link.
    #[must_use]
    pub fn draw_share(&self) -> ShareSecret {
        let nonce = self.platform.ids.secret();
        ShareSecret { nonce, hash: self.share_hash(&self.share_text(&nonce)) }
    }

    /// The text of a share link: 32 bytes in base64url.
    #[must_use]
    pub fn share_text(&self, nonce: &[u8; 32]) -> String {
        opaque_text(self.hashers.share_text.hash_bytes(nonce))
    }

    /// What a share link with this text is looked up by.
    #[must_use]
    pub fn share_hash(&self, text: &str) -> [u8; 32] {
        self.hashers.share.hash(text)
    }

    /// The text that resumes and polls one run without another credential. It carries the workspace of the run, masked, since
    /// nobody says by other means where to look for the run.
    #[must_use]
    pub fn resume_text(&self, workspace: WorkspaceId, run: RunId) -> String {
        let proof = self.resume_proof(workspace, run);
        let masked = (workspace.0 ^ self.resume_mask(run)).to_be_bytes();
        URL_SAFE_NO_PAD.encode([&masked[..], &proof].concat())
    }

    /// The workspace of the run, when a text is the resume token of it.
    #[must_use]
    pub fn read_resume_text(&self, run: RunId, text: &str) -> Option<WorkspaceId> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (masked, proof) = bytes.split_first_chunk::<16>()?;
        let workspace = WorkspaceId(u128::from_be_bytes(*masked) ^ self.resume_mask(run));
        same_hash(&self.resume_proof(workspace, run), proof.try_into().ok()?).then_some(workspace)
    }

    fn resume_proof(&self, workspace: WorkspaceId, run: RunId) -> [u8; 32] {
        let bytes = [workspace.0.to_be_bytes(), run.0.to_be_bytes()].concat();
        self.hashers.resume_text.hash_bytes(&bytes)
    }

    fn resume_mask(&self, run: RunId) -> u128 {
        let hash = self.hashers.resume_text.hash_bytes(&run.0.to_be_bytes());
        hash.first_chunk::<16>().map_or(0, |head| u128::from_be_bytes(*head))
    }
}
