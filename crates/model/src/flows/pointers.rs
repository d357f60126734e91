//! How the versions of a flow follow each other, decided without their content (Flow API contract, section 8).

use crate::Fault;

/// Whether clients can get a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VersionStatus {
    /// It is worked on, or was set aside.
    Draft,
    /// It never changes any more.
    Published,
}

impl VersionStatus {
    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
        }
    }

    /// Reads the word on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Draft, Self::Published].into_iter().find(|status| status.as_str() == text)
    }
}

/// Where a flow stands: which of its versions are special, and the next number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pointers {
    /// What clients get.
    pub latest: Option<u32>,
    /// What is edited.
    pub draft: Option<u32>,
    /// Number of the next version; never used before.
    pub next: u32,
}

/// Which version an edit goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// The current draft.
    Existing(u32),
    /// A new draft, which becomes the current one.
    New {
        /// Its number.
        version: u32,
        /// The version whose content it begins with; none begins empty.
        based_on: Option<u32>,
    },
}

/// What a publication does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Where the flow stands afterwards.
    pub pointers: Pointers,
    /// The version.
    pub version: u32,
    /// Whether it was a draft before.
    pub was_draft: bool,
}

/// Why a transition is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no current draft.
    NoDraft,
    /// Only a published version can do this.
    NotPublished(u32),
    /// Only a draft can do this.
    Published(u32),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoDraft => Self::conflict("no_draft", "The flow has no draft"),
            Refusal::NotPublished(version) => {
                Self::conflict("version_not_published", format!("Version {version} is not published"))
            }
            Refusal::Published(version) => {
                Self::conflict("version_published", format!("Version {version} is published"))
            }
        }
    }
}

impl Pointers {
    /// A flow without versions.
    pub const NEW: Self = Self { latest: None, draft: None, next: 1 };

    /// Where an edit goes: to the current draft, else to a new one based on the latest version.
    #[must_use]
    pub const fn edit(self) -> (Self, Edit) {
        match self.draft {
            Some(version) => (self, Edit::Existing(version)),
            None => {
                let (pointers, version) = self.roll_back();
                (pointers, Edit::New { version, based_on: self.latest })
            }
        }
    }

    /// Publishes the current draft, or the draft that is named. A current draft that is not the one published stays.
    ///
    /// # Errors
    /// [`Refusal::NoDraft`], [`Refusal::Published`].
    pub fn publish_draft(self, named: Option<(u32, VersionStatus)>, set_latest: bool) -> Result<Published, Refusal> {
        let version = match named {
            Some((version, VersionStatus::Draft)) => version,
            Some((version, VersionStatus::Published)) => return Err(Refusal::Published(version)),
            None => self.draft.ok_or(Refusal::NoDraft)?,
        };
        let latest = if set_latest { Some(version) } else { self.latest };
        let pointers = Self { latest, draft: self.draft.filter(|&draft| draft != version), ..self };
        Ok(Published { pointers, version, was_draft: true })
    }

    /// Makes a version what clients get, publishing it when it is a draft.
    #[must_use]
    pub fn publish_version(self, version: u32, status: VersionStatus) -> Published {
        let draft = self.draft.filter(|&draft| draft != version);
        let pointers = Self { latest: Some(version), draft, ..self };
        Published { pointers, version, was_draft: status == VersionStatus::Draft }
    }

    /// Makes a published version what clients get.
    ///
    /// # Errors
    /// [`Refusal::NotPublished`].
    pub const fn set_latest(self, version: u32, status: VersionStatus) -> Result<Self, Refusal> {
        match status {
            VersionStatus::Published => Ok(Self { latest: Some(version), ..self }),
            VersionStatus::Draft => Err(Refusal::NotPublished(version)),
        }
    }

    /// Makes room for a new draft with older content, and gives its number. The former draft is a draft among others then.
    #[must_use]
    pub const fn roll_back(self) -> (Self, u32) {
        let version = self.next;
        (Self { draft: Some(version), next: version + 1, ..self }, version)
    }

    /// Takes a published version back; `None` when it is a draft, which changes nothing. `highest_other` is the highest
    /// published version beside it: what clients get when they got this one.
    #[must_use]
    pub fn unpublish(self, version: u32, status: VersionStatus, highest_other: Option<u32>) -> Option<Self> {
        if status == VersionStatus::Draft {
            return None;
        }
        let latest = if self.latest == Some(version) { highest_other } else { self.latest };
        Some(Self { latest, ..self })
    }

    /// Deletes a draft.
    ///
    /// # Errors
    /// [`Refusal::Published`].
    pub fn delete(self, version: u32, status: VersionStatus) -> Result<Self, Refusal> {
        match status {
            VersionStatus::Published => Err(Refusal::Published(version)),
            VersionStatus::Draft => Ok(Self { draft: self.draft.filter(|&draft| draft != version), ..self }),
        }
    }
}

#[cfg(test)]
mod tests;
