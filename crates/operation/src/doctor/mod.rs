//! The doctor: looks at what an installation needs and says what to do about it (console contract, section 5.10).
//!
//! Each check is one function that never fails: what cannot be looked at is itself a finding. Checks that read the whole database are
//! made when somebody asks for them ([`Operation::examine`]); [`Operation::findings`] shows their last result beside fresh quick ones.

mod checks;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use floe_model::Fault;
use floe_store::operation::facts;
use serde::{Deserialize, Serialize};

use crate::Operation;

pub use checks::closed;
pub(crate) use checks::free_bytes;

/// Under this name the last thorough look is stored.
const FACT: &str = "doctor";

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Ok,
    /// Worth a look.
    Warn,
    /// Does not work.
    Fail,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Stable word.
    pub id: String,
    /// How it ended.
    pub status: Status,
    /// What was looked at.
    pub title: String,
    /// What was found.
    pub detail: String,
    /// What to do; none when all is well.
    pub fix: Option<String>,
}

/// A check of another slice, which the server brings along.
pub trait Examine: Send + Sync + 'static {
    /// Looks.
    fn examine(&self) -> Pin<Box<dyn Future<Output = Check> + Send + '_>>;
}

impl Check {
    /// All is well.
    #[must_use]
    pub fn ok(id: &str, title: &str, detail: impl Into<String>) -> Self {
        Self { id: id.to_owned(), status: Status::Ok, title: title.to_owned(), detail: detail.into(), fix: None }
    }

    /// Worth a look.
    #[must_use]
    pub fn warn(id: &str, title: &str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { status: Status::Warn, fix: Some(fix.into()), ..Self::ok(id, title, detail) }
    }

    /// Does not work.
    #[must_use]
    pub fn fail(id: &str, title: &str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { status: Status::Fail, fix: Some(fix.into()), ..Self::ok(id, title, detail) }
    }
}

impl Operation {
    /// Makes every check, also those that read the whole database, and remembers what they found.
    ///
    /// # Errors
    /// When what was found cannot be written down.
    pub async fn examine(&self) -> Result<Vec<Check>, Fault> {
        let slow = self.slow().await;
        let (value, now) = (serde_json::to_string(&slow).map_err(Fault::internal)?, self.platform.clock.now());
        self.platform.store.write(move |tx| facts::change(tx, FACT, &value, None, now).map(drop)).await?;
        Ok(slow.into_iter().chain(self.quick().await).collect())
    }

    /// The quick checks, made now, beside the last result of the others.
    ///
    /// # Errors
    /// Of the database.
    pub async fn findings(&self) -> Result<Vec<Check>, Fault> {
        let last = self.platform.store.read(|tx| facts::find(tx, FACT)).await?;
        let mut slow: Vec<Check> = Vec::new();
        if let Some(known) = last {
            slow = serde_json::from_str(&known.value).map_err(Fault::internal)?;
            slow.iter_mut().for_each(|check| check.detail = format!("{} (at {})", check.detail, known.changed_at));
        }
        Ok(slow.into_iter().chain(self.quick().await).collect())
    }

    async fn slow(&self) -> Vec<Check> {
        let mut found = vec![checks::store(self).await, checks::ledger(self).await];
        for one in &self.config.more_checks {
            found.push(one.examine().await);
        }
        found
    }

    async fn quick(&self) -> Vec<Check> {
        vec![
            checks::migrations(self).await,
            checks::secret_key(self).await,
            checks::disk(self).await,
            checks::clock(self).await,
            checks::public_url(self),
            checks::egress(self),
            checks::backups(self).await,
            checks::runs(self).await,
            checks::webhooks(self).await,
            checks::keys(self).await,
        ]
    }
}

/// The checks of other slices.
pub type MoreChecks = Vec<Arc<dyn Examine>>;
