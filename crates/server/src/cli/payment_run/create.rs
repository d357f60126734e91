//! `floe payment-run create`: reads a file of candidates here, and sends them with the objective in one request, so that there is
//! never a run without them.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use floe_model::treasury::{Directory, INSTITUTIONS_MAX, Kobo};
use floe_treasury::import::{CandidateRow, Imported, RowNote, read_candidates};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::api::Api;
use super::watch::{Until, follow};
use super::{Context, Exit, Failure, described};

/// Bytes of a file at most (Treasury contract, section 1.1).
const FILE_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// Institutions of one page (Treasury contract, section 1.3).
const INSTITUTIONS_A_PAGE: usize = 200;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// CSV or XLSX with the columns beneficiary_name, account_number, amount, and institution_code or bank_name
    file: PathBuf,
    /// What is paid
    #[arg(long)]
    objective: String,
    /// The most that may be released, in naira
    #[arg(long, value_name = "NAIRA")]
    cap: Option<String>,
    /// The highest score that the risk agent approves by itself, 0 to 1
    #[arg(long, value_name = "SCORE")]
    risk_tolerance: Option<String>,
    /// First day that counts as history (YYYY-MM-DD)
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// Last day that counts as history (YYYY-MM-DD)
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    /// Leave bad rows out; without it they refuse the file
    #[arg(long)]
    skip_bad_rows: bool,
    /// Wait until the run waits for approval or ended, however long that takes (see --timeout)
    #[arg(long)]
    wait: bool,
}

/// The body of the request.
#[derive(Serialize)]
struct NewRun<'a> {
    objective: &'a str,
    budget_cap: Option<Kobo>,
    risk_tolerance: Option<Box<RawValue>>,
    date_from: Option<&'a str>,
    date_to: Option<&'a str>,
    candidates: Vec<NewCandidate>,
}

#[derive(Serialize)]
struct NewCandidate {
    beneficiary_name: String,
    account_number: String,
    institution_code: String,
    amount: Kobo,
    purpose: Option<String>,
    beneficiary_email: Option<String>,
}

impl From<CandidateRow> for NewCandidate {
    fn from(row: CandidateRow) -> Self {
        Self {
            beneficiary_name: row.beneficiary_name,
            account_number: row.account_number.as_str().to_owned(),
            institution_code: row.institution_code,
            amount: row.amount,
            purpose: row.purpose,
            beneficiary_email: row.beneficiary_email,
        }
    }
}

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let bytes = bytes_of(&arguments.file)?;
    let api = context.api()?;
    let imported = match directory(&api).await {
        Ok(directory) => read(arguments, &bytes, &directory)?,
        // A token that may write only: the server looks at every code once more.
        Err(failure) if matches!(failure.exit, Exit::Denied) => read(arguments, &bytes, Directory::shipped())?,
        Err(failure) => return Err(failure),
    };
    tell(context, &imported);
    let new = NewRun {
        objective: &arguments.objective,
        budget_cap: arguments.cap.as_deref().map(amount).transpose()?,
        risk_tolerance: arguments.risk_tolerance.as_deref().map(score).transpose()?,
        date_from: arguments.from.as_deref(),
        date_to: arguments.to.as_deref(),
        candidates: imported.rows.into_iter().map(NewCandidate::from).collect(),
    };
    let body = serde_json::to_string(&new).map_err(|error| Failure::usage(error.to_string()))?;
    let mut run = api.post_text("/api/v1/runs", body).await?;
    if arguments.wait {
        let id = run["id"].as_str().unwrap_or_default().to_owned();
        context.output.say(&id);
        run = follow(context, &api, &id, Until::Approval).await?;
    }
    if context.output.json {
        context.output.document(&run);
    } else if arguments.wait {
        described(&run).iter().for_each(|line| context.output.line(line));
    } else {
        context.output.line(run["id"].as_str().unwrap_or_default());
    }
    let is_lost = matches!(run["phase"].as_str(), Some("failed" | "cancelled"));
    Ok(if is_lost { Exit::Failed } else { Exit::Done })
}

/// The candidates of the file, in the words in which the server would refuse them.
fn read(arguments: &Arguments, bytes: &[u8], directory: &Directory) -> Result<Imported<CandidateRow>, Failure> {
    let path = arguments.file.display();
    let imported =
        read_candidates(bytes, directory).map_err(|problem| Failure::invalid(format!("{path}: {problem}")))?;
    if imported.bad_rows > 0 && !arguments.skip_bad_rows {
        let notes: Vec<String> = imported.problems.iter().map(|note| format!("\n  {}", line(note))).collect();
        let count = imported.bad_rows;
        return Err(Failure::invalid(format!(
            "{path}: {count} of {} rows are bad{}",
            imported.total_rows,
            notes.concat()
        )));
    }
    if imported.rows.is_empty() {
        return Err(Failure::invalid(format!("{path}: there is no candidate in it")));
    }
    Ok(imported)
}

/// The institutions that the server knows, which an operator may have replaced.
async fn directory(api: &Api) -> Result<Directory, Failure> {
    let mut rows: Vec<Value> = Vec::new();
    loop {
        let window = [("limit", INSTITUTIONS_A_PAGE.to_string()), ("offset", rows.len().to_string())];
        let mut page = api.get("/api/v1/institutions", &window).await?;
        let Value::Array(more) = page["data"].take() else { break };
        let is_last = more.is_empty() || page["has_more"] != true;
        rows.extend(more);
        if is_last || rows.len() > INSTITUTIONS_MAX {
            break;
        }
    }
    let odd = |problem: &dyn std::fmt::Display| Failure::invalid(format!("the institutions of the server: {problem}"));
    Directory::parse(&Value::from(rows).to_string()).map_err(|problem| odd(&problem))
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::invalid(format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Failure::invalid(format!("{} is larger than {FILE_BYTES_MAX} bytes", path.display())));
    }
    Ok(bytes)
}

/// What is odd about the file and does not refuse it.
fn tell(context: &Context, imported: &Imported<CandidateRow>) {
    for note in imported.problems.iter().chain(&imported.repaired) {
        context.output.say(&line(note));
    }
    for one in &imported.duplicates {
        context.output.say(&format!("row {}: the same account as row {}", one.row, one.same_as_row));
    }
}

fn line(note: &RowNote) -> String {
    format!("row {}: {} {}", note.row, note.field, note.message)
}

fn amount(text: &str) -> Result<Kobo, Failure> {
    Kobo::read(text).map_err(|problem| Failure::usage(format!("--cap {}", problem.message)))
}

/// A number as it was written; the server says whether it is a score.
fn score(text: &str) -> Result<Box<RawValue>, Failure> {
    let raw = RawValue::from_string(text.trim().to_owned()).ok();
    raw.filter(|raw| raw.get().parse::<f64>().is_ok())
        .ok_or_else(|| Failure::usage("--risk-tolerance must be a number"))
}
