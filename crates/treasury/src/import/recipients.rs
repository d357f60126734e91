//! Rows of recipients (Treasury contract, sections 2.3 and 10.7).

use floe_model::treasury::{AccountNumber, Directory, Institution};

use super::candidates::duplicates;
use super::cells::Cells;
use super::table::Table;
use super::{FileProblem, Imported};

/// Characters of a name.
const NAME_MAX: usize = 256;
/// Characters of a bank's name.
const BANK_NAME_MAX: usize = 128;
/// Characters of a narration.
const NARRATION_MAX: usize = 100;
/// Characters of a tag.
const TAG_MAX: usize = 40;
/// Tags of a recipient.
const TAGS_MAX: usize = 20;

/// A recipient of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientRow {
    /// The row as a spreadsheet numbers it.
    pub row: u32,
    /// The name.
    pub name: String,
    /// The account.
    pub account_number: AccountNumber,
    /// A known code, as it was given, or that of the named bank.
    pub institution_code: String,
    /// As it was given, else from the directory.
    pub bank_name: Option<String>,
    /// What is written on the payee's statement.
    pub narration_note: Option<String>,
    /// Words to find the recipient by.
    pub tags: Vec<String>,
}

/// Reads a file of recipients: CSV or XLSX with a header. Columns: `name` (or `beneficiary_name`), `account_number`, and
/// `institution_code` or `bank_name`; `narration_note` and `tags` (separated by `;`, `|` or commas) when they are there.
///
/// # Errors
/// [`FileProblem`] when the file as a whole cannot be read; what is wrong with single rows is in the answer.
pub fn read_recipients(bytes: &[u8], directory: &Directory) -> Result<Imported<RecipientRow>, FileProblem> {
    let table = Table::read(bytes)?;
    let other_name = table.optional("beneficiary_name")?;
    let name = if other_name.is_there() { other_name } else { table.required("name")? };
    let account = table.required("account_number")?;
    let (code, bank) = (table.optional("institution_code")?, table.optional("bank_name")?);
    if !code.is_there() && !bank.is_there() {
        return Err(FileProblem::MissingColumn("institution_code"));
    }
    let (note, tags) = (table.optional("narration_note")?, table.optional("tags")?);
    let mut imported = Imported::empty();
    for row in &table.rows {
        let mut cells = Cells::of(row);
        let name = cells.text(name, NAME_MAX);
        let account = cells.account(account);
        let institution = cells.institution(code, bank, directory);
        let given_bank = cells.optional_text(bank, BANK_NAME_MAX);
        let narration_note = cells.optional_text(note, NARRATION_MAX);
        let tags = cells.list(tags, TAG_MAX, TAGS_MAX);
        let number = cells.number();
        let read = name.zip(account).zip(institution).map(|((name, account), code)| RecipientRow {
            row: number,
            name,
            account_number: account,
            bank_name: given_bank.or_else(|| directory.find(&code).map(|row: &Institution| row.name.clone())),
            institution_code: code,
            narration_note,
            tags,
        });
        let (read, repaired) = cells.finish(read);
        imported.take(read, repaired);
    }
    let payees = imported.rows.iter().map(|row| (row.row, row.account_number, row.institution_code.as_str()));
    imported.duplicates = duplicates(payees, directory);
    Ok(imported)
}

#[cfg(test)]
mod tests;
