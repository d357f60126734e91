//! What a mail client and its server say to each other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use floe_engine::event::StepError;
use floe_runtime::outside::Wire;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};

use super::super::super::failure::{auth, invalid, network};

/// Bytes of one line of an answer at most; the standard says 512.
const LINE_BYTES_MAX: u64 = 4 * 1024;
/// Lines of one answer at most.
const LINES_MAX: usize = 100;

/// A dialogue with a server that has greeted us.
pub(super) struct Dialogue {
    wire: BufReader<Box<dyn Wire>>,
    /// What the server can do, a line each.
    abilities: Vec<String>,
}

/// An answer: its code, and its lines without it.
struct Answer {
    code: u16,
    lines: Vec<String>,
}

impl Dialogue {
    /// Waits for the greeting, and greets.
    pub(super) async fn begin(wire: Box<dyn Wire>, domain: &str) -> Result<Self, StepError> {
        let mut dialogue = Self { wire: BufReader::new(wire), abilities: Vec::new() };
        dialogue.answer().await?.expect(220)?;
        dialogue.greet(domain).await?;
        Ok(dialogue)
    }

    /// Greets again on a connection that was secured meanwhile.
    pub(super) async fn again(wire: Box<dyn Wire>, domain: &str) -> Result<Self, StepError> {
        let mut dialogue = Self { wire: BufReader::new(wire), abilities: Vec::new() };
        dialogue.greet(domain).await?;
        Ok(dialogue)
    }

    async fn greet(&mut self, domain: &str) -> Result<(), StepError> {
        let answer = self.ask(&format!("EHLO {domain}")).await?;
        if answer.code != 250 {
            return self.ask(&format!("HELO {domain}")).await?.expect(250).map(drop);
        }
        self.abilities = answer.lines.iter().skip(1).map(|line| line.to_ascii_uppercase()).collect();
        Ok(())
    }

    /// Whether the server can do something.
    pub(super) fn can(&self, ability: &str) -> bool {
        self.abilities.iter().any(|line| line.split(' ').next() == Some(ability))
    }

    /// Gives the connection out, to be secured.
    pub(super) async fn start_tls(mut self) -> Result<Box<dyn Wire>, StepError> {
        self.ask("STARTTLS").await?.expect(220)?;
        // Whatever stands there already was said in the open, by anybody.
        if self.wire.buffer().is_empty() {
            Ok(self.wire.into_inner())
        } else {
            Err(network("The mail server spoke before the connection was secured"))
        }
    }

    /// Proves who we are (RFC 4616; LOGIN for servers that know no other way).
    pub(super) async fn authenticate(&mut self, user: &str, password: &str) -> Result<(), StepError> {
        let ways = self.abilities.iter().find(|line| line.starts_with("AUTH ")).cloned().unwrap_or_default();
        let answer = if ways.split(' ').any(|way| way == "PLAIN") || ways.is_empty() {
            let proof = STANDARD.encode(format!("\0{user}\0{password}"));
            self.ask(&format!("AUTH PLAIN {proof}")).await?
        } else if ways.split(' ').any(|way| way == "LOGIN") {
            self.ask("AUTH LOGIN").await?.expect(334)?;
            self.ask(&STANDARD.encode(user)).await?.expect(334)?;
            self.ask(&STANDARD.encode(password)).await?
        } else {
            return Err(auth("The mail server takes no password"));
        };
        match answer.code {
            235 => Ok(()),
            400..500 => Err(answer.refused()),
            _ => Err(auth("The mail server refused the credentials")),
        }
    }

    /// Hands a message over. When one recipient is refused nobody gets it.
    pub(super) async fn send(&mut self, sender: &str, recipients: &[String], text: &str) -> Result<(), StepError> {
        self.ask(&format!("MAIL FROM:<{sender}>")).await?.expect(250)?;
        for recipient in recipients {
            let answer = self.ask(&format!("RCPT TO:<{recipient}>")).await?;
            if !matches!(answer.code, 250 | 251) {
                return Err(answer.refused());
            }
        }
        self.ask("DATA").await?.expect(354)?;
        self.say(&stuffed(text)).await?;
        self.ask(".").await?.expect(250)?;
        // It has the message; what it says to the farewell does not matter.
        drop(self.ask("QUIT").await);
        Ok(())
    }

    async fn ask(&mut self, line: &str) -> Result<Answer, StepError> {
        self.say(&format!("{line}\r\n")).await?;
        self.answer().await
    }

    async fn say(&mut self, text: &str) -> Result<(), StepError> {
        let closed = |_| network("The mail server closed the connection");
        self.wire.write_all(text.as_bytes()).await.map_err(closed)?;
        self.wire.flush().await.map_err(closed)
    }

    async fn answer(&mut self) -> Result<Answer, StepError> {
        let mut lines = Vec::new();
        loop {
            let mut bytes = Vec::new();
            let read = (&mut self.wire).take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes).await;
            read.map_err(|_| network("The mail server closed the connection"))?;
            let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            let code: Option<u16> = line.get(..3).and_then(|code| code.parse().ok());
            let (Some(code), true) = (code, bytes.ends_with(b"\n")) else {
                return Err(network("The server speaks another protocol than that of mail"));
            };
            lines.push(line.get(4..).unwrap_or_default().to_owned());
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(Answer { code, lines });
            }
            if lines.len() >= LINES_MAX {
                return Err(network("The mail server says too much"));
            }
        }
    }
}

impl Answer {
    fn expect(self, code: u16) -> Result<Self, StepError> {
        if self.code == code { Ok(self) } else { Err(self.refused()) }
    }

    fn refused(self) -> StepError {
        let message = format!("The mail server refused the mail: {} {}", self.code, self.lines.join(" "));
        let error = match self.code {
            400..500 => StepError::retryable("TRANSIENT", message),
            530 | 534 | 535 => auth(message),
            _ => invalid(message),
        };
        error.with_details(json!({ "code": self.code }))
    }
}

/// The text with a second dot before each line that begins with one, so that none ends it.
fn stuffed(text: &str) -> String {
    let text = text.replace("\r\n.", "\r\n..");
    let text = if text.starts_with('.') { format!(".{text}") } else { text };
    if text.ends_with("\r\n") { text } else { format!("{text}\r\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_mail_ends_it() {
        assert_eq!(stuffed(".\r\n.\r\nx"), "..\r\n..\r\nx\r\n");
        assert_eq!(stuffed("a\r\n"), "a\r\n");
    }
}
