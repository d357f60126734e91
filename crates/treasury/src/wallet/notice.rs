//! Notices of providers that money came in (Treasury contract, section 10.4). What is signed rightly is kept, once for each payment
//! reference, in the transaction that credits it; money for an account that nobody has is kept as unmatched.

use floe_model::treasury::{Kobo, Transfer};
use floe_model::{Fault, FaultKind, Scope};
use floe_store::Tx;
use floe_store::platform::audit;
use floe_store::treasury::funding::{self, Notice as Row};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;

use super::funding::Credited;
use crate::Treasury;
use crate::ledger::{self, About, Book};
use crate::payouts::entry;
use crate::trail::Who;

/// Bytes of an HMAC-SHA-512.
const SIGNATURE_BYTES: usize = 64;

/// Money that came in, as a provider tells it.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The provider's reference of the payment.
    pub reference: String,
    /// The account that it came to: ten digits.
    pub account_number: String,
    /// How much; above zero.
    pub amount: Kobo,
    /// From whom.
    pub sender_name: Option<String>,
}

/// What came of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Whether the account is that of a wallet here.
    pub is_matched: bool,
    /// Whether the reference was known, so that nothing was credited now.
    pub is_repeat: bool,
}

/// Checks who sends a notice, by the signature over its bytes: 128 hexadecimal digits, `sha512=` may stand before them. The provider's
/// name as it is stored.
///
/// # Errors
/// `not_found` for a provider that nobody set up, `unauthenticated` for another signature.
pub fn provider(treasury: &Treasury, name: &str, signature: Option<&str>, body: &[u8]) -> Result<String, Fault> {
    let known = treasury.settings.payouts.funding.iter().find(|provider| provider.name == name);
    let known = known.ok_or_else(|| Fault::not_found("Provider"))?;
    let mut mac = <Hmac<Sha512> as KeyInit>::new_from_slice(known.secret.as_bytes()).map_err(Fault::internal)?;
    mac.update(body);
    let told = signature.and_then(|text| digits(text.strip_prefix("sha512=").unwrap_or(text)));
    match told {
        // Compared in constant time.
        Some(told) if mac.verify_slice(&told).is_ok() => Ok(known.name.clone()),
        _ => Err(Fault::new(FaultKind::Unauthenticated, "wrong_signature", "Invalid signature.")),
    }
}

fn digits(text: &str) -> Option<[u8; SIGNATURE_BYTES]> {
    let mut bytes = [0; SIGNATURE_BYTES];
    if text.len() != 2 * SIGNATURE_BYTES || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Keeps a notice, and credits the wallet whose account it names: once for each reference of a provider.
///
/// # Errors
/// Of the database.
pub fn take_notice(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    provider: &str,
    notice: &Notice,
    body: &str,
) -> Result<Taken, Fault> {
    let account = funding::account_with(tx, &notice.account_number)?;
    let scope = account.map(|account| account.scope);
    let row = Row {
        provider: provider.to_owned(),
        reference: notice.reference.clone(),
        account_number: notice.account_number.clone(),
        amount: notice.amount,
        sender_name: notice.sender_name.clone(),
        body: body.to_owned(),
        scope,
        received_at: treasury.platform.clock.now(),
    };
    if !funding::note(tx, &row)? {
        let known = funding::notice(tx, provider, &notice.reference)?;
        return Ok(Taken { is_matched: known.is_some_and(|known| known.scope.is_some()), is_repeat: true });
    }
    if let Some(scope) = scope {
        credit(tx, treasury, scope, &row)?;
    }
    Ok(Taken { is_matched: scope.is_some(), is_repeat: false })
}

/// Credits a wallet with money that came for an account that nobody has, as the operator of the server found out; once.
///
/// # Errors
/// `not_found` for a notice that never came; a conflict when it was credited before.
pub fn assign_notice(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    provider: &str,
    reference: &str,
    scope: Scope,
) -> Result<Row, Fault> {
    let row = funding::notice(tx, provider, reference)?.ok_or_else(|| Fault::not_found("Notice"))?;
    if !funding::assign(tx, provider, reference, scope)? {
        return Err(Fault::conflict("conflict", "This money was credited to a wallet before"));
    }
    let row = Row { scope: Some(scope), received_at: treasury.platform.clock.now(), ..row };
    credit(tx, treasury, scope, &row)?;
    Ok(row)
}

fn credit(tx: &mut Tx<'_>, treasury: &Treasury, scope: Scope, row: &Row) -> Result<(), Fault> {
    let mut book = Book::open(tx, scope, row.received_at)?;
    let at = book.at();
    let transfer = Transfer::funding(row.amount).map_err(ledger::refusal)?;
    book.enter(&transfer, About { reference: Some(&row.reference), run: None })?;
    book.close(tx)?;
    let facts = Credited { amount: row.amount, source: &row.provider, reference: &row.reference };
    audit::record(tx, &entry(treasury, scope, &Who::system(), "credited_wallet", None, &facts, at))
}
