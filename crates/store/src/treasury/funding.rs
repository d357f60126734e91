//! Tables `virtual_accounts`, `funding_notices` and `wallet_topups`: how money comes in (Treasury contract, section 10.4).

use floe_model::{Fault, Mode, Scope, Timestamp, id::WorkspaceId, treasury::Kobo};

use crate::{Row, Tx, params, statements};

/// An account number to which a wallet is funded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualAccount {
    /// Ten digits.
    pub account_number: String,
    /// Whose wallet.
    pub scope: Scope,
    /// At which bank.
    pub bank_name: String,
    /// In whose name.
    pub account_name: String,
    /// When it was opened.
    pub created_at: Timestamp,
}

/// What a provider told about money that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Who told it.
    pub provider: String,
    /// The provider's reference of the payment.
    pub reference: String,
    /// The account that it came to.
    pub account_number: String,
    /// How much.
    pub amount: Kobo,
    /// From whom.
    pub sender_name: Option<String>,
    /// The notice as it came.
    pub body: String,
    /// Whose account it is; none when it is nobody's.
    pub scope: Option<Scope>,
    /// When.
    pub received_at: Timestamp,
}

/// Money that an owner entered by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topup {
    /// What it is counted once for.
    pub reference: String,
    /// How much.
    pub amount: Kobo,
    /// What for.
    pub description: Option<String>,
    /// When.
    pub at: Timestamp,
}

statements! {
    /// A new account; nothing when the number is taken or the wallet has one.
    OPEN = both(
        "insert into virtual_accounts (account_number, workspace_id, mode, bank_name, account_name, created_at)
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing"
    );
    /// The account of a wallet.
    OF_SCOPE = both(
        "select account_number, workspace_id, mode, bank_name, account_name, created_at from virtual_accounts
         where workspace_id = $1 and mode = $2"
    ) -> [text, id, text, text, text, time];
    /// Whose account a number is.
    OF_NUMBER = both(
        "select account_number, workspace_id, mode, bank_name, account_name, created_at from virtual_accounts where account_number = $1"
    ) -> [text, id, text, text, text, time];
    /// A notice, once for each reference of a provider.
    NOTE = both(
        "insert into funding_notices (provider, reference, account_number, amount, sender_name, body, workspace_id, mode, received_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing"
    );
    /// A notice by its reference.
    NOTICE = both(
        "select provider, reference, account_number, amount, sender_name, body, workspace_id, mode, received_at from funding_notices
         where provider = $1 and reference = $2"
    ) -> [text, text, text, int, opt text, text, opt id, opt text, time];
    /// Money for accounts that nobody has, the oldest first.
    UNMATCHED = both(
        "select provider, reference, account_number, amount, sender_name, body, workspace_id, mode, received_at from funding_notices
         where workspace_id is null order by received_at limit $1"
    ) -> [text, text, text, int, opt text, text, opt id, opt text, time];
    /// Money for an account that nobody has, given to a wallet once.
    ASSIGN = both(
        "update funding_notices set workspace_id = $3, mode = $4 where provider = $1 and reference = $2 and workspace_id is null"
    );
    /// Money by hand, once for each reference.
    TOP_UP = both(
        "insert into wallet_topups (workspace_id, mode, reference, amount, description, at) values ($1, $2, $3, $4, $5, $6)
         on conflict do nothing"
    );
    /// Money by hand, by its reference.
    TOPUP = both(
        "select reference, amount, description, at from wallet_topups where workspace_id = $1 and mode = $2 and reference = $3"
    ) -> [text, int, opt text, time];
}

/// Opens the account of a wallet; false when the number is taken or the wallet has one.
///
/// # Errors
/// Of the database.
pub fn open_account(tx: &mut Tx<'_>, account: &VirtualAccount) -> Result<bool, Fault> {
    let VirtualAccount { account_number, scope, bank_name, account_name, created_at } = account;
    let values = params![account_number, scope.workspace, scope.mode, bank_name, account_name, *created_at];
    Ok(tx.execute(&OPEN, values)? == 1)
}

/// The account of a wallet.
///
/// # Errors
/// Of the database.
pub fn account_of(tx: &mut Tx<'_>, scope: Scope) -> Result<Option<VirtualAccount>, Fault> {
    tx.row(&OF_SCOPE, params![scope.workspace, scope.mode], account)
}

/// The account with a number, of any wallet: for money that comes from outside.
///
/// # Errors
/// Of the database.
pub fn account_with(tx: &mut Tx<'_>, account_number: &str) -> Result<Option<VirtualAccount>, Fault> {
    tx.row(&OF_NUMBER, params![account_number], account)
}

/// Keeps a notice; false when its reference is known, and then nothing may be credited.
///
/// # Errors
/// Of the database.
pub fn note(tx: &mut Tx<'_>, notice: &Notice) -> Result<bool, Fault> {
    let (workspace, mode) = notice.scope.map(|scope| (scope.workspace, scope.mode)).unzip();
    let written = tx.execute(
        &NOTE,
        params![
            &notice.provider,
            &notice.reference,
            &notice.account_number,
            notice.amount.0,
            &notice.sender_name,
            &notice.body,
            workspace,
            mode,
            notice.received_at
        ],
    )?;
    Ok(written == 1)
}

/// A notice by its reference.
///
/// # Errors
/// Of the database.
pub fn notice(tx: &mut Tx<'_>, provider: &str, reference: &str) -> Result<Option<Notice>, Fault> {
    tx.row(&NOTICE, params![provider, reference], read_notice)
}

/// Up to `limit` notices for accounts that nobody has, the oldest first.
///
/// # Errors
/// Of the database.
pub fn unmatched(tx: &mut Tx<'_>, limit: usize) -> Result<Vec<Notice>, Fault> {
    tx.rows(&UNMATCHED, params![limit], read_notice)
}

/// Gives money for an account that nobody has to a wallet; false when it is somebody's, and then nothing may be credited.
///
/// # Errors
/// Of the database.
pub fn assign(tx: &mut Tx<'_>, provider: &str, reference: &str, scope: Scope) -> Result<bool, Fault> {
    Ok(tx.execute(&ASSIGN, params![provider, reference, scope.workspace, scope.mode])? == 1)
}

/// Notes money by hand; false when its reference is known, and then nothing may be credited.
///
/// # Errors
/// Of the database.
pub fn top_up(tx: &mut Tx<'_>, scope: Scope, topup: &Topup) -> Result<bool, Fault> {
    let Topup { reference, amount, description, at } = topup;
    let values = params![scope.workspace, scope.mode, reference, amount.0, description, *at];
    Ok(tx.execute(&TOP_UP, values)? == 1)
}

/// Money by hand, by its reference.
///
/// # Errors
/// Of the database.
pub fn topup(tx: &mut Tx<'_>, scope: Scope, reference: &str) -> Result<Option<Topup>, Fault> {
    tx.row(&TOPUP, params![scope.workspace, scope.mode, reference], |row| {
        Ok(Topup {
            reference: row.string(0)?,
            amount: Kobo(row.int(1)?),
            description: row.opt_string(2)?,
            at: row.time(3)?,
        })
    })
}

fn account(row: &Row<'_>) -> Result<VirtualAccount, Fault> {
    Ok(VirtualAccount {
        account_number: row.string(0)?,
        scope: Scope { workspace: WorkspaceId(row.id(1)?), mode: row.mode(2)? },
        bank_name: row.string(3)?,
        account_name: row.string(4)?,
        created_at: row.time(5)?,
    })
}

fn read_notice(row: &Row<'_>) -> Result<Notice, Fault> {
    let mode = match row.opt_text(7)? {
        Some(word) => Some(Mode::parse(word).ok_or_else(|| row.mismatch(7, "mode"))?),
        None => None,
    };
    let scope = row.opt_id(6)?.zip(mode).map(|(workspace, mode)| Scope { workspace: WorkspaceId(workspace), mode });
    Ok(Notice {
        provider: row.string(0)?,
        reference: row.string(1)?,
        account_number: row.string(2)?,
        amount: Kobo(row.int(3)?),
        sender_name: row.opt_string(4)?,
        body: row.string(5)?,
        scope,
        received_at: row.time(8)?,
    })
}
