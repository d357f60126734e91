//! What an operator sets about payouts and funding (Treasury contract, sections 4.3, 9.3 and 10.4).

use std::path::PathBuf;
use std::sync::Arc;

use floe_model::treasury::risk::Watchlist;
use floe_model::treasury::{Directory, Schedule};
use floe_treasury::Settings;
use floe_treasury::payouts::{FundingProvider, PayoutSettings};

use super::parse::{self, Parser};

/// Longest pause that can be set, seconds: a year.
const PAUSE_S_MAX: u64 = 366 * 86_400;
/// Pauses of one list at most.
const PAUSES_MAX: usize = 100;
/// Longest delay of the simulator, milliseconds.
const DELAY_MS_MAX: u64 = 600_000;
/// Bytes of a signing secret at least.
const SECRET_BYTES_MIN: usize = 16;

/// Reads everything of the treasury but what follows from other settings.
pub(super) fn read(parse: &mut Parser<'_>) -> Settings {
    let usual = PayoutSettings::default();
    let questions_ms = pauses(parse, "FLOE_PAYOUT_QUESTIONS");
    let looks_ms = pauses(parse, "FLOE_PAYOUT_LOOKS");
    let schedule = Schedule {
        questions_ms,
        later_ms: parse.required("FLOE_PAYOUT_QUESTION_EVERY", seconds, usual.schedule.later_ms),
        followup_ms: parse.required("FLOE_PAYOUT_FOLLOWUP", seconds, usual.schedule.followup_ms),
        not_found_ms: parse.required("FLOE_PAYOUT_NOT_FOUND", seconds, usual.schedule.not_found_ms),
        looks_ms,
        ..usual.schedule
    };
    let bank = parse.optional("FLOE_VIRTUAL_BANK", bank);
    let (virtual_bank_code, virtual_bank_name) = bank.unwrap_or((usual.virtual_bank_code, usual.virtual_bank_name));
    let payouts = PayoutSettings {
        schedule,
        simulator_delay_ms: parse.required("FLOE_SIMULATOR_DELAY_MS", |text| parse::number(text, 0, DELAY_MS_MAX), 0),
        file_rail: file_rail(parse),
        institution_code: parse.optional("FLOE_PAYOUT_INSTITUTION", six_digits).unwrap_or(usual.institution_code),
        virtual_bank_code,
        virtual_bank_name,
        manual_credit: parse.required("FLOE_MANUAL_TOPUP", parse::switch, false),
        funding: parse.list("FLOE_FUNDING_SECRETS", provider),
    };
    let directory = parse.optional("FLOE_INSTITUTIONS_FILE", |text| directory(&PathBuf::from(text)));
    let watchlist = parse.optional("FLOE_WATCHLIST", |text| watchlist(&PathBuf::from(text))).unwrap_or_default();
    Settings { public_url: String::new(), directory, watchlist: Arc::new(watchlist), payouts }
}

/// The folder of the file rail: it takes both settings, so that nobody pays by a folder that was left in a file of settings.
fn file_rail(parse: &mut Parser<'_>) -> Option<PathBuf> {
    let is_file = |text: &str| (text == "file").then_some(()).ok_or_else(|| "must be file".to_owned());
    let rail = parse.optional("FLOE_PAYOUT_RAIL", is_file);
    let folder = parse.optional("FLOE_PAYOUT_FILES", parse::path);
    match (&rail, &folder) {
        (Some(()), None) => parse.problem("FLOE_PAYOUT_FILES", "must be given with FLOE_PAYOUT_RAIL=file"),
        (None, Some(_)) => parse.problem("FLOE_PAYOUT_RAIL", "must be file where FLOE_PAYOUT_FILES is given"),
        _ => {}
    }
    folder.filter(|_| rail.is_some())
}

fn pauses(parse: &mut Parser<'_>, name: &str) -> Vec<i64> {
    let pauses = parse.list(name, seconds);
    if pauses.is_empty() || pauses.len() > PAUSES_MAX {
        parse.problem(name, &format!("must be 1 to {PAUSES_MAX} numbers of seconds between commas"));
    }
    pauses
}

/// Seconds, as milliseconds.
fn seconds(text: &str) -> Result<i64, String> {
    parse::number::<i64>(text, 0, PAUSE_S_MAX).map(|seconds| seconds * 1_000)
}

fn six_digits(text: &str) -> Result<String, String> {
    let is_code = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_code { Ok(text.to_owned()) } else { Err("must be six digits".to_owned()) }
}

/// Code and name, with a space between them.
fn bank(text: &str) -> Result<(String, String), String> {
    let found = text.split_once(' ').map(|(code, name)| (code, name.trim()));
    let is_code = |code: &str| matches!(code.len(), 3 | 5 | 6) && code.bytes().all(|byte| byte.is_ascii_digit());
    match found {
        Some((code, name)) if is_code(code) && !name.is_empty() => Ok((code.to_owned(), name.to_owned())),
        _ => Err("must be a code of 3, 5 or 6 digits, a space, and the bank's name".to_owned()),
    }
}

/// `name=secret`. The problem does not repeat the secret.
fn provider(text: &str) -> Result<FundingProvider, String> {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    match text.split_once('=') {
        Some((name, secret)) if is_name(name) && secret.len() >= SECRET_BYTES_MIN => {
            Ok(FundingProvider { name: name.to_owned(), secret: secret.to_owned() })
        }
        _ => Err(format!(
            "must be name=secret between commas; a name has lower-case letters, digits and dashes, a secret {SECRET_BYTES_MIN} bytes or more"
        )),
    }
}

/// Read once and kept for as long as the process lives.
fn directory(path: &std::path::Path) -> Result<&'static Directory, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let directory = Directory::parse(&text).map_err(|problem| format!("{}: {problem}", path.display()))?;
    Ok(Box::leak(Box::new(directory)))
}

fn watchlist(path: &std::path::Path) -> Result<Watchlist, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Watchlist::parse(&text).map_err(|problem| format!("{}: {problem}", path.display()))
}
