//! `cargo xtask test`: sets up what the tests need, runs them, and says what ran and what did not.

mod summary;

use crate::COMMANDS;
use crate::model_server::ModelServer;
use crate::postgres::{self, Cluster};
use crate::process::{self, Stopwatch};
use crate::report::Report;
use crate::setup::nextest::{self, Runner};
use crate::setup::{chromium, dictionary, postgresql, python_client};
use crate::workspace::{Failure, Outcome, Workspace, in_ci};

use summary::Counts;

/// The address of the temporary cluster; tests that find none run on SQLite only.
pub(crate) const POSTGRES_URL: &str = "FLOE_TEST_POSTGRES_URL";

/// The browser of the tests of pages; where it is named they are not left out.
const BROWSER: &str = "FLOE_TEST_CHROMIUM";

/// The folder of the dictionary in which the quality of searches is measured.
const DICTIONARY: &str = "FLOE_TEST_DICTIONARY";

/// The interpreter that has the published client of the workflow API.
const PYTHON_CLIENT: &str = "FLOE_TEST_PYTHON_CLIENT";

/// The address of a real model server; without it the tests that need one are left out.
const MODEL_SERVER: &str = "FLOE_TEST_MODEL_SERVER";

/// Runs every test and the longer proofs; with arguments, only the tests that they choose (nextest's own arguments).
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Outcome {
    let report = perform(workspace, arguments)?;
    report.print();
    if report.holds() { Ok(()) } else { Err(Failure::new("")) }
}

/// The same, for a caller that has more to print before the last line.
pub(crate) fn perform(workspace: &Workspace, arguments: &[String]) -> Outcome<Report> {
    let mut workspace = workspace.clone();
    let mut report = Report::default();
    let runner = nextest::find_or_install(&mut workspace)?;
    let cluster = start_cluster(&mut workspace, &mut report)?;
    find_browser(&mut workspace, &mut report)?;
    find_dictionary(&mut workspace, &mut report)?;
    find_python_client(&mut workspace, &mut report)?;
    let model_server = start_model_server(&mut workspace, &mut report)?;
    run_tests(&workspace, runner, arguments, &mut report)?;
    drop(model_server);
    if arguments.is_empty() {
        run_proofs(&workspace, &mut report);
    } else {
        report.skip("the longer proofs: only without arguments");
    }
    drop(cluster);
    Ok(report)
}

/// Starts PostgreSQL, unless its address was given. It is stopped when the answer is dropped.
fn start_cluster(workspace: &mut Workspace, report: &mut Report) -> Outcome<Option<Cluster>> {
    if std::env::var_os(POSTGRES_URL).is_some() {
        return Ok(None);
    }
    let started = postgresql::ensure(workspace).and_then(|()| {
        let folder = postgres::place(&format!("floe-test-postgres-{}", std::process::id()));
        Cluster::start(&folder).map_err(|error| format!("the temporary cluster does not start: {error}"))
    });
    match started {
        Ok(cluster) => {
            workspace.set(POSTGRES_URL, cluster.url());
            Ok(Some(cluster))
        }
        Err(reason) if in_ci() => Err(Failure(format!("nothing may be left out in CI. PostgreSQL: {reason}"))),
        Err(reason) => {
            eprintln!("without PostgreSQL: {reason}");
            report.skip(format!("every test on PostgreSQL: {reason}"));
            Ok(None)
        }
    }
}

/// Names the browser to the tests, unless it was given.
fn find_browser(workspace: &mut Workspace, report: &mut Report) -> Outcome {
    if std::env::var_os(BROWSER).is_some() {
        return Ok(());
    }
    match chromium::ensure(workspace) {
        Ok(program) => workspace.set(BROWSER, program.display().to_string()),
        Err(reason) if in_ci() => return Err(Failure(format!("nothing may be left out in CI. Browser: {reason}"))),
        Err(reason) => {
            eprintln!("without a browser: {reason}");
            report.skip(format!("the pages in a browser: {reason}"));
        }
    }
    Ok(())
}

/// Names the dictionary to the tests, unless it was given.
fn find_dictionary(workspace: &mut Workspace, report: &mut Report) -> Outcome {
    if std::env::var_os(DICTIONARY).is_some() {
        return Ok(());
    }
    match dictionary::ensure(workspace) {
        Ok(folder) => workspace.set(DICTIONARY, folder.display().to_string()),
        Err(reason) if in_ci() => return Err(Failure(format!("nothing may be left out in CI. Dictionary: {reason}"))),
        Err(reason) => {
            eprintln!("without the dictionary: {reason}");
            report.skip(format!("the quality of searches: {reason}"));
        }
    }
    Ok(())
}

/// Names the client to the tests, unless it was given.
fn find_python_client(workspace: &mut Workspace, report: &mut Report) -> Outcome {
    if std::env::var_os(PYTHON_CLIENT).is_some() {
        return Ok(());
    }
    match python_client::ensure(workspace) {
        Ok(python) => workspace.set(PYTHON_CLIENT, python.display().to_string()),
        Err(reason) if in_ci() => {
            return Err(Failure(format!("nothing may be left out in CI. Python client: {reason}")));
        }
        Err(reason) => {
            eprintln!("without the Python client: {reason}");
            report.skip(format!("the published client of the workflow API: {reason}"));
        }
    }
    Ok(())
}

/// Starts a small real model, unless its address was given. It is stopped when the answer is dropped.
fn start_model_server(workspace: &mut Workspace, report: &mut Report) -> Outcome<Option<ModelServer>> {
    if std::env::var_os(MODEL_SERVER).is_some() {
        return Ok(None);
    }
    match ModelServer::start(workspace) {
        Ok(server) => {
            workspace.set(MODEL_SERVER, server.url());
            Ok(Some(server))
        }
        Err(reason) if in_ci() => Err(Failure(format!("nothing may be left out in CI. Model server: {reason}"))),
        Err(reason) => {
            eprintln!("without a model server: {reason}");
            report.skip(format!("models at a real server: {reason}"));
            Ok(None)
        }
    }
}

fn run_tests(workspace: &Workspace, runner: Runner, arguments: &[String], report: &mut Report) -> Outcome {
    let mut command = match runner {
        Runner::Nextest => {
            let mut command = workspace.cargo("nextest");
            command.args(["run", "--locked", "--color", process::colour_choice()]);
            if in_ci() {
                command.args(["--profile", "ci"]);
            }
            command
        }
        Runner::CargoTest => {
            let mut command = workspace.cargo("test");
            command.args(["--locked", "--no-fail-fast", "--color", process::colour_choice()]);
            command
        }
    };
    // Cargo lets `--workspace` win over `--package`.
    if !arguments.iter().any(|argument| argument.starts_with("-p") || argument.starts_with("--package")) {
        command.arg("--workspace");
    }
    command.args(arguments);
    let mut counts = Counts::default();
    let watch = Stopwatch::start();
    let succeeded = process::run_watched(command, |line| counts.read(line))?;
    let failed = counts.failed.max(u64::from(!succeeded));
    report.count(&format!("tests ({:.0} s)", watch.elapsed().as_secs_f64()), counts.passed, failed);
    report.fail("tests", counts.names.iter().map(String::as_str));
    if !succeeded && counts.failed == 0 {
        report.skip("some tests: the run did not come to its end (see above)");
    }
    if counts.skipped > 0 {
        report.skip(format!("{} tests that were not asked for", counts.skipped));
    }
    Ok(())
}

/// The commands that are proofs. One that fails does not keep the next from running.
fn run_proofs(workspace: &Workspace, report: &mut Report) {
    for command in COMMANDS {
        let Some(arguments) = command.proof else { continue };
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        eprintln!("\n== {} {}", command.name, arguments.join(" "));
        let watch = Stopwatch::start();
        let outcome = (command.run)(workspace, &arguments);
        if let Err(Failure(reason)) = &outcome {
            eprintln!("xtask {}: {reason}", command.name);
        }
        report.check(command.name, &outcome, watch.elapsed());
    }
}
