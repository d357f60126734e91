//! Source text to tokens, on demand, so that the parser can stop at the end of a placeholder inside a longer text.

use super::error::ParseError;
use super::number;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'s> {
    Number(f64),
    Text(String),
    Name(&'s str),
    /// An operator, a bracket or a separator.
    Sign(&'static str),
    End,
}

#[derive(Debug, Clone)]
pub(super) struct Lexeme<'s> {
    pub(super) token: Token<'s>,
    /// Offset of the first byte.
    pub(super) start: usize,
}

pub(super) struct Lexer<'s> {
    source: &'s str,
    at: usize,
}

/// Longest first, so that a sign is never read as a shorter one. Signs outside the language are here to be named in
/// the message.
const SIGNS: [&str; 49] = [
    ">>>=", "===", "!==", "**=", "<<=", ">>=", ">>>", "...", "&&=", "||=", "??=", "==", "!=", "<=", ">=", "&&", "||",
    "??", "?.", "=>", "++", "--", "+=", "-=", "*=", "/=", "%=", "**", "<<", ">>", "!", "-", "+", "*", "/", "%", "<",
    ">", "?", ":", ".", ",", "(", ")", "[", "]", "{", "}", "=",
];

impl<'s> Lexer<'s> {
    pub(super) fn new(source: &'s str, at: usize) -> Self {
        Self { source, at }
    }

    pub(super) fn next(&mut self) -> Result<Lexeme<'s>, ParseError> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(is_space).len();
        let start = self.at;
        let token = self.token()?;
        Ok(Lexeme { token, start })
    }

    fn token(&mut self) -> Result<Token<'s>, ParseError> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Token::End) };
        if first == '"' || first == '\'' {
            return self.text(first).map(Token::Text);
        }
        let second_is_digit = rest[first.len_utf8()..].starts_with(|c: char| c.is_ascii_digit());
        if first.is_ascii_digit() || (first == '.' && second_is_digit) {
            return self.number();
        }
        if is_name_start(first) {
            let length = rest.find(|c| !is_name_part(c)).unwrap_or(rest.len());
            self.at += length;
            return Ok(Token::Name(&rest[..length]));
        }
        self.sign(first)
    }

    fn sign(&mut self, first: char) -> Result<Token<'s>, ParseError> {
        let rest = self.rest();
        let Some(mut sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) else {
            let message = if first == '`' {
                "template literals are not part of the expression language".into()
            } else {
                format!("unexpected `{first}`")
            };
            return Err(ParseError::new(self.at, message));
        };
        // `a?.5:b` is a choice between numbers.
        if sign == "?." && rest[2..].starts_with(|c: char| c.is_ascii_digit()) {
            sign = "?";
        }
        self.at += sign.len();
        Ok(Token::Sign(sign))
    }

    fn number(&mut self) -> Result<Token<'s>, ParseError> {
        let rest = self.rest();
        let decimal = !rest.starts_with("0x") && !rest.starts_with("0X");
        let mut previous = ' ';
        let length = rest
            .find(|c: char| {
                let exponent_sign = (c == '+' || c == '-') && matches!(previous, 'e' | 'E') && decimal;
                previous = c;
                !(is_name_part(c) || c == '.' || exponent_sign)
            })
            .unwrap_or(rest.len());
        let literal = &rest[..length];
        let leading_zero = literal.len() > 1 && literal.starts_with('0') && literal.as_bytes()[1].is_ascii_digit();
        let value = number::parse(literal);
        if leading_zero || value.is_nan() {
            return Err(ParseError::new(self.at, format!("`{literal}` is not a number")));
        }
        self.at += length;
        Ok(Token::Number(value))
    }

    fn text(&mut self, quote: char) -> Result<String, ParseError> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.find([quote, '\\', '\n', '\r']).unwrap_or(rest.len());
            text.push_str(&rest[..plain]);
            self.at += plain;
            match self.take() {
                Some(c) if c == quote => return Ok(text),
                Some('\\') => text.push(self.escape()?),
                _ => return Err(ParseError::new(start, "the text has no closing quote")),
            }
        }
    }

    /// The character of an escape whose backslash has been read.
    fn escape(&mut self) -> Result<char, ParseError> {
        let start = self.at - 1;
        let error = || ParseError::new(start, "the text has a wrong escape");
        Ok(match self.take().ok_or_else(error)? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            '0' if !self.rest().starts_with(|c: char| c.is_ascii_digit()) => '\0',
            '0'..='9' | '\n' | '\r' => return Err(error()),
            'x' => self.hex(2).and_then(char::from_u32).ok_or_else(error)?,
            'u' => self.unicode_escape().ok_or_else(error)?,
            other => other,
        })
    }

    fn unicode_escape(&mut self) -> Option<char> {
        if self.rest().starts_with('{') {
            let length = self.rest().find('}')?;
            let digits = &self.rest()[1..length];
            let code =
                digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())??;
            self.at += length + 1;
            return char::from_u32(code);
        }
        let high = self.hex(4)?;
        if !(0xD800..0xDC00).contains(&high) {
            return char::from_u32(high);
        }
        self.at += self.rest().strip_prefix("\\u").map(|_| 2)?;
        let low = self.hex(4).filter(|low| (0xDC00..0xE000).contains(low))?;
        char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let text = self.rest().get(..digits).filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.at += digits;
        u32::from_str_radix(text, 16).ok()
    }

    fn take(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }
}

/// White space as JavaScript has it: with the byte order mark, without the next-line control.
pub(super) fn is_space(c: char) -> bool {
    c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}')
}

fn is_name_start(c: char) -> bool {
    c == '_' || c == '$' || c.is_alphabetic()
}

fn is_name_part(c: char) -> bool {
    c == '_' || c == '$' || c.is_alphanumeric()
}
