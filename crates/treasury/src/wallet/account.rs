//! The virtual account of a wallet: the number to which a bank transfer funds it (Treasury contract, section 10.4).

use floe_model::treasury::AccountNumber;
use floe_model::{Fault, Scope, Timestamp};
use floe_store::Tx;
use floe_store::access::workspaces;
use floe_store::treasury::funding::{self, VirtualAccount};

use crate::Treasury;

/// Serials of account numbers: nine digits.
const SERIALS: u128 = 1_000_000_000;
/// Numbers that are tried before it is given up.
const TRIES_MAX: usize = 32;

/// The virtual account of a wallet, if it has one.
///
/// # Errors
/// Of the database.
pub fn find_account(tx: &mut Tx<'_>, scope: Scope) -> Result<Option<VirtualAccount>, Fault> {
    funding::account_of(tx, scope)
}

/// The virtual account of a wallet, opened with the first look at it.
///
/// # Errors
/// Of the database; an internal fault when no number is free.
pub fn open_account(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    scope: Scope,
    now: Timestamp,
) -> Result<VirtualAccount, Fault> {
    let settings = &treasury.settings.payouts;
    let name = workspaces::find(tx, scope.workspace)?.map(|workspace| workspace.name).unwrap_or_default();
    for _ in 0..TRIES_MAX {
        if let Some(account) = funding::account_of(tx, scope)? {
            return Ok(account);
        }
        let serial =
            u32::try_from((treasury.platform.ids.next_bits() & u128::from(u64::MAX >> 2)) % SERIALS).unwrap_or(0);
        let number = AccountNumber::make(&settings.virtual_bank_code, serial)
            .ok_or_else(|| Fault::internal("the code of the bank of virtual accounts has no check digits"))?;
        let account = VirtualAccount {
            account_number: number.as_str().to_owned(),
            scope,
            bank_name: settings.virtual_bank_name.clone(),
            account_name: name.clone(),
            created_at: now,
        };
        if funding::open_account(tx, &account)? {
            return Ok(account);
        }
    }
    Err(Fault::internal("no account number is free"))
}
