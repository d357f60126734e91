//! What happened, for a person; kept only when it is going to be told.

#[derive(Debug, Clone)]
pub(super) struct Story {
    lines: Option<Vec<String>>,
}

impl Story {
    pub(super) fn new(told: bool) -> Self {
        Self { lines: told.then(Vec::new) }
    }

    pub(super) fn line(&mut self, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            lines.push(line());
        }
    }

    pub(super) fn take(&mut self) -> Vec<String> {
        self.lines.take().unwrap_or_default()
    }
}
