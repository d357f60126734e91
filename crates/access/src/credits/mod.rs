//! Credits as an operator sees and sets them (console contract, section 5.6). Taking credits is
//! [`floe_runtime::credits`], for every slice.

use floe_model::access::Caller;
use floe_model::access::credits::{AMOUNT_MAX, Account, Refill, number};
use floe_model::id::RunId;
use floe_model::{Fault, Mode, Scope};
use floe_runtime::credits::{self as ledger, Added, Book};
use floe_store::Tx;
use floe_store::access::credit_entries::{self as entries, Origin};
use floe_store::access::credits as store;
use serde_json::{Map, Value, json};

pub use entries::{Entry, Filter};
pub use store::Ledger;

use crate::act::{Act, Note};
use crate::keys::check_revision;
use crate::service::Access;

/// The ledgers of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledgers {
    /// Of live mode.
    pub live: Ledger,
    /// Of test mode.
    pub test: Ledger,
}

impl Ledgers {
    /// Counts changes of both.
    #[must_use]
    pub const fn revision(&self) -> i64 {
        self.live.revision + self.test.revision
    }
}

/// What shall be changed of a ledger's rules; what is none stays, an inner none takes the rule away.
#[derive(Debug, Clone, Default)]
pub struct LedgerPatch {
    /// Filling up by itself.
    pub refill: Option<Option<Refill>>,
    /// Below this the workspace is told.
    pub low_at: Option<Option<i64>>,
    /// Most that is used in a month.
    pub monthly_limit: Option<Option<i64>>,
}

/// One page of entries, newest first.
pub struct EntryPage {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Whether there are more.
    pub more: bool,
    /// How many there are over all pages, when that was asked for.
    pub total: Option<i64>,
}

impl Access {
    /// The ledgers of the caller's workspace. They are opened with its first look, or with the first call that takes something.
    ///
    /// # Errors
    /// Of the database.
    pub async fn ledgers(&self, caller: &Caller) -> Result<Ledgers, Fault> {
        let workspace = caller.workspace;
        let reading = self.platform.store.read(move |tx| {
            let [live, test] = [Mode::Live, Mode::Test].map(|mode| store::find(tx, Scope { workspace, mode }));
            Ok(live?.zip(test?))
        });
        if let Some((live, test)) = reading.await? {
            return Ok(Ledgers { live, test });
        }
        let platform = std::sync::Arc::clone(&self.platform);
        let opening = self.platform.store.write(move |tx| {
            let mut open = |mode| Book::open(tx, &platform, Scope { workspace, mode }).map(|book| book.ledger);
            Ok(Ledgers { live: open(Mode::Live)?, test: open(Mode::Test)? })
        });
        opening.await
    }

    /// A page of the entries of one ledger of the caller's workspace, newest first.
    ///
    /// # Errors
    /// Of the database.
    pub async fn credit_entries(
        &self,
        caller: &Caller,
        mode: Mode,
        filter: Filter,
        before: Option<i64>,
        limit: usize,
        total: bool,
    ) -> Result<EntryPage, Fault> {
        let scope = Scope { workspace: caller.workspace, mode };
        let reading = self.platform.store.read(move |tx| {
            let mut list = entries::list(tx, scope, &filter, before, limit + 1)?;
            let more = list.len() > limit;
            list.truncate(limit);
            let total = total.then(|| entries::count(tx, scope, &filter)).transpose()?;
            Ok(EntryPage { entries: list, more, total })
        });
        reading.await
    }

    /// What a run of the caller's workspace was charged, oldest first.
    ///
    /// # Errors
    /// Of the database.
    pub async fn credits_of_run(&self, caller: &Caller, run: RunId) -> Result<Vec<Entry>, Fault> {
        let workspace = caller.workspace;
        self.platform.store.read(move |tx| entries::of_run(tx, workspace, run)).await
    }

    /// Sets what new workspaces start with, in thousandths; writes nothing when it is so already.
    ///
    /// # Errors
    /// Of the database.
    pub async fn set_credit_openings(&self, live: i64, test: i64) -> Result<(), Fault> {
        let wanted = [(Mode::Live, live.clamp(0, AMOUNT_MAX)), (Mode::Test, test.clamp(0, AMOUNT_MAX))];
        let reading = self.platform.store.read(move |tx| {
            let workspace = floe_model::id::WorkspaceId(0);
            wanted.iter().try_fold(false, |differs, &(mode, amount)| {
                Ok(store::opening(tx, Scope { workspace, mode })? != amount || differs)
            })
        });
        if !reading.await? {
            return Ok(());
        }
        let writing = self
            .platform
            .store
            .write(move |tx| wanted.iter().try_for_each(|&(mode, amount)| store::set_opening(tx, mode, amount)));
        writing.await
    }
}

/// Changes the rules of the caller's ledgers. A ledger that is below its new rule is filled up at once.
///
/// # Errors
/// `stale_revision`.
pub fn patch(
    tx: &mut Tx<'_>,
    act: &Act,
    patches: &[(Mode, LedgerPatch)],
    if_match: Option<i64>,
) -> Result<Ledgers, Fault> {
    let workspace = act.ctx.caller.workspace;
    // Always in the same order, so that two changes never wait for each other.
    let mut books = Vec::with_capacity(2);
    for mode in [Mode::Live, Mode::Test] {
        books.push((mode, Book::open(tx, &act.ctx, Scope { workspace, mode })?));
    }
    check_revision(books.iter().map(|(_, book)| book.ledger.revision).sum(), if_match)?;
    let mut ledgers = Vec::with_capacity(2);
    for (mode, mut book) in books {
        if let Some((_, wanted)) = patches.iter().find(|(of, _)| *of == mode) {
            apply(&mut book.ledger.account, wanted);
            book.ledger.revision += 1;
            book.fill_up(tx)?;
            let detail = rules(&book.ledger.account);
            act.note(tx, Note { action: "changed_credits", mode: Some(mode), target: None, detail })?;
        }
        ledgers.push(book.ledger.clone());
        book.close(tx)?;
    }
    let (Some(test), Some(live)) = (ledgers.pop(), ledgers.pop()) else {
        return Err(Fault::internal("a workspace has two ledgers"));
    };
    Ok(Ledgers { live, test })
}

/// Adds credits to a ledger of the caller's workspace, once per reference: the entry, and whether it is new.
///
/// # Errors
/// A conflict when the reference was used for another amount.
pub fn grant(tx: &mut Tx<'_>, act: &Act, mode: Mode, amount: i64, reference: &str) -> Result<(Entry, bool), Fault> {
    let scope = Scope { workspace: act.ctx.caller.workspace, mode };
    let held = Book::open(tx, &act.ctx, scope)?;
    if held.ledger.account.balance.saturating_add(amount) > AMOUNT_MAX {
        return Err(Fault::field("/credits", "range", "The balance would be more than a thousand million credits"));
    }
    let own = format!("grant:{reference}");
    let added = Added { reason: "grant", amount, reference: &own, origin: Origin::default() };
    let (entry, is_new) = ledger::add(tx, &act.ctx, scope, &added)?;
    if !is_new && entry.amount != amount {
        return Err(Fault::conflict("conflict", "This reference was used for another amount"));
    }
    if is_new {
        let detail = json!({ "credits": number(amount), "reference": reference });
        act.note(tx, Note { action: "granted_credits", mode: Some(mode), target: None, detail })?;
    }
    Ok((entry, is_new))
}

/// The rules of a ledger as the API shows them.
#[must_use]
pub fn rules(account: &Account) -> Value {
    let refill = account.refill.map(|Refill { below, to }| json!({ "below": number(below), "to": number(to) }));
    let mut rules = Map::new();
    rules.insert("auto_refill".to_owned(), refill.unwrap_or(Value::Null));
    rules.insert("low_at".to_owned(), account.low_at.map_or(Value::Null, number));
    rules.insert("monthly_limit".to_owned(), account.monthly_limit.map_or(Value::Null, number));
    Value::Object(rules)
}

fn apply(account: &mut Account, wanted: &LedgerPatch) {
    if let Some(refill) = wanted.refill {
        account.refill = refill;
    }
    if let Some(low_at) = wanted.low_at {
        account.low_at = low_at;
    }
    if let Some(limit) = wanted.monthly_limit {
        account.monthly_limit = limit;
    }
}
