//! The directory of institutions: what a code or the name of a bank stands for (treasury contract, section 9.2).
//!
//! The shipped directory is a data file; an operator may replace it by one of the same form.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::account::AccountNumber;
use super::names::{name_key, words_of};
use super::words::words;

/// Most rows of a directory.
pub const INSTITUTIONS_MAX: usize = 10_000;
/// Words that the names of banks have or leave out as they please.
const IDLE_WORDS: [&str; 11] =
    ["bank", "plc", "ltd", "limited", "nigeria", "of", "the", "mfb", "microfinance", "digital", "services"];
const SHIPPED: &str = include_str!("institutions/directory.json");

words! {
    /// What an institution is.
    InstitutionKind {
        /// A commercial or merchant bank.
        Bank = "bank",
        /// A bank without interest.
        NonInterestBank = "non_interest_bank",
        /// A microfinance bank.
        MicrofinanceBank = "microfinance_bank",
        /// An operator of wallets; account numbers are often telephone numbers.
        MobileMoney = "mobile_money",
        /// A payment service bank.
        PaymentServiceBank = "payment_service_bank",
        /// Anything else that takes payments.
        Other = "other",
    }
}

/// One row of the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Institution {
    /// The central bank's code: three, five or six digits.
    pub cbn_code: Option<String>,
    /// The code in the instant payment system: six digits.
    pub nip_code: Option<String>,
    /// The name.
    pub name: String,
    /// Other names, and other codes (which begin with a digit).
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What it is.
    pub kind: InstitutionKind,
    /// Takes payments; a closed one stays known, so that its old codes still resolve.
    pub active: bool,
}

/// An institution by its place in the directory: equal for all codes of one institution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstitutionRef(usize);

/// All institutions, found by code and by name.
#[derive(Debug)]
pub struct Directory {
    rows: Vec<Institution>,
    by_code: HashMap<String, InstitutionRef>,
    /// None for a name that several institutions have.
    by_name: HashMap<String, Option<InstitutionRef>>,
}

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryProblem {
    /// It is not a list of rows.
    #[error("the directory of institutions is not a JSON list of rows: {0}")]
    Form(#[from] serde_json::Error),
    /// Too many rows.
    #[error("the directory of institutions has more than {INSTITUTIONS_MAX} rows")]
    Size,
    /// A row that has no code, or one of the wrong form.
    #[error("row {row} of the directory of institutions has the code {code:?}; codes have 3 to 6 letters and digits")]
    Code {
        /// The row, from 1.
        row: usize,
        /// What stands there.
        code: String,
    },
    /// Two rows have one code.
    #[error("row {row} of the directory of institutions has the code {code:?} of another row")]
    Twice {
        /// The later row, from 1.
        row: usize,
        /// The code.
        code: String,
    },
}

/// Whether a text has the form of an institution's code: 3 to 6 ASCII letters and digits, beginning with a digit.
#[must_use]
pub fn is_institution_code(text: &str) -> bool {
    (3..=6).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.starts_with(|first: char| first.is_ascii_digit())
}

impl Directory {
    /// The directory that comes with Floe.
    #[must_use]
    pub fn shipped() -> &'static Self {
        static DIRECTORY: LazyLock<Directory> =
            LazyLock::new(|| Directory::parse(SHIPPED).expect("a test reads the shipped directory"));
        &DIRECTORY
    }

    /// Reads a directory: a JSON list of rows.
    ///
    /// # Errors
    /// [`DirectoryProblem`] with the row.
    pub fn parse(json: &str) -> Result<Self, DirectoryProblem> {
        let rows: Vec<Institution> = serde_json::from_str(json)?;
        if rows.len() > INSTITUTIONS_MAX {
            return Err(DirectoryProblem::Size);
        }
        let mut directory = Self { by_code: HashMap::new(), by_name: HashMap::new(), rows };
        for at in 0..directory.rows.len() {
            directory.index(at)?;
        }
        Ok(directory)
    }

    fn index(&mut self, at: usize) -> Result<(), DirectoryProblem> {
        let Some(row) = self.rows.get(at) else { return Ok(()) };
        let other_codes = row.aliases.iter().filter(|alias| is_institution_code(alias));
        let codes: Vec<&String> = row.cbn_code.iter().chain(&row.nip_code).chain(other_codes).collect();
        if codes.is_empty() {
            return Err(DirectoryProblem::Code { row: at + 1, code: String::new() });
        }
        for code in codes {
            if !is_institution_code(code) {
                return Err(DirectoryProblem::Code { row: at + 1, code: code.clone() });
            }
            match self.by_code.entry(code.to_ascii_uppercase()) {
                Entry::Vacant(free) => free.insert(InstitutionRef(at)),
                Entry::Occupied(_) => return Err(DirectoryProblem::Twice { row: at + 1, code: code.clone() }),
            };
        }
        for name in std::iter::once(&row.name).chain(&row.aliases) {
            for key in [name_key(name), short_key(name)].into_iter().filter(|key| !key.is_empty()) {
                let known = self.by_name.entry(key).or_insert(Some(InstitutionRef(at)));
                if *known != Some(InstitutionRef(at)) {
                    *known = None;
                }
            }
        }
        Ok(())
    }

    /// The institution of a code of any kind; nothing when it is unknown.
    #[must_use]
    pub fn resolve(&self, code: &str) -> Option<InstitutionRef> {
        self.by_code.get(&code.to_ascii_uppercase()).copied()
    }

    /// The row of a code.
    #[must_use]
    pub fn find(&self, code: &str) -> Option<&Institution> {
        self.resolve(code).and_then(|found| self.get(found))
    }

    /// One text for all codes of an institution: what duplicates, history and blocklists are kept by. An unknown code stands for itself.
    #[must_use]
    pub fn bank_key<'a>(&'a self, code: &'a str) -> &'a str {
        self.find(code).map_or(code, Institution::code)
    }

    /// The institution of a name or alias, without regard to case, accents and words such as "bank" or "plc". Nothing when no
    /// institution has the name, or several have.
    #[must_use]
    pub fn find_by_name(&self, name: &str) -> Option<&Institution> {
        let known = |key: String| self.by_name.get(&key).copied();
        let found = known(name_key(name)).or_else(|| known(short_key(name)))??;
        self.get(found)
    }

    /// The row of an institution.
    #[must_use]
    pub fn get(&self, found: InstitutionRef) -> Option<&Institution> {
        self.rows.get(found.0)
    }

    /// Every row, in the order of the file.
    #[must_use]
    pub fn rows(&self) -> &[Institution] {
        &self.rows
    }

    /// Whether the check digit of an account is right at the institution of a code as it was given. Nothing when it is not judged: a
    /// code with letters, an unknown code, or a code of the instant payment system whose institution has no other.
    #[must_use]
    pub fn check_digit(&self, code: &str, account: &AccountNumber) -> Option<bool> {
        if !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        account.has_right_digit(self.find(code)?.cbn_code.as_deref()?)
    }
}

impl Institution {
    /// The code that is shown and sent: the central bank's, or else that of the instant payment system.
    #[must_use]
    pub fn code(&self) -> &str {
        self.cbn_code.as_deref().or(self.nip_code.as_deref()).unwrap_or_default()
    }
}

/// The words of a bank's name that tell it from others.
fn short_key(name: &str) -> String {
    words_of(name).into_iter().filter(|word| !IDLE_WORDS.contains(&word.as_str())).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
