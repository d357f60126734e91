//! What a run did and did not do, said at its end.

use std::time::Duration;

use crate::workspace::{Failure, Outcome};

/// Sentences of one failure that are said again at the end; the whole is above, where it happened.
const SENTENCES_MAX: usize = 20;

/// The sum of a test run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    passed: u64,
    failed: u64,
    ran: Vec<String>,
    not_run: Vec<String>,
    failures: Vec<String>,
}

impl Report {
    /// Counts the tests of one runner.
    pub(crate) fn count(&mut self, what: &str, passed: u64, failed: u64) {
        self.passed += passed;
        self.failed += failed;
        self.ran.push(format!("{what}: {passed} passed, {failed} failed"));
    }

    /// Counts one check that either holds or does not, and notes why it does not.
    pub(crate) fn check(&mut self, what: &str, outcome: &Outcome, took: Duration) {
        let holds = outcome.is_ok();
        self.count(&format!("{what} ({:.0} s)", took.as_secs_f64()), u64::from(holds), u64::from(!holds));
        if let Err(Failure(reason)) = outcome {
            self.fail(what, reason.lines());
        }
    }

    /// Notes what failed, to be said again at the end: the long output of what runs later must not bury it.
    pub(crate) fn fail<'a>(&mut self, what: &str, sentences: impl Iterator<Item = &'a str>) {
        let mut sentences = sentences.filter(|sentence| !sentence.trim().is_empty());
        let shown = sentences.by_ref().take(SENTENCES_MAX).map(|sentence| format!("{what}: {}", sentence.trim()));
        self.failures.extend(shown);
        let more = sentences.count();
        if more > 0 {
            self.failures.push(format!("{what}: and {more} more"));
        }
    }

    /// Notes what did not run, and why.
    pub(crate) fn skip(&mut self, what: impl Into<String>) {
        self.not_run.push(what.into());
    }

    /// Whether nothing was counted.
    pub(crate) fn is_empty(&self) -> bool {
        self.ran.is_empty()
    }

    /// Whether nothing failed.
    pub(crate) fn holds(&self) -> bool {
        self.failed == 0
    }

    /// Prints what ran, what did not, and as the last line the sum.
    pub(crate) fn print(&self) {
        println!("\nran:");
        for line in &self.ran {
            println!("  {line}");
        }
        if !self.not_run.is_empty() {
            println!("did not run:");
            for line in &self.not_run {
                println!("  {line}");
            }
        }
        if !self.failures.is_empty() {
            println!("failed:");
            for line in &self.failures {
                println!("  {line}");
            }
        }
        println!("{}", self.last_line());
    }

    fn last_line(&self) -> String {
        format!("{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Report, SENTENCES_MAX};
    use crate::workspace::Failure;

    #[test]
    fn the_last_line_is_the_sum() {
        let mut report = Report::default();
        report.count("nextest", 12, 0);
        report.check("crash", &Ok(()), Duration::from_secs(7));
        assert!(report.holds());
        assert_eq!(report.ran, ["nextest: 12 passed, 0 failed", "crash (7 s): 1 passed, 0 failed"]);
        assert_eq!(report.last_line(), "13 passed, 0 failed");
        report.check("sim", &Err(Failure::new("seed 3\n\n  lost a run")), Duration::ZERO);
        assert!(!report.holds());
        assert_eq!(report.last_line(), "13 passed, 1 failed");
        assert_eq!(report.failures, ["sim: seed 3", "sim: lost a run"]);
    }

    #[test]
    fn a_long_failure_is_cut() {
        let mut report = Report::default();
        report.fail("crash", (0..SENTENCES_MAX + 2).map(|_| "lost"));
        assert_eq!(report.failures.len(), SENTENCES_MAX + 1);
        assert_eq!(report.failures.last().map(String::as_str), Some("crash: and 2 more"));
    }
}
