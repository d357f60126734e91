//! `cargo xtask fuzz-api [--minutes N] [--seed S]`: schemathesis, a fuzzer from outside, against every document that a server of
//! this checkout serves. It reads the OpenAPI document, sends what fits it and what does not, and fails for an answer 5xx, for
//! a status or media type that is not documented, and for a body of another shape.
//!
//! The fuzzer is installed into a virtual environment in the target folder; without Python or the package index the command
//! says in one line what is missing, and fails only where nothing may be skipped (`CI`).

mod server;
mod tool;

use std::process::Command;

use server::Server;

use crate::process;
use crate::workspace::{Failure, Outcome, Workspace, in_ci};

/// Minutes of fuzzing unless asked otherwise, over all documents.
const MINUTES: u64 = 4;
/// Minutes that can be asked for.
const MINUTES_MAX: u64 = 24 * 60;
/// The seed unless asked otherwise: the same requests each time.
const SEED: u64 = 7;

/// What has to hold for each answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
                      unsupported_method,allow_header_conformance";

/// One run of the fuzzer.
struct Pass {
    document: &'static str,
    /// The kind of the key that calls; the session without one.
    key: Option<&'static str>,
    /// Which paths, as an option of the fuzzer with an expression.
    paths: (&'static str, &'static str),
    /// Its part of the whole time, beside the shares of the others.
    share: u64,
}

/// Every path.
const ALL: (&str, &str) = ("--include-path-regex", "^/");

const PASSES: [Pass; 9] = [
    Pass {
        document: "console",
        key: None,
        // What would end the session that calls, and calls to the outside, which there is none of. The fuzzer reads no more than
        // 1 MiB of an answer, which these documents may exceed.
        paths: ("--exclude-path-regex", "/v1/sessions?$|/connections/[^/]*/test$|^/openapi"),
        share: 9,
    },
    Pass {
        document: "flows",
        key: None,
        // 503 is what `enhance` answers while there is no model; the rest is for programs.
        paths: ("--exclude-path-regex", "/enhance$|^/v1/(client|sdk)/|/stream/"),
        share: 4,
    },
    Pass { document: "flows", key: Some("flows"), paths: ("--include-path-regex", "^/v1/(client|sdk)/"), share: 1 },
    // What is below /public is for keys; a stream goes on until its run ends.
    Pass { document: "treasury", key: None, paths: ("--exclude-path-regex", "^/api/v1/public/|/stream$"), share: 2 },
    Pass { document: "treasury", key: Some("treasury"), paths: ("--include-path-regex", "^/api/v1/public/"), share: 1 },
    // What devices call wants a key.
    Pass {
        document: "placements",
        key: None,
        paths: ("--exclude-path-regex", "/(resolve|resolve-batch|events|sdk-errors)$|^/v1/events$|^/cdn/"),
        share: 2,
    },
    Pass {
        document: "placements",
        key: Some("placements_sdk"),
        paths: ("--include-path-regex", "/(resolve|resolve-batch|sdk-errors)$|^/v1/events$"),
        share: 1,
    },
    Pass { document: "agents", key: Some("agents"), paths: ALL, share: 2 },
    // Streams go on while there may be more; a message that waits for an agent without a model fails with 500, as documented.
    Pass {
        document: "workflows",
        key: Some("workflows"),
        paths: ("--exclude-path-regex", "/(events|messages)$"),
        share: 2,
    },
];

/// Fuzzes each document.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Outcome {
    let (minutes, seed) = parse(arguments)?;
    let tool = match tool::ensure(workspace) {
        Ok(tool) => tool,
        Err(missing) if in_ci() => return Err(Failure::new(missing)),
        Err(missing) => {
            eprintln!("fuzz-api: skipped: {missing}");
            return Ok(());
        }
    };
    let server = Server::start(workspace)?;
    let mut failed = Vec::new();
    for pass in &PASSES {
        let command = fuzzer(workspace, &tool, &server, pass, minutes, seed);
        if !has_passed(command)? {
            let by = if pass.key.is_some() { ", by key" } else { "" };
            failed.push(format!("{}{by}", pass.document));
        }
    }
    server.stop()?;
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(format!("not as documented: {}", failed.join("; ")))) }
}

/// Whether nothing was found. A defect of the fuzzer's own ends its thread, and the rest of the document is not looked at; it says
/// then that it found nothing.
fn has_passed(command: Command) -> Outcome<bool> {
    let mut is_whole = true;
    let is_clean = process::run_watched(command, |line| is_whole &= !line.starts_with("Exception in thread"))?;
    if !is_whole {
        eprintln!("fuzz-api: the fuzzer did not come to the end of this document");
    }
    Ok(is_clean && is_whole)
}

fn fuzzer(
    workspace: &Workspace,
    tool: &std::path::Path,
    server: &Server,
    pass: &Pass,
    minutes: u64,
    seed: u64,
) -> Command {
    let Pass { document, key, paths: (option, expression), share } = *pass;
    let credential = key.map_or(server.session.as_str(), |kind| server.key(kind));
    let mut command = workspace.command(tool);
    // It leaves its notes where it stands.
    command.current_dir(tool::folder(workspace));
    command.args(["run", &format!("{}/openapi/{document}.json", server.url)]);
    command.args(["--url", &server.url, "--checks", CHECKS, option, expression]);
    command.args(["--header", &format!("Authorization: Bearer {credential}")]);
    let seconds = minutes * 60 * share / PASSES.iter().map(|pass| pass.share).sum::<u64>();
    command.args(["--max-time", &seconds.to_string(), "--seed", &seed.to_string()]);
    // With more workers its threads trip over a defect of Python 3.11.
    command.args(["--phases", "coverage,fuzzing", "--workers", "1", "--continue-on-failure", "--no-shrink"]);
    command.args(["--suppress-health-check", "all", "--warnings", "off"]);
    command
}

fn parse(arguments: &[String]) -> Outcome<(u64, u64)> {
    let usage = || Failure::new("usage: cargo xtask fuzz-api [--minutes 1..1440] [--seed S]");
    let (mut minutes, mut seed) = (MINUTES, SEED);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let number: u64 = words.next().and_then(|text| text.parse().ok()).ok_or_else(usage)?;
        match word.as_str() {
            "--minutes" if (1..=MINUTES_MAX).contains(&number) => minutes = number,
            "--seed" => seed = number,
            _ => return Err(usage()),
        }
    }
    Ok((minutes, seed))
}
