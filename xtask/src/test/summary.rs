//! Reads how many tests passed from what the runner prints.

/// The sums of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Tests that passed.
    pub(super) passed: u64,
    /// Tests that failed, ran into their time limit or could not be started.
    pub(super) failed: u64,
    /// Tests that were filtered out.
    pub(super) skipped: u64,
    /// The names of those that failed, as nextest lists them below its summary.
    pub(super) names: Vec<String>,
    is_summed: bool,
}

impl Counts {
    /// Adds what a line says, when it is a summary:
    /// `Summary [ 1.2s] 9 tests run: 7 passed (1 slow), 1 failed, 1 timed out, 3 skipped` of nextest, or
    /// `test result: ok. 7 passed; 0 failed; 0 ignored; …` of `cargo test`, once per program. What nextest shows of a failed test holds
    /// such a line too, indented.
    pub(super) fn read(&mut self, line: &str) {
        let (_, parts) = match (line.trim_start().strip_prefix("Summary ["), line.strip_prefix("test result: ")) {
            (Some(rest), _) => rest.split_once(" run: ").unwrap_or_default(),
            (_, Some(rest)) => rest.split_once(". ").unwrap_or_default(),
            (None, None) => return self.read_name(line),
        };
        self.is_summed = true;
        for part in parts.split([',', ';']) {
            let mut words = part.split_whitespace();
            let Some(count) = words.next().and_then(|word| word.parse::<u64>().ok()) else { continue };
            match words.next() {
                Some("passed") => self.passed += count,
                Some("failed" | "timed" | "exec") => self.failed += count,
                Some("skipped" | "ignored" | "filtered") => self.skipped += count,
                _ => {}
            }
        }
    }

    /// `        FAIL [   0.005s] (1/9) floe-server::it crash::one` below the summary; the same line above it is told again there.
    fn read_name(&mut self, line: &str) {
        let words = ["FAIL [", "TIMEOUT [", "SIGABRT [", "SIGSEGV ["];
        let is_name = self.is_summed && words.iter().any(|word| line.trim_start().starts_with(word));
        if let (true, Some((_, name))) = (is_name, line.split_once("] ")) {
            self.names.push(name.trim().to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    fn check(lines: &[&str], expected: (u64, u64, u64)) {
        let mut counts = Counts::default();
        lines.iter().for_each(|line| counts.read(line));
        assert_eq!((counts.passed, counts.failed, counts.skipped), expected, "{lines:?}");
    }

    #[test]
    fn names_are_taken_from_below_the_summary() {
        let mut counts = Counts::default();
        for line in [
            "  FAIL [ 0.1s] (1/2) a b",
            " Summary [ 1.0s] 2 tests run: 1 passed, 1 failed",
            "  FAIL [ 0.1s] (1/2) a b\n",
        ] {
            counts.read(line);
        }
        assert_eq!(counts.names, ["(1/2) a b"]);
    }

    #[test]
    fn both_runners_are_understood() {
        check(&["     Summary [   0.005s] 3 tests run: 3 passed, 0 skipped\n"], (3, 0, 0));
        check(&["     Summary [   1.000s] 1 test run: 1 passed, 2 skipped"], (1, 0, 2));
        check(
            &["Summary [ 9.1s] 9 tests run: 6 passed (1 slow, 1 leaky), 2 failed, 1 timed out, 4 skipped"],
            (6, 3, 4),
        );
        check(
            &["test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.1s"],
            (7, 0, 3),
        );
        check(&["test result: ok. 7 passed; 0 failed;", "test result: FAILED. 1 passed; 2 failed;"], (8, 2, 0));
        check(&["    test result: FAILED. 0 passed; 1 failed; 883 filtered out; finished in 0.81s"], (0, 0, 0));
        check(&["error: could not compile", "test it::summary ... ok", "Summary"], (0, 0, 0));
    }
}
