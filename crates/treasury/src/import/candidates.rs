//! Rows of candidates (Treasury contract, section 10.2).

use std::collections::HashMap;

use floe_model::treasury::{AccountNumber, Directory, Kobo};

use super::cells::Cells;
use super::table::Table;
use super::{Duplicate, FileProblem, Imported};

/// Characters of a payee's name.
const NAME_MAX: usize = 255;
/// Characters of a purpose, which becomes the narration.
const PURPOSE_MAX: usize = 100;
/// Characters of a mail address.
const EMAIL_MAX: usize = 255;

/// A candidate of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandidateRow {
    /// The row as a spreadsheet numbers it.
    pub row: u32,
    /// Whom to pay.
    pub beneficiary_name: String,
    /// The account.
    pub account_number: AccountNumber,
    /// A known code, as it was given, or that of the named bank.
    pub institution_code: String,
    /// How much.
    pub amount: Kobo,
    /// What for.
    pub purpose: Option<String>,
    /// The payee's address for mail.
    pub beneficiary_email: Option<String>,
}

/// Reads a file of candidates: CSV or XLSX with a header. Columns: `beneficiary_name`, `account_number`, `amount`, and
/// `institution_code` or `bank_name` (the code wins where both are given); `currency`, `purpose` and `beneficiary_email` when they
/// are there. Others are ignored.
///
/// # Errors
/// [`FileProblem`] when the file as a whole cannot be read; what is wrong with single rows is in the answer.
pub fn read_candidates(bytes: &[u8], directory: &Directory) -> Result<Imported<CandidateRow>, FileProblem> {
    let table = Table::read(bytes)?;
    let name = table.required("beneficiary_name")?;
    let account = table.required("account_number")?;
    let amount = table.required("amount")?;
    let (code, bank) = (table.optional("institution_code")?, table.optional("bank_name")?);
    if !code.is_there() && !bank.is_there() {
        return Err(FileProblem::MissingColumn("institution_code"));
    }
    let currency = table.optional("currency")?;
    let (purpose, email) = (table.optional("purpose")?, table.optional("beneficiary_email")?);
    let mut imported = Imported::empty();
    for row in &table.rows {
        let mut cells = Cells::of(row);
        let name = cells.text(name, NAME_MAX);
        let account = cells.account(account);
        let code = cells.institution(code, bank, directory);
        let amount = cells.amount(amount);
        cells.currency(currency);
        let purpose = cells.optional_text(purpose, PURPOSE_MAX);
        let beneficiary_email = cells.optional_text(email, EMAIL_MAX);
        let number = cells.number();
        let read = name.zip(account).zip(code).zip(amount).map(|(((name, account), code), amount)| CandidateRow {
            row: number,
            beneficiary_name: name,
            account_number: account,
            institution_code: code,
            amount,
            purpose,
            beneficiary_email,
        });
        let (read, repaired) = cells.finish(read);
        imported.take(read, repaired);
    }
    let payees = imported.rows.iter().map(|row| (row.row, row.account_number, row.institution_code.as_str()));
    imported.duplicates = duplicates(payees, directory);
    Ok(imported)
}

/// Rows with the account of an earlier row at the same institution, whichever of its codes was given.
pub(super) fn duplicates<'a>(
    payees: impl Iterator<Item = (u32, AccountNumber, &'a str)>,
    directory: &Directory,
) -> Vec<Duplicate> {
    let mut first: HashMap<(AccountNumber, String), u32> = HashMap::new();
    let mut found = Vec::new();
    for (row, account, code) in payees {
        match first.get(&(account, directory.bank_key(code).to_owned())) {
            Some(&same_as_row) => found.push(Duplicate { row, same_as_row }),
            None => {
                first.insert((account, directory.bank_key(code).to_owned()), row);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;
