//! Tables `recipients` and `recipient_totals`: whom an organisation pays (Treasury contract, sections 2.3 and 10.7).

use floe_model::{Fault, Scope, Timestamp, id::RecipientId};

use crate::{Row, Tx, Value, params, statements};

/// Recipients of one page at most.
pub const PAGE_MAX: usize = 200;
/// Recipients that are found by name at once.
pub const NAMES_MAX: usize = 100_000;

/// A recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Its id.
    pub id: RecipientId,
    /// Name of the account's holder.
    pub name: String,
    /// Ten digits.
    pub account_number: String,
    /// The code as it was given.
    pub institution_code: String,
    /// Name of the bank.
    pub bank_name: Option<String>,
    /// What a payment to it says.
    pub narration_note: Option<String>,
    /// JSON list of words.
    pub tags: String,
    /// When it was saved.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// What was paid to an account at one institution code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// The code under which it was paid.
    pub institution_code: String,
    /// Successful payments.
    pub count: i64,
    /// The last of them.
    pub last_at: Option<Timestamp>,
}

macro_rules! columns {
    () => {
        "r.id, r.name, r.account_number, r.institution_code, r.bank_name, r.narration_note, r.tags, r.created_at, r.updated_at"
    };
}

macro_rules! search {
    ($from:literal, $holds:literal) => {
        concat!(
            "select ", columns!(), " from (
                 select id from ", $from, " where workspace_id = $1 and mode = $2 and (", $holds, ")
                 order by sort_key, id limit $5 offset $6) p
             cross join recipients r where r.workspace_id = $1 and r.mode = $2 and r.id = p.id order by r.sort_key, r.id"
        )
    };
}

statements! {
    /// New ones.
    INSERT = bulk(
        "insert into recipients (workspace_id, mode, id, name, folded, sort_key, account_number, institution_code, bank_name,
             narration_note, tags, created_at, updated_at)",
        [id, text, id, text, text, bytes, text, text, opt text, opt text, json, time, time]
    );
    /// A counter for a workspace and mode that has none.
    START = both("insert into recipient_totals (workspace_id, mode, recipients) values ($1, $2, 0) on conflict do nothing");
    /// More or fewer.
    COUNTED = both("update recipient_totals set recipients = recipients + $3 where workspace_id = $1 and mode = $2");
    /// How many there are.
    TOTAL = both("select recipients from recipient_totals where workspace_id = $1 and mode = $2") -> [int];
    /// By id.
    FIND = both(concat!("select ", columns!(), " from recipients r where r.workspace_id = $1 and r.mode = $2 and r.id = $3"))
        -> [id, text, text, text, opt text, opt text, json, time, time];
    /// A page, by name; the rows to pass over are counted in the index alone.
    LIST = both(concat!(
        "select ", columns!(), " from (
             select id from recipients where workspace_id = $1 and mode = $2 order by sort_key, id limit $3 offset $4) p
         cross join recipients r where r.workspace_id = $1 and r.mode = $2 and r.id = p.id order by r.sort_key, r.id"
    )) -> [id, text, text, text, opt text, opt text, json, time, time];
    /// A page of those that hold a text, by name. All that is looked at is in the index.
    SEARCH = split {
        sqlite: search!("recipients indexed by recipients_order", "instr(sort_key, $3) > 0 or instr(account_number, $4) > 0"),
        postgres: search!("recipients", "position($3 in sort_key) > 0 or strpos(account_number, $4) > 0"),
    } -> [id, text, text, text, opt text, opt text, json, time, time];
    /// How many hold a text.
    SEARCH_COUNT = split {
        sqlite: "select count(*) from recipients indexed by recipients_order
             where workspace_id = $1 and mode = $2 and (instr(sort_key, $3) > 0 or instr(account_number, $4) > 0)",
        postgres: "select count(*) from recipients
             where workspace_id = $1 and mode = $2 and (position($3 in sort_key) > 0 or strpos(account_number, $4) > 0)",
    } -> [int];
    /// Every one, in order of names.
    ALL = both(concat!(
        "select ", columns!(), " from recipients r where r.workspace_id = $1 and r.mode = $2 order by r.sort_key, r.id limit $3"
    )) -> [id, text, text, text, opt text, opt text, json, time, time];
    /// What can be changed.
    UPDATE = both(
        "update recipients set name = $4, folded = $5, sort_key = $6, account_number = $7, institution_code = $8, bank_name = $9,
             narration_note = $10, tags = $11, updated_at = $12
         where workspace_id = $1 and mode = $2 and id = $3"
    );
    /// Gone.
    DELETE = both("delete from recipients where workspace_id = $1 and mode = $2 and id = $3");
    /// What was paid to an account, by the code under which it was paid.
    PAID = both(
        "select institution_code, count(*), max(settled_at) from payout_orders
         where workspace_id = $1 and mode = $2 and account_number = $3 and state = 'success' group by institution_code"
    ) -> [text, int, opt time];
}

/// Adds recipients.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, scope: Scope, recipients: &[Recipient]) -> Result<(), Fault> {
    let folded: Vec<String> = recipients.iter().map(|one| one.name.to_lowercase()).collect();
    let rows: Vec<[Value<'_>; 13]> = recipients
        .iter()
        .zip(&folded)
        .map(|(one, folded)| {
            [
                scope.workspace.into(),
                scope.mode.into(),
                one.id.into(),
                (&one.name).into(),
                folded.into(),
                folded.as_bytes().into(),
                (&one.account_number).into(),
                (&one.institution_code).into(),
                (&one.bank_name).into(),
                (&one.narration_note).into(),
                (&one.tags).into(),
                one.created_at.into(),
                one.updated_at.into(),
            ]
        })
        .collect();
    tx.bulk(&INSERT, &rows)?;
    count_more(tx, scope, i64::try_from(recipients.len()).unwrap_or(i64::MAX))
}

/// By id.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, scope: Scope, id: RecipientId) -> Result<Option<Recipient>, Fault> {
    tx.row(&FIND, params![scope.workspace, scope.mode, id], map)
}

/// Up to `limit` ([`PAGE_MAX`] at most) recipients by name, and how many there are. `search` is looked for in name and account number,
/// without regard to case.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    scope: Scope,
    search: Option<&str>,
    limit: usize,
    offset: i64,
) -> Result<(Vec<Recipient>, i64), Fault> {
    let limit = limit.min(PAGE_MAX);
    // Names are compared by the bytes of their lower case, which the index of their order holds.
    let Some(text) = search.filter(|text| !text.is_empty()).map(str::to_lowercase) else {
        let rows = tx.rows(&LIST, params![scope.workspace, scope.mode, limit, offset], map)?;
        let total = tx.row(&TOTAL, params![scope.workspace, scope.mode], |row| row.int(0))?;
        return Ok((rows, total.unwrap_or(0)));
    };
    let name = text.as_bytes();
    let rows = tx.rows(&SEARCH, params![scope.workspace, scope.mode, name, &text, limit, offset], map)?;
    let total = tx.row(&SEARCH_COUNT, params![scope.workspace, scope.mode, name, &text], |row| row.int(0))?;
    Ok((rows, total.unwrap_or(0)))
}

/// Every recipient by name, [`NAMES_MAX`] at most: for names in an objective.
///
/// # Errors
/// Of the database.
pub fn all(tx: &mut Tx<'_>, scope: Scope) -> Result<Vec<Recipient>, Fault> {
    tx.rows(&ALL, params![scope.workspace, scope.mode, NAMES_MAX], map)
}

/// Writes what can be changed; false when it is gone.
///
/// # Errors
/// Of the database.
pub fn update(tx: &mut Tx<'_>, scope: Scope, one: &Recipient) -> Result<bool, Fault> {
    let folded = one.name.to_lowercase();
    let values = params![
        scope.workspace,
        scope.mode,
        one.id,
        &one.name,
        &folded,
        folded.as_bytes(),
        &one.account_number,
        &one.institution_code,
        &one.bank_name,
        &one.narration_note,
        &one.tags,
        one.updated_at
    ];
    Ok(tx.execute(&UPDATE, values)? == 1)
}

/// Takes one away; false when it was gone.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, scope: Scope, id: RecipientId) -> Result<bool, Fault> {
    let gone = tx.execute(&DELETE, params![scope.workspace, scope.mode, id])? == 1;
    if gone {
        count_more(tx, scope, -1)?;
    }
    Ok(gone)
}

/// What was paid to an account number, by the institution code under which it was paid.
///
/// # Errors
/// Of the database.
pub fn paid(tx: &mut Tx<'_>, scope: Scope, account_number: &str) -> Result<Vec<Paid>, Fault> {
    tx.rows(&PAID, params![scope.workspace, scope.mode, account_number], |row| {
        Ok(Paid { institution_code: row.string(0)?, count: row.int(1)?, last_at: row.opt_time(2)? })
    })
}

fn count_more(tx: &mut Tx<'_>, scope: Scope, more: i64) -> Result<(), Fault> {
    tx.execute(&START, params![scope.workspace, scope.mode])?;
    tx.execute(&COUNTED, params![scope.workspace, scope.mode, more]).map(drop)
}

fn map(row: &Row<'_>) -> Result<Recipient, Fault> {
    Ok(Recipient {
        id: RecipientId(row.id(0)?),
        name: row.string(1)?,
        account_number: row.string(2)?,
        institution_code: row.string(3)?,
        bank_name: row.opt_string(4)?,
        narration_note: row.opt_string(5)?,
        tags: row.string(6)?,
        created_at: row.time(7)?,
        updated_at: row.time(8)?,
    })
}
