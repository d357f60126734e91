//! Links that sign in once.

use floe_model::id::MemberId;
use floe_model::{Fault, FaultKind};
use floe_store::access::links::{self, LinkKind};
use floe_store::access::members;

use crate::secret::opaque_text;
use crate::service::Access;

/// Minutes that a sign-in link works unless the caller says otherwise.
pub const SIGN_IN_MINUTES: i64 = 15;

impl Access {
    /// A link's token that signs a member in once; for `floe demo` and the command line on the data folder.
    ///
    /// # Errors
    /// `not_found` for an address that no member has.
    pub async fn issue_sign_in_link(&self, email: &str, minutes: i64) -> Result<String, Fault> {
        let token = opaque_text(self.platform.ids.secret());
        let hash = self.hashers.link.hash(&token);
        let (email, now) = (email.trim().to_lowercase(), self.platform.clock.now());
        let writing = self.platform.store.write(move |tx| {
            let member = members::find_by_email(tx, &email)?.ok_or_else(|| Fault::not_found("Member"))?;
            links::insert(tx, &hash, LinkKind::SignIn, Some(member.id), now, now.plus_seconds(minutes * 60))
        });
        writing.await?;
        Ok(token)
    }

    /// Uses a sign-in link, once.
    pub(crate) fn sign_in_link_hash(&self, token: &str) -> [u8; 32] {
        self.hashers.link.hash(token)
    }
}

/// The member of a link that was just used.
pub(crate) fn member_of(used: Option<Option<MemberId>>) -> Result<MemberId, Fault> {
    used.flatten().ok_or_else(link_over)
}

/// The fault for a link that is unknown, used or over, all alike.
pub(crate) fn link_over() -> Fault {
    Fault::new(FaultKind::Gone, "expired", "This link was used, is over, or never was")
}
