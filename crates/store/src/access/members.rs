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
    /// The PIN for approving payments.
    PIN = both("select pin_hash from members where id = $1") -> [opt text];
    /// Another PIN.
    SET_PIN = both("update members set pin_hash = $2, revision = revision + 1 where id = $1");
    /// Where a member wants to be told what.
    RULES = both("select notification_rules from members where id = $1") -> [opt json];
    /// Other rules.
    SET_RULES = both("update members set notification_rules = $2 where id = $1");
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

/// The hash of the PIN for approving payments, a PHC string; none while there is none.
///
/// # Errors
/// Of the database.
pub fn pin_hash(tx: &mut Tx<'_>, id: MemberId) -> Result<Option<String>, Fault> {
    Ok(tx.row(&PIN, params![id], |row| row.opt_string(0))?.flatten())
}

/// Writes the hash of a PIN; false when there is no such member.
///
/// # Errors
/// Of the database.
pub fn set_pin(tx: &mut Tx<'_>, id: MemberId, pin_hash: &str) -> Result<bool, Fault> {
    Ok(tx.execute(&SET_PIN, params![id, pin_hash])? == 1)
}

/// Where a member wants to be told what, a JSON list; none while it never said.
///
/// # Errors
/// Of the database.
pub fn notification_rules(tx: &mut Tx<'_>, id: MemberId) -> Result<Option<String>, Fault> {
    Ok(tx.row(&RULES, params![id], |row| row.opt_string(0))?.flatten())
}

/// Writes these rules; false when there is no such member.
///
/// # Errors
/// Of the database.
pub fn set_notification_rules(tx: &mut Tx<'_>, id: MemberId, rules: &str) -> Result<bool, Fault> {
    Ok(tx.execute(&SET_RULES, params![id, rules])? == 1)
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
