//! Table `experiment_variants`: what an experiment compares, in the order of the buckets.

use std::collections::HashMap;

use floe_model::{
    Fault,
    id::{ExperimentId, ScreenVersionId, VariantId, WorkspaceId},
};

use super::id_list;
use crate::{Row, Tx, Value, params, statements};

/// A variant. Its place in the list is its number in the order of the buckets; the first one is the control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Its id.
    pub id: VariantId,
    /// What people call it.
    pub name: String,
    /// What it shows.
    pub version: ScreenVersionId,
    /// Its share of the users in hundredths of a percent.
    pub weight: u32,
}

statements! {
    /// New ones.
    INSERT = bulk(
        "insert into experiment_variants (workspace_id, experiment_id, bucket_order, id, name, flow_version_id, weight)",
        [id, id, int, id, text, id, int]
    );
    /// Those of one experiment.
    OF = both(
        "select id, name, flow_version_id, weight from experiment_variants
         where workspace_id = $1 and experiment_id = $2 order by bucket_order"
    ) -> [id, text, id, int];
    /// Those of several.
    OF_ALL = split {
        sqlite: "select experiment_id, id, name, flow_version_id, weight from experiment_variants
             where workspace_id = $1 and experiment_id in (select unhex(replace(value, '-', '')) from json_each($2))
             order by experiment_id, bucket_order",
        postgres: "select experiment_id, id, name, flow_version_id, weight from experiment_variants
             where workspace_id = $1 and experiment_id in (select json_array_elements_text($2::text::json)::uuid)
             order by experiment_id, bucket_order",
    } -> [id, id, text, id, int];
    /// Gone.
    DELETE = both("delete from experiment_variants where workspace_id = $1 and experiment_id = $2");
}

/// Writes the variants of an experiment in place of those that it had.
///
/// # Errors
/// Of the database.
pub fn replace(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    experiment: ExperimentId,
    variants: &[Variant],
) -> Result<(), Fault> {
    tx.execute(&DELETE, params![workspace, experiment])?;
    let rows: Vec<[Value<'_>; 7]> =
        variants.iter().enumerate().map(|(order, one)| values(workspace, experiment, order, one)).collect();
    tx.bulk(&INSERT, &rows).map(drop)
}

fn values(workspace: WorkspaceId, experiment: ExperimentId, order: usize, one: &Variant) -> [Value<'_>; 7] {
    [
        workspace.into(),
        experiment.into(),
        order.into(),
        one.id.into(),
        (&one.name).into(),
        one.version.into(),
        one.weight.into(),
    ]
}

/// The variants of an experiment in the order of the buckets.
///
/// # Errors
/// Of the database.
pub fn of(tx: &mut Tx<'_>, workspace: WorkspaceId, experiment: ExperimentId) -> Result<Vec<Variant>, Fault> {
    tx.rows(&OF, params![workspace, experiment], map)
}

/// The variants of several experiments, each in the order of its buckets.
///
/// # Errors
/// Of the database.
pub fn of_all(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    experiments: &[ExperimentId],
) -> Result<HashMap<ExperimentId, Vec<Variant>>, Fault> {
    let mut all: HashMap<ExperimentId, Vec<Variant>> = HashMap::with_capacity(experiments.len());
    if experiments.is_empty() {
        return Ok(all);
    }
    let rows = tx.rows(&OF_ALL, params![workspace, &id_list(experiments)?], |row| {
        Ok((ExperimentId(row.id(0)?), read(row, 1)?))
    })?;
    for (experiment, variant) in rows {
        all.entry(experiment).or_default().push(variant);
    }
    Ok(all)
}

fn map(row: &Row<'_>) -> Result<Variant, Fault> {
    read(row, 0)
}

fn read(row: &Row<'_>, first: usize) -> Result<Variant, Fault> {
    Ok(Variant {
        id: VariantId(row.id(first)?),
        name: row.string(first + 1)?,
        version: ScreenVersionId(row.id(first + 2)?),
        weight: row.u32(first + 3)?,
    })
}
