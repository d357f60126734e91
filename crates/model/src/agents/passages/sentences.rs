//! Where sentences end.

/// Words before a full stop that end no sentence, in lower case.
const ABBREVIATIONS: [&str; 40] = [
    "al", "approx", "art", "bzw", "ca", "cf", "co", "corp", "dept", "dr", "ed", "eds", "eg", "est", "etc", "e.g",
    "fig", "figs", "gen", "i.e", "ie", "inc", "jr", "ltd", "mr", "mrs", "ms", "no", "nr", "p", "pp", "prof", "rev",
    "sec", "sr", "st", "u.s", "vol", "vs", "z.b",
];

/// What stands between two sentences when they are in one passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    /// Nothing: parts of one word, or a script without blanks.
    None,
    /// A blank.
    Blank,
    /// The end of a line.
    Line,
    /// An empty line.
    Paragraph,
}

impl Joint {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Blank => " ",
            Self::Line => "\n",
            Self::Paragraph => "\n\n",
        }
    }

    /// Characters that it takes.
    pub(super) const fn chars(self) -> usize {
        self.text().len()
    }
}

/// The sentences of a text, none empty and none longer than `most` characters, each with what stands before it.
pub(super) fn sentences(text: &str, most: usize) -> Vec<(&str, Joint)> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut joint = Joint::Line;
        let mut rest = line.trim();
        while !rest.is_empty() {
            let end = sentence_end(rest);
            let (sentence, behind) = rest.split_at(end);
            split_long(sentence.trim_end(), most, joint, &mut found);
            let next = behind.trim_start();
            joint = if next.len() == behind.len() && sentence.trim_end().len() == sentence.len() {
                Joint::None
            } else {
                Joint::Blank
            };
            rest = next;
        }
    }
    found
}

/// Bytes of the first sentence of a text, with the marks and closing signs at its end.
fn sentence_end(text: &str) -> usize {
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if !matches!(letter, '.' | '!' | '?' | '…' | '。' | '！' | '？') {
            continue;
        }
        let mut end = at + letter.len_utf8();
        while let Some((next_at, next)) = letters.peek().copied() {
            if !matches!(next, '.' | '!' | '?' | '"' | '\'' | ')' | ']' | '”' | '’' | '»' | '」' | '』') {
                break;
            }
            end = next_at + next.len_utf8();
            letters.next();
        }
        let is_wide = matches!(letter, '。' | '！' | '？');
        if is_wide || ends_here(&text[..at], letter, &text[end..]) {
            return end;
        }
    }
    text.len()
}

/// Whether a mark between these two texts ends a sentence.
fn ends_here(before: &str, mark: char, behind: &str) -> bool {
    let Some(next) = behind.trim_start().chars().next() else { return true };
    if !behind.starts_with(char::is_whitespace) || next.is_lowercase() {
        return false;
    }
    if mark != '.' {
        return true;
    }
    let word = before.rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '"' | '“')).next().unwrap_or_default();
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    // The number of an item in a list: the only thing before the mark.
    let is_item = before.trim_start().len() == word.len() && word.chars().all(|c| c.is_ascii_digit());
    !is_initial && !is_item && !ABBREVIATIONS.contains(&word.to_lowercase().as_str())
}

/// Adds a sentence, in parts when it is too long: between words where there are some.
fn split_long<'a>(sentence: &'a str, most: usize, joint: Joint, found: &mut Vec<(&'a str, Joint)>) {
    let (mut rest, mut joint) = (sentence, joint);
    loop {
        let Some((cut, _)) = rest.char_indices().nth(most) else {
            if !rest.is_empty() {
                found.push((rest, joint));
            }
            return;
        };
        // A blank right behind the part is as good as one inside it.
        let window = &rest[..cut];
        let is_between = rest[cut..].starts_with(char::is_whitespace);
        let end = if is_between { cut } else { window.rfind(char::is_whitespace).unwrap_or(cut) };
        let (part, behind) = rest.split_at(end);
        if !part.trim_end().is_empty() {
            found.push((part.trim_end(), joint));
        }
        rest = behind.trim_start();
        joint = if rest.len() == behind.len() { Joint::None } else { Joint::Blank };
    }
}
