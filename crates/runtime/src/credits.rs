//! The ledger of credits, for every slice that calls models or plans payments (console contract, section 5.6).
//!
//! Before a call its price is held, after it what was used is settled; both carry the same reference, which names the call and
//! stays the same when the call is made again after a crash. So a call is charged once, however often these functions are run:
//!
//! 1. [`hold`] in the transaction that writes the intent of the call. [`Short`] means: do not make the call.
//! 2. [`settle`] in the transaction that writes its result, or [`release`] when it came to nothing.
//!
//! A hold whose caller never came back is released after [`HOLD_S`] seconds by [`release_expired`]. Amounts are in thousandths of
//! a credit. Every change of a balance is an entry, so the sum of the entries is the balance at every one of them.

use floe_model::access::credits::{Account, Moved, Short, day_of};
use floe_model::id::{EventId, FlowId};
use floe_model::{Fault, Mode, Scope};
use floe_store::access::credit_entries::{self as entries, Entry, Origin};
use floe_store::access::credits::{self as store, Ledger};
use floe_store::access::usage::{self, Counts, Key};
use floe_store::platform::events::{self, NewEvent};
use floe_store::{Change, Tx};
use serde_json::json;

use crate::Platform;

/// Seconds after which a hold ends by itself: longer than any call of a model.
pub const HOLD_S: i64 = 3_600;
/// Holds that one sweep ends.
const EXPIRED_MAX: usize = 500;
/// Longest reference, bytes.
const REFERENCE_MAX: usize = 500;
/// The event that tells that credits run low.
const LOW: &str = "platform.credits.low";

/// What a call used.
#[derive(Debug, Clone, Default)]
pub struct Spent {
    /// Credits, in thousandths.
    pub credits: i64,
    /// Calls of a model.
    pub calls: i64,
    /// Tokens that went in.
    pub input_tokens: i64,
    /// Tokens that came out.
    pub output_tokens: i64,
    /// What it was for.
    pub origin: Origin,
    /// The flow whose run it belongs to, for the sums of usage.
    pub flow: Option<FlowId>,
}

/// Puts `amount` aside for a call. A repeat with the same reference changes nothing, also after the call was settled.
///
/// # Errors
/// The inner [`Short`] when there are not enough credits, and then nothing is written; the outer fault of the database.
pub fn hold(
    tx: &mut Tx<'_>,
    platform: &Platform,
    scope: Scope,
    reference: &str,
    amount: i64,
) -> Result<Result<(), Short>, Fault> {
    check(reference, amount)?;
    let mut book = Book::open(tx, platform, scope)?;
    let known = store::held(tx, scope, reference)?.is_some() || entries::of_reference(tx, scope, reference)?.is_some();
    if known {
        return Ok(Ok(()));
    }
    let now = platform.clock.now();
    let moved = match book.ledger.account.hold(amount, now) {
        Ok(moved) => moved,
        Err(short) => return Ok(Err(short)),
    };
    book.refilled(tx, moved)?;
    store::hold(tx, scope, reference, amount, now.plus_seconds(HOLD_S))?;
    book.close(tx)?;
    Ok(Ok(()))
}

/// Ends the hold of a reference by taking what the call used, and tells what was taken: less than that only when a call used more
/// than it had held and the ledger had no more. Counts once per reference; without a hold (it ran out) it takes what is there.
///
/// # Errors
/// Of the database.
pub fn settle(
    tx: &mut Tx<'_>,
    platform: &Platform,
    scope: Scope,
    reference: &str,
    spent: &Spent,
) -> Result<i64, Fault> {
    check(reference, spent.credits)?;
    let mut book = Book::open(tx, platform, scope)?;
    if let Some(entry) = entries::of_reference(tx, scope, reference)? {
        return Ok(-entry.amount);
    }
    let held = store::unhold(tx, scope, reference)?.unwrap_or(0);
    let moved = book.ledger.account.settle(held, spent.credits, platform.clock.now());
    book.take(tx, moved, reference, spent)?;
    book.close(tx)?;
    Ok(moved.charged)
}

/// Takes credits at once, for what has a fixed price. Counts once per reference.
///
/// # Errors
/// The inner [`Short`] when there are not enough credits, and then nothing is written; the outer fault of the database.
pub fn charge(
    tx: &mut Tx<'_>,
    platform: &Platform,
    scope: Scope,
    reference: &str,
    spent: &Spent,
) -> Result<Result<(), Short>, Fault> {
    match hold(tx, platform, scope, reference, spent.credits)? {
        Ok(()) => settle(tx, platform, scope, reference, spent).map(|_| Ok(())),
        Err(short) => Ok(Err(short)),
    }
}

/// Ends the hold of a reference without taking anything; a repeat changes nothing.
///
/// # Errors
/// Of the database.
pub fn release(tx: &mut Tx<'_>, platform: &Platform, scope: Scope, reference: &str) -> Result<(), Fault> {
    let mut book = Book::open(tx, platform, scope)?;
    if let Some(held) = store::unhold(tx, scope, reference)? {
        book.ledger.account.release(held);
        book.close(tx)?;
    }
    Ok(())
}

/// Gives back what a reference took, once, and takes it out of the sums of usage. False when it took nothing.
///
/// # Errors
/// Of the database.
pub fn give_back(tx: &mut Tx<'_>, platform: &Platform, scope: Scope, reference: &str) -> Result<bool, Fault> {
    let Some(taken) = entries::of_reference(tx, scope, reference)?.filter(|entry| entry.amount < 0) else {
        return Ok(false);
    };
    let back = format!("back:{reference}");
    let spent = Spent { origin: taken.origin.clone(), ..Spent::default() };
    let added = Added { reason: "given_back", amount: -taken.amount, reference: &back, origin: taken.origin };
    let (_, is_new) = add(tx, platform, scope, &added)?;
    if is_new {
        usage::add(tx, scope, &[counted(platform, taken.amount, &spent)])?;
    }
    Ok(true)
}

/// Credits that come in.
pub struct Added<'a> {
    /// `grant` or `given_back`.
    pub reason: &'static str,
    /// How many, in thousandths.
    pub amount: i64,
    /// What they are counted once for.
    pub reference: &'a str,
    /// What they are for.
    pub origin: Origin,
}

/// Adds credits, once per reference: the entry, and whether it is new.
///
/// # Errors
/// Of the database.
pub fn add(tx: &mut Tx<'_>, platform: &Platform, scope: Scope, added: &Added<'_>) -> Result<(Entry, bool), Fault> {
    check(added.reference, added.amount)?;
    let mut book = Book::open(tx, platform, scope)?;
    if let Some(entry) = entries::of_reference(tx, scope, added.reference)? {
        return Ok((entry, false));
    }
    book.ledger.account.balance = book.ledger.account.balance.saturating_add(added.amount);
    let entry = book.post(tx, added.reason, added.amount, |entry| {
        entry.reference = Some(added.reference.to_owned());
        entry.origin = added.origin.clone();
    })?;
    book.close(tx)?;
    Ok((entry, true))
}

/// Ends holds of all workspaces whose callers never came back, a bounded number; tells how many.
///
/// # Errors
/// Of the database.
pub async fn release_expired(platform: &std::sync::Arc<Platform>) -> Result<usize, Fault> {
    let now = platform.clock.now();
    let expired = platform.store.read(move |tx| store::expired(tx, now, EXPIRED_MAX)).await?;
    let count = expired.len();
    for (scope, reference) in expired {
        let own = std::sync::Arc::clone(platform);
        platform.store.write(move |tx| release(tx, &own, scope, &reference)).await?;
    }
    Ok(count)
}

/// A ledger that this transaction holds, and the entries that it adds.
pub struct Book<'p> {
    platform: &'p Platform,
    scope: Scope,
    /// Its state, as it will be written.
    pub ledger: Ledger,
    /// The balance after the last entry.
    posted: i64,
}

impl<'p> Book<'p> {
    /// Takes the ledger until the end of the transaction; opens it, with its opening entry, when it is new.
    ///
    /// # Errors
    /// Of the database.
    pub fn open(tx: &mut Tx<'_>, platform: &'p Platform, scope: Scope) -> Result<Self, Fault> {
        if let Some(ledger) = store::lock(tx, scope)? {
            return Ok(Self { platform, scope, posted: ledger.account.balance, ledger });
        }
        let opening = store::opening(tx, scope)?;
        let is_new = store::open(tx, scope, &Account::open(opening, scope.mode == Mode::Live))?;
        let ledger = store::lock(tx, scope)?.ok_or_else(|| Fault::internal("a ledger that was opened is not there"))?;
        let mut book = Self { platform, scope, posted: ledger.account.balance, ledger };
        if is_new && opening != 0 {
            book.posted = 0;
            book.post(tx, "opening", opening, |_| {})?;
            store::save(tx, scope, &book.ledger)?;
        }
        Ok(book)
    }

    /// Fills the ledger up when its rule says so.
    ///
    /// # Errors
    /// Of the database.
    pub fn fill_up(&mut self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        let refilled = self.ledger.account.fill_up();
        self.refilled(tx, Moved { refilled, ..Moved::default() })
    }

    /// Writes the ledger back.
    ///
    /// # Errors
    /// Of the database; an internal fault when its entries do not add up to its balance, and then nothing is kept.
    pub fn close(self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        let Account { balance, held, .. } = self.ledger.account;
        if self.posted != balance || balance < 0 || held < 0 || held > balance {
            return Err(Fault::internal("a ledger of credits does not add up"));
        }
        store::save(tx, self.scope, &self.ledger)?;
        tx.announce(Change::Record { workspace: self.scope.workspace, kind: "credits", id: self.scope.workspace.0 });
        Ok(())
    }

    fn take(&mut self, tx: &mut Tx<'_>, moved: Moved, reference: &str, spent: &Spent) -> Result<(), Fault> {
        self.refilled(tx, moved)?;
        self.post(tx, "usage", -moved.charged, |entry| {
            entry.reference = Some(reference.to_owned());
            entry.origin = spent.origin.clone();
            (entry.calls, entry.input_tokens, entry.output_tokens) =
                (spent.calls, spent.input_tokens, spent.output_tokens);
        })?;
        usage::add(tx, self.scope, &[counted(self.platform, moved.charged, spent)])?;
        self.fill_up(tx)?;
        if moved.is_low { self.tell_low(tx) } else { Ok(()) }
    }

    fn refilled(&mut self, tx: &mut Tx<'_>, moved: Moved) -> Result<(), Fault> {
        match moved.refilled {
            0 => Ok(()),
            amount => self.post(tx, "refill", amount, |_| {}).map(drop),
        }
    }

    fn post(
        &mut self,
        tx: &mut Tx<'_>,
        reason: &str,
        amount: i64,
        more: impl FnOnce(&mut Entry),
    ) -> Result<Entry, Fault> {
        self.posted += amount;
        self.ledger.seq += 1;
        let mut entry = Entry {
            seq: self.ledger.seq,
            id: self.platform.ids.next_bits(),
            at: self.platform.clock.now(),
            amount,
            balance_after: self.posted,
            reason: reason.to_owned(),
            origin: Origin::default(),
            calls: 0,
            input_tokens: 0,
            output_tokens: 0,
            reference: None,
        };
        more(&mut entry);
        entries::add(tx, self.scope, &entry)?;
        Ok(entry)
    }

    fn tell_low(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        let Account { balance, low_at, .. } = &self.ledger.account;
        let number = floe_model::access::credits::number;
        let data =
            json!({ "mode": self.scope.mode.as_str(), "balance": number(*balance), "low_at": low_at.map(number) });
        let event = NewEvent {
            id: self.platform.ids.next::<EventId>(),
            kind: LOW,
            subject_id: Some(self.scope.workspace.0),
            data: data.to_string(),
            created_at: self.platform.clock.now(),
        };
        events::publish(tx, self.scope, &event)
    }
}

/// What a step adds to the sums of usage.
fn counted(platform: &Platform, credits: i64, spent: &Spent) -> (Key, Counts) {
    let Origin { product, agent_id, model, .. } = &spent.origin;
    let key = Key {
        day: day_of(platform.clock.now()),
        product: product.clone().unwrap_or_default(),
        key: String::new(),
        model: model.clone().unwrap_or_default(),
        agent: agent_id.map(|id| FlowId(id).to_string()).unwrap_or_default(),
        flow: spent.flow.map(|flow| flow.to_string()).unwrap_or_default(),
    };
    let Spent { input_tokens, output_tokens, .. } = *spent;
    (key, Counts { credits, input_tokens, output_tokens, ..Counts::default() })
}

/// What no caller of this module may do.
fn check(reference: &str, amount: i64) -> Result<(), Fault> {
    let sound = (0..=floe_model::access::credits::AMOUNT_MAX).contains(&amount)
        && (1..=REFERENCE_MAX).contains(&reference.len());
    if sound { Ok(()) } else { Err(Fault::internal("a step of a ledger has no reference, or no sound amount")) }
}
