//! The first start: set-up link, first owner, first workspace (console contract, section 2.1).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use floe_model::access::{Caller, Role};
use floe_model::id::{MemberId, WorkspaceId};
use floe_model::{Fault, Mode};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::access::links::{self, LinkKind};
use floe_store::access::members::{self, Member};
use floe_store::access::memberships;
use floe_store::access::workspaces::{self, Workspace};
use floe_store::platform::audit::Actor;
use serde_json::json;

use crate::act::{Act, Note};
use crate::keys::{Bundle, MadeKey, PreparedKey};
use crate::links::link_over;
use crate::secret::opaque_text;
use crate::service::Access;

/// Hours that a set-up link works.
const SETUP_LINK_HOURS: i64 = 24;
/// Names that are tried for a workspace whose name in addresses is taken.
const SLUG_TRIES: u32 = 50;
/// Longest name in addresses.
const SLUG_MAX: usize = 40;

/// The first owner and workspace, as asked for. All texts are checked by the caller.
#[derive(Debug, Clone)]
pub struct NewOwner {
    /// Shown name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Password; none signs in by link only.
    pub password: Option<String>,
    /// Name of the workspace.
    pub workspace_name: String,
    /// IANA time zone.
    pub timezone: String,
    /// Also one key of each kind in this mode.
    pub starter_keys: Option<Mode>,
}

/// What a set-up made.
#[derive(Debug, Clone)]
pub struct FirstOwner {
    /// The owner.
    pub member: Member,
    /// The workspace.
    pub workspace: Workspace,
    /// The keys, with their texts.
    pub keys: Vec<MadeKey>,
}

/// A first owner whose password is hashed, ready for the transaction.
#[derive(Clone)]
pub struct PreparedOwner {
    member: Member,
    workspace: Workspace,
    keys: Vec<PreparedKey>,
    link: Option<[u8; 32]>,
}

impl Access {
    /// Whether there is no owner yet.
    ///
    /// # Errors
    /// Of the database.
    pub async fn needs_setup(&self) -> Result<bool, Fault> {
        if self.set_up.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let owner = self.platform.store.read(workspaces::first_owner).await?;
        self.set_up.store(owner.is_some(), Ordering::Relaxed);
        Ok(owner.is_none())
    }

    /// A new set-up token, which ends the older ones; `None` when there is an owner.
    ///
    /// # Errors
    /// Of the database.
    pub async fn issue_setup_link(&self) -> Result<Option<String>, Fault> {
        if !self.needs_setup().await? {
            return Ok(None);
        }
        let token = opaque_text(self.platform.ids.secret());
        let (hash, now) = (self.hashers.link.hash(&token), self.platform.clock.now());
        let writing = self.platform.store.write(move |tx| {
            links::end_unused(tx, LinkKind::Setup)?;
            links::insert(tx, &hash, LinkKind::Setup, None, now, now.plus_seconds(SETUP_LINK_HOURS * 3_600))
        });
        writing.await?;
        Ok(Some(token))
    }

    /// Makes the first owner, workspace and keys; for the command line and the demo.
    ///
    /// # Errors
    /// `setup_done` when there is an owner.
    pub async fn create_admin(&self, new: NewOwner) -> Result<FirstOwner, Fault> {
        let owner = self.prepare_owner(new, None).await?;
        let caller = Arc::new(Caller::system(owner.workspace.id, Mode::Live));
        let ctx = Ctx::new(Arc::clone(&self.platform), caller, self.platform.ids.next());
        let act = Act { ctx, address: None };
        let made = self.platform.store.write(move |tx| owner.apply(tx, &act)).await?;
        self.set_up.store(true, Ordering::Relaxed);
        Ok(made)
    }

    /// Hashes the password and draws the ids. `token` is the set-up link's, which is used up with the act.
    ///
    /// # Errors
    /// `setup_done` when there is an owner; `expired` for a link that does not work, before any costly work.
    pub async fn prepare_owner(&self, new: NewOwner, token: Option<&str>) -> Result<PreparedOwner, Fault> {
        if !self.needs_setup().await? {
            return Err(setup_done());
        }
        let now = self.platform.clock.now();
        let link = token.map(|token| self.hashers.link.hash(token));
        if let Some(hash) = link
            && !self.platform.store.read(move |tx| links::is_open(tx, &hash, LinkKind::Setup, now)).await?
        {
            return Err(link_over());
        }
        let ids = &self.platform.ids;
        let password_hash = match &new.password {
            Some(password) => Some(self.passwords.hash(password, ids.secret()).await?),
            None => None,
        };
        let member = Member {
            id: ids.next(),
            name: new.name,
            email: new.email.to_lowercase(),
            password_hash,
            preferences: "{}".to_owned(),
            revision: 1,
            created_at: now,
        };
        let workspace = Workspace {
            id: ids.next(),
            slug: slug_of(&new.workspace_name),
            name: new.workspace_name,
            timezone: new.timezone,
            settings: "{}".to_owned(),
            revision: 1,
            created_at: now,
        };
        let keys = match new.starter_keys {
            Some(mode) => self.bundle_keys(workspace.id, Some(member.id), Bundle::Starter, mode, now),
            None => Vec::new(),
        };
        Ok(PreparedOwner { member, workspace, keys, link })
    }

    /// Remembers that there is an owner; called after the commit.
    pub fn note_set_up(&self) {
        self.set_up.store(true, Ordering::Relaxed);
    }
}

impl PreparedOwner {
    /// The workspace that will be made.
    #[must_use]
    pub fn workspace(&self) -> WorkspaceId {
        self.workspace.id
    }

    /// The member that will be made.
    #[must_use]
    pub fn member(&self) -> MemberId {
        self.member.id
    }

    /// Makes the owner. Of several at once exactly one succeeds.
    ///
    /// # Errors
    /// `setup_done` when there is an owner; `expired` when the link was used meanwhile.
    pub fn apply(&self, tx: &mut Tx<'_>, act: &Act) -> Result<FirstOwner, Fault> {
        let now = act.now();
        if !workspaces::claim_installation(tx, self.member.id, now)? {
            return Err(setup_done());
        }
        if let Some(hash) = &self.link
            && links::consume(tx, hash, LinkKind::Setup, now)?.is_none()
        {
            return Err(link_over());
        }
        let mut workspace = self.workspace.clone();
        workspace.slug = free_slug(tx, &workspace.slug)?;
        members::insert(tx, &self.member)?;
        workspaces::insert(tx, &workspace)?;
        memberships::insert(tx, workspace.id, self.member.id, Role::Owner, now)?;
        let note = Note {
            action: "created_workspace",
            mode: None,
            target: Some(("workspace", workspace.id.0, &workspace.name)),
            detail: json!({ "slug": workspace.slug, "owner": self.member.email }),
        };
        act.note_as(tx, workspace.id, self.actor(), note)?;
        let mut keys = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            keys.push(key.apply_as(tx, act, self.actor())?);
        }
        Ok(FirstOwner { member: self.member.clone(), workspace, keys })
    }

    fn actor(&self) -> Actor {
        Actor { kind: "member".to_owned(), id: Some(self.member.id.0), name: self.member.name.clone() }
    }
}

/// The name of a workspace in addresses: lower-case letters and digits with single hyphens.
pub(crate) fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.to_lowercase().chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
        if slug.len() >= SLUG_MAX {
            break;
        }
    }
    let slug = slug.trim_matches('-');
    if slug.is_empty() { "workspace".to_owned() } else { slug.to_owned() }
}

pub(crate) fn free_slug(tx: &mut Tx<'_>, wanted: &str) -> Result<String, Fault> {
    if workspaces::find_by_slug(tx, wanted)?.is_none() {
        return Ok(wanted.to_owned());
    }
    for number in 2..SLUG_TRIES {
        let slug = format!("{wanted}-{number}");
        if workspaces::find_by_slug(tx, &slug)?.is_none() {
            return Ok(slug);
        }
    }
    Err(Fault::conflict("conflict", "No free name in addresses was found for this workspace"))
}

fn setup_done() -> Fault {
    Fault::conflict("setup_done", "This server has an owner already")
}

#[cfg(test)]
mod tests {
    use super::slug_of;

    #[test]
    fn names_become_slugs() {
        for (name, expected) in
            [("Lagos Fit", "lagos-fit"), ("  A & B  ", "a-b"), ("日本", "workspace"), ("x--Y", "x-y")]
        {
            assert_eq!(slug_of(name), expected);
        }
    }
}
