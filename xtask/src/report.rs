//! What a run did and did not do, said at its end.

/// The sum of a test run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    passed: u64,
    failed: u64,
    ran: Vec<String>,
    not_run: Vec<String>,
}

impl Report {
    /// Counts the tests of one runner.
    pub(crate) fn count(&mut self, what: &str, passed: u64, failed: u64) {
        self.passed += passed;
        self.failed += failed;
        self.ran.push(format!("{what}: {passed} passed, {failed} failed"));
    }

    /// Counts one check that either holds or does not.
    pub(crate) fn check(&mut self, what: &str, holds: bool) {
        self.count(what, u64::from(holds), u64::from(!holds));
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
        println!("{}", self.last_line());
    }

    fn last_line(&self) -> String {
        format!("{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::Report;

    #[test]
    fn the_last_line_is_the_sum() {
        let mut report = Report::default();
        report.count("nextest", 12, 0);
        report.check("crash", true);
        assert!(report.holds());
        assert_eq!(report.last_line(), "13 passed, 0 failed");
        report.check("sim", false);
        assert!(!report.holds());
        assert_eq!(report.last_line(), "13 passed, 1 failed");
    }
}
