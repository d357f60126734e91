//! Payments that an objective names: "Pay Adaeze Okonkwo 350,000", "pay Adaeze and Bola 50k each" (treasury contract, section 3.2).
//!
//! Names are those of saved recipients and must stand there whole. An amount belongs to the names before it, or after a "to" to those
//! behind it. Whatever can be read in two ways adds nothing and is reported.

use std::collections::{BTreeSet, HashMap};

use super::super::money::Kobo;
use super::super::names::{name_key, words_of};
use super::super::words::words;
use super::token::{Token, tokens};

/// Most words of a name that is looked for.
const NAME_WORDS_MAX: usize = 12;

/// A saved recipient, as far as the planner reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SavedPayee<'a> {
    /// The name.
    pub name: &'a str,
    /// The account.
    pub account_number: &'a str,
    /// The institution, the same text for every code of it.
    pub bank: &'a str,
}

/// A payment that the objective names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payment {
    /// Which of the saved recipients.
    pub payee: usize,
    /// How much.
    pub amount: Kobo,
}

words! {
    /// Why something that the objective names adds nothing.
    IgnoredReason {
        /// Several saved recipients have the name.
        AmbiguousName = "ambiguous_name",
        /// It is not clear whose amount it is.
        AmbiguousAmount = "ambiguous_amount",
        /// No amount stands with the name.
        NoAmount = "no_amount",
        /// No saved recipient stands with the amount.
        NoName = "no_name",
    }
}

/// Something that the objective names and that adds nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// Why.
    pub reason: IgnoredReason,
    /// The name or the amount.
    pub what: String,
}

/// What an objective asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectivePlan {
    /// Payments in the order of the objective.
    pub payments: Vec<Payment>,
    /// What was left out, for the audit log.
    pub ignored: Vec<Ignored>,
}

/// Every name that could stand in an objective, as [`name_key`] writes it, each once: what saved recipients are to be looked up by.
#[must_use]
pub fn lookup_keys(objective: &str) -> Vec<String> {
    let words = words_of(objective);
    let starts = 0..words.len();
    let keys = starts.flat_map(|start| (1..=NAME_WORDS_MAX).map(move |length| (start, start + length)));
    let keys = keys.filter_map(|(start, end)| words.get(start..end)).map(|words| words.join(" "));
    keys.collect::<BTreeSet<String>>().into_iter().collect()
}

/// Reads the payments that an objective names.
#[must_use]
pub fn read_objective(objective: &str, payees: &[SavedPayee<'_>]) -> ObjectivePlan {
    let mut reader = Reader { payees, ..Reader::default() };
    for piece in pieces(&tokens(objective), payees) {
        reader.take(piece);
    }
    reader.close();
    reader.drop_names();
    reader.plan
}

/// A piece of an objective with the names found.
#[derive(Debug, Clone, PartialEq)]
enum Piece {
    /// A saved recipient, or nothing when several have the name.
    Name(Option<usize>, String),
    /// A word that is not a part of a name.
    Word,
    Amount {
        amount: Kobo,
        each: bool,
        to: bool,
    },
    And,
    Or,
}

/// Finds names, the longest first, and puts "each" and "to" with their amounts.
fn pieces(tokens: &[Token], payees: &[SavedPayee<'_>]) -> Vec<Piece> {
    let names = names(payees);
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            Token::And => pieces.push(Piece::And),
            Token::Or => pieces.push(Piece::Or),
            // "Adaeze and Bola each 50k" reads like "50k each".
            Token::Each if matches!(tokens.get(at), Some(Token::Amount(_))) => {}
            Token::Each | Token::To => pieces.push(Piece::Word),
            Token::Amount(amount) => {
                let before = at.checked_sub(2).and_then(|before| tokens.get(before));
                let behind = tokens.get(at) == Some(&Token::Each);
                let each = behind || before == Some(&Token::Each);
                at += usize::from(behind);
                let to = tokens.get(at) == Some(&Token::To);
                at += usize::from(to);
                pieces.push(Piece::Amount { amount: *amount, each, to });
            }
            Token::Word(_) => match longest_name(&tokens[at - 1..], &names) {
                Some((length, key, payee)) => {
                    at += length - 1;
                    pieces.push(Piece::Name(payee, key));
                }
                None => pieces.push(Piece::Word),
            },
        }
    }
    pieces
}

/// Saved recipients by their names; nothing for a name of several accounts.
fn names(payees: &[SavedPayee<'_>]) -> HashMap<String, Option<usize>> {
    let mut names: HashMap<String, Option<usize>> = HashMap::with_capacity(payees.len());
    for (at, payee) in payees.iter().enumerate() {
        let same = |other: usize| {
            let other = &payees[other];
            (other.account_number, other.bank) == (payee.account_number, payee.bank)
        };
        let known = names.entry(name_key(payee.name)).or_insert(Some(at));
        if known.is_some_and(|other| !same(other)) {
            *known = None;
        }
    }
    names.remove("");
    names
}

fn longest_name(tokens: &[Token], names: &HashMap<String, Option<usize>>) -> Option<(usize, String, Option<usize>)> {
    let mut key = String::new();
    let mut longest = None;
    for (at, token) in tokens.iter().take(NAME_WORDS_MAX).enumerate() {
        let Token::Word(word) = token else { break };
        if at > 0 {
            key.push(' ');
        }
        key.push_str(word);
        if let Some(payee) = names.get(&key) {
            longest = Some((at + 1, key.clone(), *payee));
        }
    }
    longest
}

/// Puts amounts and names together.
#[derive(Default)]
struct Reader<'a> {
    payees: &'a [SavedPayee<'a>],
    plan: ObjectivePlan,
    /// Names that no amount was found for yet.
    names: Vec<(Option<usize>, String)>,
    /// An amount that goes to the names behind it.
    open: Option<(Kobo, bool)>,
    /// A word of unknown meaning is joined to the names: perhaps somebody who is not saved.
    has_stranger: bool,
    is_either: bool,
    last: Option<Piece>,
    before_last: Option<Piece>,
    /// Payments of the last amount, while nothing but joins stand behind it: another amount makes it ambiguous.
    fresh: Option<(usize, Kobo)>,
}

impl Reader<'_> {
    fn take(&mut self, piece: Piece) {
        match &piece {
            Piece::And => {}
            Piece::Or => self.is_either = true,
            Piece::Word => {
                // "Bola and Somebody": the word behind a join may be a name that is not saved.
                self.has_stranger |= !self.names.is_empty() && self.last == Some(Piece::And);
                self.fresh = None;
            }
            Piece::Name(payee, key) => {
                // "Somebody and Bola".
                let joined = self.last == Some(Piece::And) && self.before_last == Some(Piece::Word);
                self.has_stranger |= joined;
                self.names.push((*payee, key.clone()));
                self.fresh = None;
            }
            Piece::Amount { amount, each, to } => self.take_amount(*amount, *each, *to),
        }
        self.before_last = self.last.replace(piece);
    }

    fn take_amount(&mut self, amount: Kobo, each: bool, to: bool) {
        if self.open.is_some() {
            self.close();
        }
        if !self.names.is_empty() {
            self.fresh = Some((self.plan.payments.len(), amount));
            return self.give(amount, each);
        }
        if to {
            self.open = Some((amount, each));
            return;
        }
        if let Some((from, earlier)) = self.fresh.take() {
            self.plan.payments.truncate(from);
            self.ignore(IgnoredReason::AmbiguousAmount, earlier.to_string());
        }
        self.ignore(IgnoredReason::NoName, amount.to_string());
    }

    /// Ends what began with an amount and "to".
    fn close(&mut self) {
        let Some((amount, each)) = self.open.take() else { return };
        if self.names.is_empty() {
            return self.ignore(IgnoredReason::NoName, amount.to_string());
        }
        self.give(amount, each);
    }

    /// Gives an amount to the names that wait for one.
    fn give(&mut self, amount: Kobo, each: bool) {
        let is_clear = !self.is_either && (each || (self.names.len() == 1 && !self.has_stranger));
        let names = std::mem::take(&mut self.names);
        (self.has_stranger, self.is_either) = (false, false);
        if !is_clear {
            return self.ignore(IgnoredReason::AmbiguousAmount, amount.to_string());
        }
        for (payee, key) in names {
            match payee {
                Some(payee) => self.plan.payments.push(Payment { payee, amount }),
                None => self.ignore(IgnoredReason::AmbiguousName, key),
            }
        }
    }

    fn drop_names(&mut self) {
        for (payee, key) in std::mem::take(&mut self.names) {
            let name = payee.and_then(|payee| self.payees.get(payee)).map_or(key, |payee| payee.name.to_owned());
            self.ignore(IgnoredReason::NoAmount, name);
        }
    }

    fn ignore(&mut self, reason: IgnoredReason, what: String) {
        self.plan.ignored.push(Ignored { reason, what });
    }
}

#[cfg(test)]
mod tests;
