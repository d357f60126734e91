//! Table `experiments` (Placements contract, section 9). Whoever changes one has counted the change first (`revisions::bump`), and so is
//! alone with the configuration of the workspace.

use std::collections::HashMap;

use floe_model::{
    Fault, Timestamp,
    id::{AppId, ExperimentId, ScreenVersionId, VariantId, WorkspaceId},
    placements::{bucket::HashVersion, experiment::Metric, experiment::Status},
};

use super::id_list;
use super::overrides::{self, Override};
use super::variants::{self, Variant};
use crate::{Row, Tx, params, statements};

/// Experiments of an app at most.
pub const EXPERIMENTS_MAX: usize = 1_000;
/// Experiments of one page at most.
pub const PAGE_MAX: usize = 200;

/// An experiment, without its variants.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// Its id.
    pub id: ExperimentId,
    /// The app that it belongs to.
    pub app: AppId,
    /// Key of the placement that it runs on.
    pub placement_key: String,
    /// What people call it.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// What it is decided by.
    pub metric: Metric,
    /// 0.90, 0.95 or 0.99.
    pub confidence_target: f64,
    /// How users get buckets.
    pub hash_version: HashVersion,
    /// Seed of the second hash.
    pub seed: String,
    /// Share of users who take part, in hundredths of a percent.
    pub allocation: u32,
    /// When it starts by itself.
    pub start_at: Option<Timestamp>,
    /// When it stops by itself.
    pub stop_at: Option<Timestamp>,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When the weights were changed last after the start.
    pub weights_changed_at: Option<Timestamp>,
    /// The winner, where one was declared.
    pub winner: Option<VariantId>,
    /// Counts how often stored assignments were taken away; see [`forgot`].
    pub forgotten: i64,
    /// Counts changes.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// An experiment that holds a placement, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Active {
    /// The experiment: running or paused.
    pub experiment: Experiment,
    /// Its variants in the order of their buckets.
    pub variants: Vec<Variant>,
    /// Users who always get one variant.
    pub overrides: Vec<Override>,
}

/// Which experiments a list holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this state only.
    pub status: Option<Status>,
    /// On this placement only.
    pub placement_key: Option<String>,
}

macro_rules! columns {
    () => {
        "id, app_id, placement_key, name, description, status, primary_metric, confidence_target, hash_version, seed, allocation,
             start_at, stop_at, started_at, ended_at, weights_changed_at, winner_variant_id, forgotten, revision, created_at,
             updated_at"
    };
}

statements! {
    /// A new one.
    INSERT = both(concat!(
        "insert into experiments (workspace_id, ", columns!(), ")
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)"
    ));
    /// By id.
    FIND = both(concat!("select ", columns!(), " from experiments where workspace_id = $1 and app_id = $2 and id = $3"))
        -> [id, id, text, text, opt text, text, text, float, int, text, int, opt time, opt time, opt time, opt time, opt time, opt id,
            int, int, time, time];
    /// A page, newest first.
    LIST = both(concat!(
        "select ", columns!(), " from experiments where workspace_id = $1 and app_id = $2
             and ($3 = '' or status = $3) and ($4 = '' or placement_key = $4) order by id desc limit $5 offset $6"
    )) -> [id, id, text, text, opt text, text, text, float, int, text, int, opt time, opt time, opt time, opt time, opt time, opt id, int,
        int, time, time];
    /// How many a filter lets through.
    COUNT = both(
        "select count(*) from experiments where workspace_id = $1 and app_id = $2
             and ($3 = '' or status = $3) and ($4 = '' or placement_key = $4)"
    ) -> [int];
    /// Those that hold a placement.
    ACTIVE = both(concat!(
        "select ", columns!(), " from experiments where workspace_id = $1 and status in ('running', 'paused') order by app_id, id"
    )) -> [id, id, text, text, opt text, text, text, float, int, text, int, opt time, opt time, opt time, opt time, opt time, opt id, int,
        int, time, time];
    /// The one that holds a placement.
    BOUND = both(
        "select id from experiments
         where workspace_id = $1 and app_id = $2 and placement_key = $3 and status in ('running', 'paused')"
    ) -> [id];
    /// Everything that can change.
    SAVE = both(
        "update experiments set placement_key = $4, name = $5, description = $6, status = $7, primary_metric = $8, confidence_target = $9,
             hash_version = $10, seed = $11, allocation = $12, start_at = $13, stop_at = $14, started_at = $15, ended_at = $16,
             weights_changed_at = $17, winner_variant_id = $18, revision = $19, updated_at = $20
         where workspace_id = $1 and app_id = $2 and id = $3 and revision = $19 - 1"
    );
    /// Stored assignments of one were taken away.
    FORGOT = both("update experiments set forgotten = forgotten + 1 where workspace_id = $1 and app_id = $2 and id = $3");
    /// Stored assignments of some of an app were taken away.
    FORGOT_SOME = both("update experiments set forgotten = forgotten + 1 where workspace_id = $1 and app_id = $2");
    /// Gone.
    DELETE = both("delete from experiments where workspace_id = $1 and app_id = $2 and id = $3");
    /// Whether a version is shown by an experiment.
    USES = split {
        sqlite: "select e.id from experiments e join experiment_variants v on v.workspace_id = e.workspace_id and v.experiment_id = e.id
             where v.workspace_id = $1 and v.flow_version_id in (select unhex(replace(value, '-', '')) from json_each($2)) limit 1",
        postgres: "select e.id from experiments e join experiment_variants v on v.workspace_id = e.workspace_id and v.experiment_id = e.id
             where v.workspace_id = $1 and v.flow_version_id in (select json_array_elements_text($2::text::json)::uuid) limit 1",
    } -> [id];
}

/// Adds one with its variants.
///
/// # Errors
/// Of the database; a conflict where its placement is held by another one.
pub fn put(tx: &mut Tx<'_>, workspace: WorkspaceId, one: &Experiment, variants: &[Variant]) -> Result<(), Fault> {
    let values = params![
        workspace,
        one.id,
        one.app,
        &one.placement_key,
        &one.name,
        &one.description,
        one.status.as_str(),
        one.metric.as_str(),
        one.confidence_target,
        one.hash_version.number(),
        &one.seed,
        one.allocation,
        one.start_at,
        one.stop_at,
        one.started_at,
        one.ended_at,
        one.weights_changed_at,
        one.winner,
        one.forgotten,
        one.revision,
        one.created_at,
        one.updated_at
    ];
    tx.execute(&INSERT, values)?;
    variants::replace(tx, workspace, one.id, variants)
}

/// By id.
///
/// # Errors
/// Of the database.
pub fn find(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    app: AppId,
    id: ExperimentId,
) -> Result<Option<Experiment>, Fault> {
    tx.row(&FIND, params![workspace, app, id], map)
}

/// A page, newest first, and how many the filter lets through.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    app: AppId,
    filter: &Filter,
    limit: usize,
    offset: i64,
) -> Result<(Vec<Experiment>, i64), Fault> {
    let status = filter.status.map_or("", Status::as_str);
    let key = filter.placement_key.as_deref().unwrap_or_default();
    let rows = tx.rows(&LIST, params![workspace, app, status, key, limit.min(PAGE_MAX), offset], map)?;
    let count = tx.row(&COUNT, params![workspace, app, status, key], |row| row.int(0))?;
    Ok((rows, count.unwrap_or(0)))
}

/// Every experiment of an app, newest first; [`EXPERIMENTS_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn of_app(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<Vec<Experiment>, Fault> {
    tx.rows(&LIST, params![workspace, app, "", "", EXPERIMENTS_MAX, 0_i64], map)
}

/// How many an app has.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<i64, Fault> {
    Ok(tx.row(&COUNT, params![workspace, app, "", ""], |row| row.int(0))?.unwrap_or(0))
}

/// Every experiment of a workspace that holds a placement, with what a resolve needs of it.
///
/// # Errors
/// Of the database.
pub fn active(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<Active>, Fault> {
    let experiments = tx.rows(&ACTIVE, params![workspace], map)?;
    let ids: Vec<ExperimentId> = experiments.iter().map(|one| one.id).collect();
    let mut variants = variants::of_all(tx, workspace, &ids)?;
    let mut overrides: HashMap<ExperimentId, Vec<Override>> = HashMap::new();
    for (experiment, one) in overrides::active(tx, workspace)? {
        overrides.entry(experiment).or_default().push(one);
    }
    let whole = |experiment: Experiment| {
        let variants = variants.remove(&experiment.id).unwrap_or_default();
        let overrides = overrides.remove(&experiment.id).unwrap_or_default();
        Active { experiment, variants, overrides }
    };
    Ok(experiments.into_iter().map(whole).collect())
}

/// The experiment that holds a placement: running or paused.
///
/// # Errors
/// Of the database.
pub fn bound(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    app: AppId,
    placement_key: &str,
) -> Result<Option<ExperimentId>, Fault> {
    tx.row(&BOUND, params![workspace, app, placement_key], |row| row.id(0).map(ExperimentId))
}

/// Whether an experiment, in whatever state, refers to one of these versions.
///
/// # Errors
/// Of the database.
pub fn uses_version(tx: &mut Tx<'_>, workspace: WorkspaceId, versions: &[ScreenVersionId]) -> Result<bool, Fault> {
    if versions.is_empty() {
        return Ok(false);
    }
    Ok(!tx.rows(&USES, params![workspace, &id_list(versions)?], |row| row.id(0))?.is_empty())
}

/// Writes one over the revision that was read, and counts it.
///
/// # Errors
/// Of the database; `already_exists` where its placement is held by another one.
pub fn save(tx: &mut Tx<'_>, workspace: WorkspaceId, one: &mut Experiment) -> Result<(), Fault> {
    one.revision += 1;
    let values = params![
        workspace,
        one.app,
        one.id,
        &one.placement_key,
        &one.name,
        &one.description,
        one.status.as_str(),
        one.metric.as_str(),
        one.confidence_target,
        one.hash_version.number(),
        &one.seed,
        one.allocation,
        one.start_at,
        one.stop_at,
        one.started_at,
        one.ended_at,
        one.weights_changed_at,
        one.winner,
        one.revision,
        one.updated_at
    ];
    match tx.execute(&SAVE, values)? {
        1 => Ok(()),
        _ => Err(Fault::internal("an experiment changed while its workspace was held")),
    }
}

/// Counts that stored assignments of one were taken away: whoever holds copies of them reads them anew. Its revision stays.
///
/// # Errors
/// Of the database.
pub fn forgot(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, id: ExperimentId) -> Result<(), Fault> {
    tx.execute(&FORGOT, params![workspace, app, id]).map(drop)
}

/// Counts that stored assignments of any experiment of an app may have been taken away.
///
/// # Errors
/// Of the database.
pub(super) fn forgot_some(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<(), Fault> {
    tx.execute(&FORGOT_SOME, params![workspace, app]).map(drop)
}

/// Takes one away with all that belongs to it; false when it was gone.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, id: ExperimentId) -> Result<bool, Fault> {
    variants::replace(tx, workspace, id, &[])?;
    overrides::delete_all(tx, workspace, id)?;
    super::assignments::delete_all(tx, workspace, id)?;
    super::outcomes::delete_all(tx, workspace, app, id)?;
    Ok(tx.execute(&DELETE, params![workspace, app, id])? == 1)
}

/// Takes all experiments of an app away.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<(), Fault> {
    for one in of_app(tx, workspace, app)? {
        delete(tx, workspace, app, one.id)?;
    }
    Ok(())
}

fn map(row: &Row<'_>) -> Result<Experiment, Fault> {
    Ok(Experiment {
        id: ExperimentId(row.id(0)?),
        app: AppId(row.id(1)?),
        placement_key: row.string(2)?,
        name: row.string(3)?,
        description: row.opt_string(4)?,
        status: Status::parse(row.text(5)?).ok_or_else(|| row.mismatch(5, "a status"))?,
        metric: Metric::parse(row.text(6)?).ok_or_else(|| row.mismatch(6, "a metric"))?,
        confidence_target: row.float(7)?,
        hash_version: HashVersion::of_number(row.int(8)?).ok_or_else(|| row.mismatch(8, "a hash version"))?,
        seed: row.string(9)?,
        allocation: row.u32(10)?,
        start_at: row.opt_time(11)?,
        stop_at: row.opt_time(12)?,
        started_at: row.opt_time(13)?,
        ended_at: row.opt_time(14)?,
        weights_changed_at: row.opt_time(15)?,
        winner: row.opt_id(16)?.map(VariantId),
        forgotten: row.int(17)?,
        revision: row.int(18)?,
        created_at: row.time(19)?,
        updated_at: row.time(20)?,
    })
}
