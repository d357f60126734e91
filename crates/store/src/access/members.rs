//! Table `members`: persons, over all workspaces.

use floe_model::{Fault, Timestamp, id::MemberId};

use crate::{Row, Tx, params, statements};

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: MemberId,
    /// Shown name.
    pub name: String,
    /// E-mail address in lower case, unique.
    pub email: String,
    /// Password hash as a PHC string; none signs in by link only.
    pub password_hash: Option<String>,
    /// JSON object.
    pub preferences: String,
    /// Counts changes.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

statements! {
    /// A new member.
    INSERT = both(
        "insert into members (id, name, email, password_hash, preferences, revision, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)"
    );
    /// By id.
    FIND = both("select id, name, email, password_hash, preferences, revision, created_at from members where id = $1")
        -> [id, text, text, opt text, json, int, time];
    /// By e-mail address.
    FIND_BY_EMAIL = both(
        "select id, name, email, password_hash, preferences, revision, created_at from members where email = $1"
    ) -> [id, text, text, opt text, json, int, time];
    /// What a member changes of itself.
    UPDATE = both(
        "update members set name = $2, preferences = $3, revision = revision + 1 where id = $1 and revision = $4"
    );
    /// A new password.
    SET_PASSWORD = both("update members set password_hash = $2, revision = revision + 1 where id = $1");
}

/// Adds a member.
///
/// # Errors
/// A conflict `already_exists` for an address that is taken.
pub fn insert(tx: &mut Tx<'_>, member: &Member) -> Result<(), Fault> {
    let Member { id, name, email, password_hash, preferences, revision, created_at } = member;
    tx.execute(&INSERT, params![*id, name, email, password_hash, preferences, *revision, *created_at])?;
    Ok(())
}

/// By its id.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, id: MemberId) -> Result<Option<Member>, Fault> {
    tx.row(&FIND, params![id], map)
}

/// By e-mail address in lower case.
///
/// # Errors
/// Of the database.
pub fn find_by_email(tx: &mut Tx<'_>, email: &str) -> Result<Option<Member>, Fault> {
    tx.row(&FIND_BY_EMAIL, params![email], map)
}

/// Writes name and preferences when the revision is still `member.revision`; false otherwise.
///
/// # Errors
/// Of the database.
pub fn update(tx: &mut Tx<'_>, member: &Member) -> Result<bool, Fault> {
    Ok(tx.execute(&UPDATE, params![member.id, &member.name, &member.preferences, member.revision])? == 1)
}

/// Writes a password hash; false when there is no such member.
///
/// # Errors
/// Of the database.
pub fn set_password(tx: &mut Tx<'_>, id: MemberId, password_hash: &str) -> Result<bool, Fault> {
    Ok(tx.execute(&SET_PASSWORD, params![id, password_hash])? == 1)
}

fn map(row: &Row<'_>) -> Result<Member, Fault> {
    Ok(Member {
        id: MemberId(row.id(0)?),
        name: row.string(1)?,
        email: row.string(2)?,
        password_hash: row.opt_string(3)?,
        preferences: row.string(4)?,
        revision: row.int(5)?,
        created_at: row.time(6)?,
    })
}
