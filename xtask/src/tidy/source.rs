//! A Rust file cut into code, comments and text, so that no rule stumbles over a word in a comment.
//!
//! Not a parser: it knows where comments, texts and characters begin and end, and which braces belong to test code.

/// A Rust file as the rules see it.
pub(super) struct Source {
    /// Lines with comments and the insides of texts blanked out.
    code: Vec<String>,
    /// Texts with the line on which each begins, from 1.
    texts: Vec<(usize, String)>,
    /// For each line, whether it lies in a `#[cfg(test)]` item.
    tests: Vec<bool>,
}

impl Source {
    /// Cuts a file.
    pub(super) fn read(text: &str) -> Self {
        let mut cutter = Cutter {
            rest: text.chars().collect(),
            at: 0,
            line: 1,
            code: String::with_capacity(text.len()),
            texts: Vec::new(),
        };
        cutter.cut();
        let tests = test_lines(&cutter.code);
        Self { code: cutter.code.lines().map(str::to_owned).collect(), texts: cutter.texts, tests }
    }

    /// Lines of code with their numbers from 1; those of `#[cfg(test)]` items only when `with_tests`.
    pub(super) fn lines(&self, with_tests: bool) -> impl Iterator<Item = (usize, &str)> {
        let shown = move |number: usize| with_tests || !self.in_test(number);
        self.code.iter().enumerate().map(|(at, line)| (at + 1, line.as_str())).filter(move |(number, _)| shown(*number))
    }

    /// The texts of the file, with their lines.
    pub(super) fn texts(&self) -> impl Iterator<Item = (usize, &str)> {
        self.texts.iter().map(|(line, text)| (*line, text.as_str()))
    }

    /// Whether the line lies in a `#[cfg(test)]` item.
    pub(super) fn in_test(&self, line: usize) -> bool {
        self.tests.get(line - 1).copied().unwrap_or(false)
    }
}

/// The places where `pattern` stands in a line of code and does not continue a longer name.
pub(super) fn has_word(line: &str, pattern: &str) -> bool {
    line.match_indices(pattern).any(|(at, found)| {
        let before = line[..at].chars().next_back();
        let after = line[at + found.len()..].chars().next();
        let whole_before = !pattern.starts_with(is_name) || !before.is_some_and(is_name);
        let whole_after = !pattern.ends_with(is_name) || !after.is_some_and(is_name);
        whole_before && whole_after
    })
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

struct Cutter {
    rest: Vec<char>,
    at: usize,
    line: usize,
    code: String,
    texts: Vec<(usize, String)>,
}

impl Cutter {
    fn cut(&mut self) {
        while let Some(letter) = self.peek(0) {
            match (letter, self.peek(1)) {
                ('/', Some('/')) => self.blank_while(|cutter| cutter.peek(0) != Some('\n')),
                ('/', Some('*')) => self.block_comment(),
                ('"', _) => self.text(0, false),
                ('r', _) if self.raw_hashes().is_some() => {
                    let hashes = self.raw_hashes().unwrap_or(0);
                    self.keep(1 + hashes);
                    self.text(hashes, true);
                }
                ('\'', _) => self.character_or_lifetime(),
                _ => self.keep(1),
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.get(self.at + ahead).copied()
    }

    /// Copies letters as they are.
    fn keep(&mut self, count: usize) {
        for _ in 0..count {
            let Some(letter) = self.peek(0) else { return };
            self.line += usize::from(letter == '\n');
            self.code.push(letter);
            self.at += 1;
        }
    }

    /// Passes over one letter; lines keep their numbers.
    fn blank(&mut self) {
        if let Some(letter) = self.peek(0) {
            self.line += usize::from(letter == '\n');
            self.code.push(if letter == '\n' { '\n' } else { ' ' });
            self.at += 1;
        }
    }

    fn blank_while(&mut self, inside: impl Fn(&Self) -> bool) {
        while self.peek(0).is_some() && inside(self) {
            self.blank();
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while let Some(letter) = self.peek(0) {
            let pair = (letter, self.peek(1));
            let opens = pair == ('/', Some('*'));
            let closes = pair == ('*', Some('/'));
            depth = if opens { depth + 1 } else { depth - usize::from(closes) };
            self.blank();
            if opens || closes {
                self.blank();
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Hashes of a raw text that begins here: `r"`, `br#"`, not the end of a name.
    fn raw_hashes(&self) -> Option<usize> {
        let mut before = self.code.chars().rev();
        let last = before.next();
        let last = if matches!(last, Some('b' | 'c')) { before.next() } else { last };
        if last.is_some_and(is_name) {
            return None;
        }
        let hashes = self.rest[self.at + 1..].iter().take_while(|letter| **letter == '#').count();
        (self.peek(1 + hashes) == Some('"')).then_some(hashes)
    }

    /// A text from its opening quote to its closing one and `hashes` behind it.
    fn text(&mut self, hashes: usize, raw: bool) {
        let line = self.line;
        let mut content = String::new();
        self.keep(1);
        while let Some(letter) = self.peek(0) {
            if letter == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                self.keep(1 + hashes);
                break;
            }
            content.push(letter);
            self.blank();
            if letter == '\\' && !raw {
                content.extend(self.peek(0));
                self.blank();
            }
        }
        self.texts.push((line, content));
    }

    fn character_or_lifetime(&mut self) {
        let escaped = self.peek(1) == Some('\\');
        if !escaped && self.peek(2) != Some('\'') {
            self.keep(1);
            return;
        }
        self.keep(1);
        self.blank();
        if escaped {
            self.blank();
        }
        self.blank_while(|cutter| cutter.peek(0) != Some('\''));
        self.keep(1);
    }
}

/// Marks the lines from each `#[cfg(test)]` to the end of the item below it.
fn test_lines(code: &str) -> Vec<bool> {
    let mut marks = vec![false; code.lines().count()];
    for (at, attribute) in code.match_indices("#[cfg(test)]") {
        let behind = at + attribute.len();
        let end = behind + item_length(&code[behind..]);
        let first = code[..at].matches('\n').count();
        let last = code[..end].matches('\n').count();
        let last = last.min(marks.len().saturating_sub(1));
        marks[first..=last].fill(true);
    }
    marks
}

/// Letters to the `;` or the closing brace that ends the item which begins here.
fn item_length(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in code.char_indices() {
        match letter {
            ';' if depth == 0 => return at,
            '{' => depth += 1,
            '}' if depth <= 1 => return at,
            '}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}
