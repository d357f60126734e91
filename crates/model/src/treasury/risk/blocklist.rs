//! The payees that a workspace never pays (treasury contract, sections 5.2 and 10.1).

use std::collections::HashSet;

use super::super::account::AccountNumber;
use super::super::institutions::Directory;
use super::super::names::NameWords;
use super::super::words::words;

words! {
    /// What an entry of the blocklist names.
    BlockKind {
        /// An account number, at any bank.
        AccountNumber = "account_number",
        /// A name, in any order, case and accents.
        BeneficiaryName = "beneficiary_name",
        /// A bank, by any of its codes.
        BankCode = "bank_code",
    }
}

/// A blocklist, ready to be asked.
#[derive(Debug, Default)]
pub struct Blocklist {
    accounts: HashSet<String>,
    names: HashSet<NameWords>,
    banks: HashSet<String>,
}

impl Blocklist {
    /// A blocklist of entries as they were stored.
    #[must_use]
    pub fn new<'a>(entries: impl IntoIterator<Item = (BlockKind, &'a str)>, directory: &Directory) -> Self {
        let mut list = Self::default();
        for (kind, value) in entries {
            match kind {
                BlockKind::AccountNumber => list.accounts.insert(value.to_owned()),
                BlockKind::BeneficiaryName => list.names.insert(NameWords::of(value)),
                BlockKind::BankCode => list.banks.insert(directory.bank_key(value).to_owned()),
            };
        }
        list.names.remove(&NameWords::default());
        list
    }

    /// What blocks a payee; `bank` is the [`Directory::bank_key`] of its code.
    #[must_use]
    pub fn blocks(&self, name: &str, account: &AccountNumber, bank: &str) -> Option<BlockKind> {
        if self.accounts.contains(account.as_str()) {
            return Some(BlockKind::AccountNumber);
        }
        if self.banks.contains(bank) {
            return Some(BlockKind::BankCode);
        }
        (!self.names.is_empty() && self.names.contains(&NameWords::of(name))).then_some(BlockKind::BeneficiaryName)
    }
}
