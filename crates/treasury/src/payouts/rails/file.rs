//! The rail of files: payments go into files that people carry to their bank, and files with results come back.
//!
//! In the folder, `out` holds one file for each batch, written whole or not at all. `in` takes files with the columns `reference` and
//! `code`: the reference of a payment, and a code of the NIP table or the word `returned` for money that came back. Files may stay there;
//! an answer that is known changes nothing.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use floe_model::treasury::Answered;
use floe_model::treasury::nip::Question;

use super::{Account, Answer, Enquiry, Look, Movement, Payment, Rail, RailFuture};
use crate::csv::cell;

/// Files with results that are read at most.
const FILES_MAX: usize = 1_000;
/// Bytes of a file with results at most.
const FILE_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// The word for money that came back.
const RETURNED: &str = "returned";
/// The code of what is under way.
const IN_PROGRESS: &str = "09";
const HEADER: &str = "reference,beneficiary_name,account_number,institution_code,amount,currency,narration\n";

/// The rail of files.
pub struct FileRail {
    folder: PathBuf,
}

impl FileRail {
    /// One that keeps its files in a folder, which is made when it is first needed.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Does slow work with files away from the threads that serve.
    async fn aside<T: Send + 'static>(&self, work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static) -> Option<T> {
        let folder = self.folder.clone();
        let done = tokio::task::spawn_blocking(move || work(&folder)).await;
        match done {
            Ok(Ok(done)) => Some(done),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the files of the payout rail cannot be used");
                None
            }
            Err(error) => {
                tracing::warn!(%error, "work with the files of the payout rail was interrupted");
                None
            }
        }
    }
}

/// Writes a batch: first under another name, so that nobody ever takes half a file to the bank.
fn write_batch(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    let out = folder.join("out");
    fs::create_dir_all(&out)?;
    let (hidden, shown) = (out.join(format!(".{name}.part")), out.join(format!("{name}.csv")));
    let mut file = fs::File::create(&hidden)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&hidden, shown)?;
    fs::File::open(&out)?.sync_all()
}

fn batch_text(payments: &[Payment]) -> String {
    let mut text = HEADER.to_owned();
    for one in payments {
        let (name, narration) = (cell(&one.beneficiary_name), cell(one.narration.as_deref().unwrap_or_default()));
        let (reference, account, institution) = (&one.reference, &one.account_number, &one.institution_code);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{reference},{name},{account},{institution},{},NGN,{narration}", one.amount);
    }
    text
}

/// The last word about each reference, from all files in the order of their names.
fn read_results(folder: &Path) -> io::Result<HashMap<String, String>> {
    let mut files = Vec::new();
    match fs::read_dir(folder.join("in")) {
        Ok(entries) => {
            for entry in entries.take(FILES_MAX) {
                let path = entry?.path();
                if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")) {
                    files.push(path);
                }
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    files.sort();
    let mut results = HashMap::new();
    for path in files {
        if fs::metadata(&path)?.len() > FILE_BYTES_MAX {
            tracing::warn!(file = %path.display(), "a file with results is too large and is not read");
            continue;
        }
        take_results(&String::from_utf8_lossy(&fs::read(&path)?), &mut results);
    }
    Ok(results)
}

fn take_results(text: &str, results: &mut HashMap<String, String>) {
    let unquoted = |cell: &str| cell.trim().trim_matches('"').to_owned();
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let Some(header) = lines.next() else { return };
    let names: Vec<String> = header.split([',', ';', '\t']).map(|name| unquoted(name).to_lowercase()).collect();
    let place = |name: &str| names.iter().position(|known| known == name);
    let (Some(reference), Some(code)) = (place("reference"), place("code")) else { return };
    for line in lines {
        let cells: Vec<&str> = line.split([',', ';', '\t']).collect();
        if let (Some(reference), Some(code)) = (cells.get(reference), cells.get(code)) {
            results.insert(unquoted(reference), unquoted(code).to_lowercase());
        }
    }
}

fn answer(code: Option<&String>) -> Answer {
    match code.map(String::as_str) {
        Some(RETURNED) => Answer { answered: Answered::Returned, code: None },
        code => Answer::nip(code.unwrap_or(IN_PROGRESS), Question::Status),
    }
}

impl Rail for FileRail {
    fn name(&self) -> &'static str {
        "file"
    }

    fn enquire<'a>(&'a self, accounts: &'a [Account]) -> RailFuture<'a, Vec<Enquiry>> {
        Box::pin(async move { accounts.iter().map(|_| Enquiry::Unsupported).collect() })
    }

    fn send<'a>(&'a self, payments: &'a [Payment]) -> RailFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            let Some(first) = payments.first() else { return Vec::new() };
            let (name, text) = (first.reference.clone(), batch_text(payments));
            let written = self.aside(move |folder| write_batch(folder, &name, &text)).await;
            let answer = || match written {
                Some(()) => Answer::nip(IN_PROGRESS, Question::Send),
                None => Answer::none(),
            };
            payments.iter().map(|_| answer()).collect()
        })
    }

    fn ask<'a>(&'a self, references: &'a [String]) -> RailFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            match self.aside(read_results).await {
                Some(results) => references.iter().map(|reference| answer(results.get(reference))).collect(),
                None => references.iter().map(|_| Answer::none()).collect(),
            }
        })
    }

    fn movements<'a>(&'a self, _look: Look) -> RailFuture<'a, Option<Vec<Movement>>> {
        Box::pin(async move {
            let results = self.aside(read_results).await?;
            let returned = results.into_iter().filter(|(_, code)| code == RETURNED);
            Some(returned.map(|(reference, _)| Movement { reference }).collect())
        })
    }
}

#[cfg(test)]
mod tests;
