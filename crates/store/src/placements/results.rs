//! What came of an experiment, counted from assignments and outcomes (Placements contract, section 9.4).
//!
//! A user counts with a variant when it was assigned to the user by chance. What the user did counts when it was not before the
//! assignment, to the second: devices send whole seconds.

use floe_model::{
    Fault, Scope,
    id::{AppId, ExperimentId, VariantId},
};

use crate::{Row, Tx, params, statements};

/// Users who were assigned a variant on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enrolled {
    /// The variant.
    pub variant: VariantId,
    /// Days since 1970.
    pub day: i64,
    /// How many.
    pub users: i64,
}

/// Enrolled users who did the same things on the same days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Did {
    /// The variant.
    pub variant: VariantId,
    /// The day when they saw it first, days since 1970.
    pub exposed: Option<i64>,
    /// The day when they completed first.
    pub completed: Option<i64>,
    /// The day when they converted first.
    pub converted: Option<i64>,
    /// How many.
    pub users: i64,
}

/// What enrolled users brought in.
#[derive(Debug, Clone, PartialEq)]
pub struct Brought {
    /// The variant.
    pub variant: VariantId,
    /// Three letters; none where conversions named none.
    pub currency: Option<String>,
    /// Whether these users saw the variant.
    pub is_exposed: bool,
    /// Users who brought something in this currency.
    pub users: i64,
    /// Their conversions.
    pub conversions: i64,
    /// The sum.
    pub amount: f64,
    /// The sum of the squares of what each user brought.
    pub squares: f64,
}

/// The first of two times that is not before the assignment, as a day.
macro_rules! day_of {
    ($kind:literal) => {
        concat!(
            "case when o.",
            $kind,
            "_first >= a.assigned_at - a.assigned_at % 1000000 then o.",
            $kind,
            "_first / 86400000000 when o.",
            $kind,
            "_last >= a.assigned_at - a.assigned_at % 1000000 then o.",
            $kind,
            "_last / 86400000000 end"
        )
    };
}

/// Which of the joined users count: those who were assigned by chance, without those of a list.
macro_rules! counted {
    ($left_out:literal) => {
        concat!(" not a.forced and a.user_id not in (select value from ", $left_out, ")")
    };
}

macro_rules! enrolled {
    ($left_out:literal) => {
        concat!(
            "select a.variant_id, a.assigned_at / 86400000000 as day, count(*) from experiment_assignments a
             where a.workspace_id = $1 and a.mode = $2 and a.experiment_id = $3 and not a.forced
                 and a.user_id not in (select value from ",
            $left_out,
            ") group by a.variant_id, day"
        )
    };
}

macro_rules! did {
    ($left_out:literal) => {
        concat!(
            "select variant_id, exposed, completed, converted, count(*) from (
                 select a.variant_id, ",
            day_of!("exposed"),
            " as exposed, ",
            day_of!("completed"),
            " as completed, ",
            day_of!("converted"),
            " as converted
                 from experiment_outcomes o join experiment_assignments a on a.workspace_id = o.workspace_id and a.mode = o.mode
                     and a.experiment_id = o.experiment_id and a.user_id = o.user_id and a.variant_id = o.variant_id
                 where o.workspace_id = $1 and o.mode = $2 and o.app_id = $4 and o.experiment_id = $3 and",
            counted!($left_out),
            "
             ) as users where exposed is not null or completed is not null or converted is not null
             group by variant_id, exposed, completed, converted"
        )
    };
}

macro_rules! brought {
    ($left_out:literal) => {
        concat!(
            "select variant_id, currency, is_exposed, count(*), cast(sum(conversions) as bigint), sum(amount), sum(amount * amount) from (
                 select a.user_id, a.variant_id, r.currency, cast(max(case when ",
            day_of!("exposed"),
            " is null then 0 else 1 end) as bigint) as is_exposed, cast(sum(r.conversions) as bigint) as conversions,
                     sum(r.amount) as amount
                 from experiment_revenue r join experiment_assignments a on a.workspace_id = r.workspace_id and a.mode = r.mode
                     and a.experiment_id = r.experiment_id and a.user_id = r.user_id and a.variant_id = r.variant_id
                     left join experiment_outcomes o on o.workspace_id = r.workspace_id and o.mode = r.mode and o.app_id = r.app_id
                     and o.experiment_id = r.experiment_id and o.user_id = r.user_id and o.variant_id = r.variant_id
                 where r.workspace_id = $1 and r.mode = $2 and r.app_id = $4 and r.experiment_id = $3
                     and r.day >= a.assigned_at / 86400000000 and",
            counted!($left_out),
            "
                 group by a.user_id, a.variant_id, r.currency
             ) as users group by variant_id, currency, is_exposed"
        )
    };
}

statements! {
    /// Enrolled users by variant and day; `$4` are those to leave out.
    ENROLLED = split {
        sqlite: enrolled!("json_each($4)"),
        postgres: enrolled!("json_array_elements_text($4::text::json) as given(value)"),
    } -> [id, int, int];
    /// What they did.
    DID = split {
        sqlite: did!("json_each($5)"),
        postgres: did!("json_array_elements_text($5::text::json) as given(value)"),
    } -> [id, opt int, opt int, opt int, int];
    /// What they brought in.
    BROUGHT = split {
        sqlite: brought!("json_each($5)"),
        postgres: brought!("json_array_elements_text($5::text::json) as given(value)"),
    } -> [id, text, int, int, int, float, float];
}

/// Enrolled users by variant and day, without those in `left_out`.
///
/// # Errors
/// Of the database.
pub fn enrolled(
    tx: &mut Tx<'_>,
    scope: Scope,
    experiment: ExperimentId,
    left_out: &[String],
) -> Result<Vec<Enrolled>, Fault> {
    let left_out = serde_json::to_string(left_out).map_err(Fault::internal)?;
    tx.rows(&ENROLLED, params![scope.workspace, scope.mode, experiment, &left_out], |row| {
        Ok(Enrolled { variant: VariantId(row.id(0)?), day: row.int(1)?, users: row.int(2)? })
    })
}

/// What enrolled users did, without those in `left_out`.
///
/// # Errors
/// Of the database.
pub fn did(
    tx: &mut Tx<'_>,
    scope: Scope,
    app: AppId,
    experiment: ExperimentId,
    left_out: &[String],
) -> Result<Vec<Did>, Fault> {
    let left_out = serde_json::to_string(left_out).map_err(Fault::internal)?;
    tx.rows(&DID, params![scope.workspace, scope.mode, experiment, app, &left_out], |row| {
        Ok(Did {
            variant: VariantId(row.id(0)?),
            exposed: row.opt_int(1)?,
            completed: row.opt_int(2)?,
            converted: row.opt_int(3)?,
            users: row.int(4)?,
        })
    })
}

/// What enrolled users brought in, without those in `left_out`.
///
/// # Errors
/// Of the database.
pub fn brought(
    tx: &mut Tx<'_>,
    scope: Scope,
    app: AppId,
    experiment: ExperimentId,
    left_out: &[String],
) -> Result<Vec<Brought>, Fault> {
    let left_out = serde_json::to_string(left_out).map_err(Fault::internal)?;
    tx.rows(&BROUGHT, params![scope.workspace, scope.mode, experiment, app, &left_out], brought_row)
}

fn brought_row(row: &Row<'_>) -> Result<Brought, Fault> {
    Ok(Brought {
        variant: VariantId(row.id(0)?),
        currency: Some(row.string(1)?).filter(|currency| !currency.is_empty()),
        is_exposed: row.int(2)? == 1,
        users: row.int(3)?,
        conversions: row.int(4)?,
        amount: row.float(5)?,
        squares: row.float(6)?,
    })
}
