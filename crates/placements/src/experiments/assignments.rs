//! What a user was given in an experiment (Placements contract, sections 9.2 and 12).

use floe_model::id::{AppId, ExperimentId, VariantId};
use floe_model::placements::bucket::{self, HashVersion, V1_BUCKETS, V2_BUCKETS};
use floe_model::{Fault, Mode, Scope, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::placements::{assignments as rows, experiments, overrides, revisions};
use serde_json::json;

use super::{Whole, get};
use crate::trail::{self, Note, Who};

/// Where a variant comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The hash gives the same today.
    Hash,
    /// What was stored once; the hash would give another one since the weights were changed.
    Stored,
    /// An override, or a test user: it does not count.
    Forced,
}

impl Source {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::Stored => "stored",
            Self::Forced => "forced",
        }
    }
}

/// What a user was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// The variant.
    pub variant: VariantId,
    /// The user's bucket: 0 to 99 with hash version 1, 0 to 9,999 with version 2.
    pub bucket: u32,
    /// Where the variant comes from.
    pub source: Source,
    /// When it was given first.
    pub assigned_at: Timestamp,
}

/// What a user was given in a mode.
///
/// # Errors
/// `not_found` for the experiment, and where nothing is stored of the user.
pub fn assignment(tx: &mut Tx<'_>, scope: Scope, app: AppId, id: ExperimentId, user_id: &str) -> Result<Given, Fault> {
    let whole = get(tx, scope.workspace, app, id)?;
    let (bucket, hashed) = hashed(&whole, user_id);
    let forced = overrides::find(tx, scope.workspace, id, user_id)?;
    let stored = rows::find(tx, scope, id, user_id)?;
    let (variant, source, assigned_at) = match (forced, stored) {
        (Some(forced), stored) => {
            (forced.variant, Source::Forced, stored.map_or(forced.created_at, |stored| stored.assigned_at))
        }
        (None, Some(stored)) if stored.forced => (stored.variant, Source::Forced, stored.assigned_at),
        (None, Some(stored)) if Some(stored.variant) == hashed => (stored.variant, Source::Hash, stored.assigned_at),
        (None, Some(stored)) => (stored.variant, Source::Stored, stored.assigned_at),
        (None, None) => return Err(Fault::not_found("Assignment")),
    };
    Ok(Given { variant, bucket, source, assigned_at })
}

/// Bucket of a user, and the variant of that bucket by the weights of today.
fn hashed(whole: &Whole, user_id: &str) -> (u32, Option<VariantId>) {
    let experiment = &whole.experiment;
    let (bucket, in_hundredths) = match experiment.hash_version {
        HashVersion::V1 => {
            let bucket = bucket::v1(user_id, &experiment.id.to_string());
            (bucket, bucket * (V2_BUCKETS / V1_BUCKETS))
        }
        HashVersion::V2 => {
            let bucket = bucket::v2(&experiment.seed, user_id);
            (bucket, bucket)
        }
    };
    let index = bucket::choose(whole.variants.iter().map(|variant| variant.weight), in_hundredths);
    (bucket, index.and_then(|index| whole.variants.get(index)).map(|variant| variant.id))
}

/// Forgets what a user was given in a mode: the next resolve assigns anew, by the weights of then.
///
/// # Errors
/// `not_found` for the experiment, and where nothing is stored of the user.
pub fn forget(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    mode: Mode,
    app: AppId,
    id: ExperimentId,
    user_id: &str,
) -> Result<(), Fault> {
    let workspace = ctx.caller.workspace;
    // Those who hold copies of what is stored must let go of the user.
    revisions::bump(tx, workspace)?;
    let whole = get(tx, workspace, app, id)?;
    if !rows::forget(tx, Scope { workspace, mode }, id, user_id)? {
        return Err(Fault::not_found("Assignment"));
    }
    experiments::forgot(tx, workspace, app, id)?;
    let experiment = &whole.experiment;
    let note =
        Note::new("forgot_assignment", "experiment", id.0, &experiment.name, json!({ "app_id": experiment.app }));
    trail::note(tx, ctx, &Who::caller(ctx), Note { mode: Some(mode), ..note })
}
