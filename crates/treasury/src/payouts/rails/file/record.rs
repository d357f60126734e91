//! What leaves: files with payments in `out`, and the rail's own record of them in `log`.
//!
//! A batch leaves in three steps, each whole or not at all: its file is written under a hidden name, the record names its payments, and
//! the file gets the name by which people find it. The record decides. A process that is killed before it has sent nothing, one that is
//! killed after it has sent everything, and whoever asks next gives the file its name. A payment that is not in the record when somebody
//! asks is refused for good, so that a process that stood still cannot let it go later. All of it is done under a lock of the file
//! system, which no killed process keeps.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use floe_runtime::Clock;

use super::Payment;
use crate::csv::cell;

/// Batches and refusals of one day, at most.
const NAMES_MAX: usize = 1_000_000;
/// The day of a reference that does not say it.
const NO_DAY: &str = "0";
/// Ending of the record of a batch.
const SENT: &str = "sent";
/// Ending of the record that a payment never left and never will.
const NEVER: &str = "never";
const HEADER: &str = "reference,beneficiary_name,account_number,institution_code,amount,currency,narration\n";

/// Lets payments go, and tells which ones left. One that left before, was refused, or whose time to leave is over does not go: this may
/// have waited long for the record.
pub(super) fn send(folder: &Path, payments: &[Payment], clock: &dyn Clock) -> io::Result<HashSet<String>> {
    let record = Record::open(folder)?;
    let mut days: BTreeMap<&str, Vec<&Payment>> = BTreeMap::new();
    for payment in payments {
        days.entry(day_of(&payment.reference)).or_default().push(payment);
    }
    let mut left = HashSet::new();
    for (day, mut batch) in days {
        let known = record.day(day)?;
        batch.retain(|one| !known.batches.contains_key(&one.reference) && !known.refused.contains(&one.reference));
        let Some(first) = batch.first() else { continue };
        if !record.write(day, &first.reference, &batch, clock)? {
            continue;
        }
        left.extend(batch.into_iter().map(|payment| payment.reference.clone()));
    }
    Ok(left)
}

/// Which of some payments left; the others never will. None when a batch is just leaving, and where nothing ever left.
pub(super) fn left(folder: &Path, references: &[String]) -> io::Result<Option<HashSet<String>>> {
    let Some(record) = Record::open_idle(folder)? else { return Ok(None) };
    let mut left = HashSet::new();
    let days: BTreeSet<&str> = references.iter().map(|reference| day_of(reference)).collect();
    for day in days {
        let known = record.day(day)?;
        for reference in references.iter().filter(|reference| day_of(reference) == day) {
            match known.batches.get(reference) {
                Some(batch) => {
                    record.show(batch)?;
                    left.insert(reference.clone());
                }
                None if known.refused.contains(reference) => {}
                None => record.refuse(day, reference)?,
            }
        }
    }
    Ok(Some(left))
}

/// The day that the time in a reference names, `YYMMDD`.
fn day_of(reference: &str) -> &str {
    reference.get(6..12).filter(|day| day.bytes().all(|byte| byte.is_ascii_digit())).unwrap_or(NO_DAY)
}

/// What the record says about one day.
#[derive(Default)]
struct Day {
    /// The batch with which a payment left.
    batches: HashMap<String, String>,
    /// Payments that never left.
    refused: HashSet<String>,
}

/// The record, held for as long as this lives.
struct Record {
    out: PathBuf,
    log: PathBuf,
    _lock: File,
}

impl Record {
    /// Waits until nobody else has it.
    fn open(folder: &Path) -> io::Result<Self> {
        let (out, log) = (folder.join("out"), folder.join("log"));
        fs::create_dir_all(&out)?;
        fs::create_dir_all(&log)?;
        let lock = File::create(log.join("lock"))?;
        lock.lock()?;
        Ok(Self { out, log, _lock: lock })
    }

    /// None when somebody else has it, and when there is none.
    fn open_idle(folder: &Path) -> io::Result<Option<Self>> {
        let (out, log) = (folder.join("out"), folder.join("log"));
        let lock = match File::options().write(true).open(log.join("lock")) {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { out, log, _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn day(&self, day: &str) -> io::Result<Day> {
        let mut known = Day::default();
        let entries = match fs::read_dir(self.log.join(day)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(known),
            Err(error) => return Err(error),
        };
        for (at, entry) in entries.enumerate() {
            if at >= NAMES_MAX {
                return Err(io::Error::other("a day of the record of payments is too large"));
            }
            let path = entry?.path();
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            match path.extension().and_then(|ending| ending.to_str()) {
                Some(SENT) => {
                    let text = fs::read_to_string(&path)?;
                    known.batches.extend(text.lines().map(|reference| (reference.to_owned(), name.to_owned())));
                }
                Some(NEVER) => {
                    known.refused.insert(name.to_owned());
                }
                _ => {}
            }
        }
        Ok(known)
    }

    /// Writes a batch and its record, and tells whether it left: not when the time of one of its payments is over.
    fn write(&self, day: &str, name: &str, batch: &[&Payment], clock: &dyn Clock) -> io::Result<bool> {
        let day = self.make_day(day)?;
        write_whole(&self.hidden(name), &batch_text(batch))?;
        let draft = day.join(format!("{name}.part"));
        write_whole(&draft, &batch.iter().map(|payment| format!("{}\n", payment.reference)).collect::<String>())?;
        let now = clock.now();
        if batch.iter().any(|payment| now >= payment.leave_before) {
            fs::remove_file(&draft)?;
            fs::remove_file(self.hidden(name))?;
            return Ok(false);
        }
        fs::rename(&draft, day.join(format!("{name}.{SENT}")))?;
        sync_folder(&day)?;
        self.show(name)?;
        Ok(true)
    }

    /// Gives the file of a batch the name by which people find it, if it does not have it.
    fn show(&self, name: &str) -> io::Result<()> {
        match fs::rename(self.hidden(name), self.out.join(format!("{name}.csv"))) {
            Ok(()) => sync_folder(&self.out),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Notes that a payment never left.
    fn refuse(&self, day: &str, reference: &str) -> io::Result<()> {
        let day = self.make_day(day)?;
        File::create(day.join(format!("{reference}.{NEVER}")))?.sync_all()?;
        sync_folder(&day)?;
        // A batch that was not recorded may have left its hidden file behind.
        match fs::remove_file(self.hidden(reference)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn hidden(&self, name: &str) -> PathBuf {
        self.out.join(format!(".{name}.part"))
    }

    fn make_day(&self, day: &str) -> io::Result<PathBuf> {
        let folder = self.log.join(day);
        if !folder.is_dir() {
            fs::create_dir(&folder)?;
            sync_folder(&self.log)?;
        }
        Ok(folder)
    }
}

fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn batch_text(payments: &[&Payment]) -> String {
    let mut text = HEADER.to_owned();
    for one in payments {
        let (name, narration) = (cell(&one.beneficiary_name), cell(one.narration.as_deref().unwrap_or_default()));
        let (reference, account, institution) = (&one.reference, &one.account_number, &one.institution_code);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{reference},{name},{account},{institution},{},NGN,{narration}", one.amount);
    }
    text
}
