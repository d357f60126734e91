//! `cargo xtask ci`: everything that must hold before a change lands, with the time of each stage.

use std::time::Duration;

use crate::process::{self, Stopwatch};
use crate::report::Report;
use crate::test;
use crate::tidy;
use crate::workspace::{Failure, Outcome, Workspace};

/// Runs all stages; one that fails does not keep the others from telling what they find.
///
/// The cheap stages come first. The lints come after the tests: they share no compiled library with them, so the order
/// costs nothing, and a failing test is what one wants to know first.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Outcome {
    if let Some(argument) = arguments.first() {
        return Err(Failure(format!(
            "ci takes no arguments, found `{argument}`; a part of it: cargo xtask test {argument}"
        )));
    }
    add_components(workspace);
    let mut report = Report::default();
    let mut stages = Stages::default();
    stages.run("format", || process::run(workspace.cargo("fmt").args(["--all", "--check"])));
    stages.run("tidy", || tidy::run(workspace, &[]));
    stages.run("test", || {
        report = test::perform(workspace, &[])?;
        if report.holds() { Ok(()) } else { Err(Failure::new("see the report below")) }
    });
    stages.run("lints", || {
        let mut clippy = workspace.cargo("clippy");
        process::run(clippy.args(["--workspace", "--all-targets", "--locked", "--quiet", "--", "-D", "warnings"]))
    });
    stages.print();
    // The tests are counted one by one, unless they did not get as far as that.
    let counted = !report.is_empty();
    for stage in stages.done.iter().filter(|stage| stage.name != "test" || !counted) {
        report.check(stage.name, &stage.outcome, stage.took);
    }
    report.print();
    if report.holds() { Ok(()) } else { Err(Failure::new("")) }
}

/// Adds the formatter and the lints to a minimal tool chain. When that cannot be done, their stages fail and say why.
fn add_components(workspace: &Workspace) {
    for (component, subcommand) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if !process::succeeds(workspace.cargo(subcommand).arg("--version")) {
            let _ = process::run(workspace.command("rustup").args(["component", "add", component]));
        }
    }
}

struct Stage {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

#[derive(Default)]
struct Stages {
    done: Vec<Stage>,
}

impl Stages {
    fn run(&mut self, name: &'static str, stage: impl FnOnce() -> Outcome) {
        eprintln!("\n== {name}");
        let stopwatch = Stopwatch::start();
        let outcome = stage();
        if let Err(Failure(reason)) = &outcome {
            eprintln!("{name} failed: {reason}");
        }
        self.done.push(Stage { name, outcome, took: stopwatch.elapsed() });
    }

    fn print(&self) {
        println!("\n{:<8} {:>9}", "stage", "seconds");
        for stage in &self.done {
            println!(
                "{:<8} {:>9.1}  {}",
                stage.name,
                stage.took.as_secs_f64(),
                if stage.outcome.is_ok() { "ok" } else { "FAILED" }
            );
        }
        println!("{:<8} {:>9.1}", "all", self.done.iter().map(|stage| stage.took.as_secs_f64()).sum::<f64>());
    }
}
