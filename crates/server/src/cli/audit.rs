//! `floe audit verify`: checks an export of the audit log, without a server.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use floe_access::audit::SignedHead;
use floe_access::audit::file::{FileCheck, FileProblem, FileReport};
use serde_json::{Value, json};

use super::{Context, Exit, Failure};

/// Bytes of one line; an entry is far smaller.
const LINE_MAX: u64 = 4 * 1024 * 1024;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check an export (JSON lines) and name the first bad entry
    Verify(Arguments),
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What GET /console/v1/audit/export answered
    file: PathBuf,
    /// Signed heads that were kept elsewhere: one, or the lines of FLOE_AUDIT_HEADS_FILE
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
}

pub(super) fn execute(context: &Context, command: &Command) -> Result<Exit, Failure> {
    let Command::Verify(arguments) = command;
    let heads = arguments.head.as_deref().map(read_heads).transpose()?.unwrap_or_default();
    match check(&arguments.file, &heads)? {
        Ok(report) if !heads.is_empty() && report.heads_met == 0 => {
            Err(Failure::invalid("no head of the other file belongs to this export"))
        }
        Ok(report) => {
            whole(context, &report);
            Ok(Exit::Done)
        }
        Err(FileProblem::NoExport(reason)) => {
            Err(Failure::invalid(format!("{} is no export of an audit log: {reason}", arguments.file.display())))
        }
        Err(problem) => {
            broken(context, &problem);
            Ok(Exit::Failed)
        }
    }
}

fn check(path: &Path, heads: &[SignedHead]) -> Result<Result<FileReport, FileProblem>, Failure> {
    let mut lines = Lines::open(path)?;
    let mut check = FileCheck::new(heads);
    while let Some(line) = lines.next()? {
        if let Err(problem) = check.line(&line) {
            return Ok(Err(problem));
        }
    }
    Ok(check.finish())
}

/// The heads in a file, each on a line of its own or as one document.
fn read_heads(path: &Path) -> Result<Vec<SignedHead>, Failure> {
    let mut lines = Lines::open(path)?;
    let mut text = String::new();
    while let Some(line) = lines.next()? {
        text.push_str(&line);
        text.push('\n');
        if text.len() as u64 > 64 * LINE_MAX {
            return Err(Failure::invalid(format!("{} is too large", path.display())));
        }
    }
    let values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    let heads: Result<Vec<SignedHead>, Failure> = values
        .map(|value| {
            let value = value.map_err(|error| Failure::invalid(format!("{}: {error}", path.display())))?;
            let head = value.get("head").unwrap_or(&value);
            SignedHead::read(head)
                .map_err(|name| Failure::invalid(format!("{}: a head has no sound {name}", path.display())))
        })
        .collect();
    let heads = heads?;
    if heads.is_empty() { Err(Failure::invalid(format!("{} holds no head", path.display()))) } else { Ok(heads) }
}

fn whole(context: &Context, report: &FileReport) {
    let head = &report.head;
    if context.output.json {
        let document = json!({ "valid": true, "entries": report.entries, "first_seq": report.first_seq,
            "heads_checked": report.heads_met, "head": head.object() });
        return context.output.document(&document);
    }
    let last = head.seq;
    context.output.line(&match report.entries {
        0 => "valid: no entries".to_owned(),
        count => format!("valid: {count} entries, {} to {last}", report.first_seq),
    });
    if report.heads_met == 0 {
        context.output.say(
            "A file proves only that it fits together. Compare it with a head that was kept elsewhere: --head FILE",
        );
    }
}

fn broken(context: &Context, problem: &FileProblem) {
    let FileProblem::Broken { line, seq, id, reason } = problem else { return };
    if context.output.json {
        let document =
            json!({ "valid": false, "line": line, "first_bad_seq": seq, "first_bad_id": id, "reason": reason });
        return context.output.document(&document);
    }
    let name = id.as_deref().unwrap_or("no entry");
    context.output.line(&format!("broken at entry {seq} ({name}, line {line}): {reason}"));
}

/// The lines of a file, one at a time and each of a bounded length. Empty ones are left out.
struct Lines {
    reader: BufReader<File>,
    name: String,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| Failure::not_found(format!("{name}: {error}")))?;
        Ok(Self { reader: BufReader::new(file), name })
    }

    fn next(&mut self) -> Result<Option<String>, Failure> {
        loop {
            let mut line = String::new();
            let read = self.reader.by_ref().take(LINE_MAX).read_line(&mut line);
            let read = read.map_err(|error| Failure::invalid(format!("{}: {error}", self.name)))?;
            if read as u64 >= LINE_MAX {
                return Err(Failure::invalid(format!("{}: a line is too long", self.name)));
            }
            if read == 0 {
                return Ok(None);
            }
            if !line.trim().is_empty() {
                return Ok(Some(line));
            }
        }
    }
}
