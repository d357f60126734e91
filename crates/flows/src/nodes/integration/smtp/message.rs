//! A mail as it is sent (RFC 5322, RFC 2045, RFC 2047). Its text follows from its parameters and the key of the call alone, so that a repeat is
//! the same mail with the same id.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use floe_engine::event::StepError;
use floe_model::{Timestamp, hex};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::super::super::config::parsed;
use super::super::super::failure::{invalid, not_configured};
use super::super::text_of;

/// Recipients of one mail at most.
const RECIPIENTS_MAX: usize = 50;
/// Characters of an address at most (RFC 5321).
const ADDRESS_CHARS_MAX: usize = 254;
/// Characters of a subject at most.
const SUBJECT_CHARS_MAX: usize = 900;
/// Bytes of the text of a mail at most.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Characters of one line of base64.
const LINE_CHARS: usize = 76;
/// Bytes of one encoded word of a header: in base64, with what stands around it, no more than a line holds.
const WORD_BYTES: usize = 45;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A mail.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) sender: String,
    pub(super) recipients: Vec<String>,
    pub(super) text: String,
}

/// An address with the name that is shown for it.
struct Mailbox {
    name: String,
    address: String,
}

impl Message {
    /// Makes the mail of an operation's parameters; `sender` is the connection's.
    ///
    /// # Errors
    /// VALIDATION for what cannot be sent; NOT_CONFIGURED without a sender.
    pub(super) fn of(
        parameters: &Map<String, Value>,
        sender: Option<&str>,
        key: &str,
        now: Timestamp,
    ) -> Result<Self, StepError> {
        let from = text_of(parameters, &["from", "sender"])?;
        let from = from.as_deref().or(sender).ok_or_else(|| not_configured("The connection has no sender"))?;
        let from = Mailbox::parse(from, "from")?;
        let lists = [("To", ["to", "recipients"]), ("Cc", ["cc", "cc"]), ("Bcc", ["bcc", "bcc"])];
        let mut headers = vec![format!("From: {}", from.shown())];
        let mut recipients = Vec::new();
        for (header, keys) in lists {
            let boxes = mailboxes(parameters, &keys)?;
            if header != "Bcc" && !boxes.is_empty() {
                let shown: Vec<String> = boxes.iter().map(Mailbox::shown).collect();
                headers.push(format!("{header}: {}", shown.join(",\r\n ")));
            }
            recipients.extend(boxes.into_iter().map(|one| one.address));
        }
        recipients.sort();
        recipients.dedup();
        if recipients.is_empty() {
            return Err(invalid("to is missing"));
        }
        if recipients.len() > RECIPIENTS_MAX {
            return Err(invalid(format!("a mail has at most {RECIPIENTS_MAX} recipients")));
        }
        if let Some(reply) = text_of(parameters, &["replyTo", "reply_to"])? {
            headers.push(format!("Reply-To: {}", Mailbox::parse(&reply, "replyTo")?.shown()));
        }
        let subject = text_of(parameters, &["subject", "title"])?.unwrap_or_default();
        headers.push(format!("Subject: {}", word(&cut(&subject))));
        let digest = hex::encode(&Sha256::digest(key.as_bytes()));
        let id = format!("<{}@{}>", &digest[..32], from.domain());
        headers.push(format!("Date: {}", date(now)));
        headers.push(format!("Message-ID: {id}"));
        headers.push("MIME-Version: 1.0".to_owned());
        let body = body(parameters, &digest)?;
        let text = format!("{}\r\n{body}", headers.join("\r\n"));
        Ok(Self { id, sender: from.address, recipients, text })
    }

    /// The name under which we greet the server: that of the sender.
    pub(super) fn domain(&self) -> &str {
        self.sender.rsplit('@').next().unwrap_or("localhost")
    }
}

impl Mailbox {
    /// Reads `a@b.example` or `Name <a@b.example>`.
    fn parse(text: &str, field: &str) -> Result<Self, StepError> {
        let wrong = || invalid(format!("{field} holds something that is no address of mail"));
        let text = text.trim();
        let (name, address) = match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
            Some((name, address)) => (name.trim().trim_matches('"'), address.trim()),
            None => ("", text),
        };
        let (local, domain) = address.rsplit_once('@').ok_or_else(wrong)?;
        let is_plain = |part: &str| {
            let is_letter = |c: char| {
                c.is_ascii_graphic()
                    && !matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | ':' | '"' | '\\' | '[' | ']' | '@')
            };
            !part.is_empty() && part.chars().all(is_letter)
        };
        let is_address = is_plain(local) && is_plain(domain) && address.len() <= ADDRESS_CHARS_MAX;
        if !is_address || name.chars().any(char::is_control) {
            return Err(wrong());
        }
        Ok(Self { name: name.to_owned(), address: address.to_owned() })
    }

    fn shown(&self) -> String {
        match (self.name.is_empty(), self.name.is_ascii()) {
            (true, _) => self.address.clone(),
            (_, true) => format!("\"{}\" <{}>", self.name.replace(['"', '\\'], ""), self.address),
            (_, false) => format!("{} <{}>", word(&self.name), self.address),
        }
    }

    fn domain(&self) -> &str {
        self.address.rsplit('@').next().unwrap_or_default()
    }
}

/// The addresses of a field: a list, a JSON text of one, or a text with commas.
fn mailboxes(parameters: &Map<String, Value>, keys: &[&str]) -> Result<Vec<Mailbox>, StepError> {
    let field = keys[0];
    let wrong = || invalid(format!("{field} is not an address or a list of addresses"));
    let found = keys.iter().filter_map(|key| parameters.get(*key)).find(|value| !value.is_null());
    match found.map(parsed).as_deref() {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => {
            let parts = text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty());
            parts.map(|part| Mailbox::parse(part, field)).collect()
        }
        Some(Value::Array(items)) => {
            let one = |item: &Value| {
                let text = item.as_str().or_else(|| item["email"].as_str()).or_else(|| item["address"].as_str());
                Mailbox::parse(text.ok_or_else(wrong)?, field)
            };
            items.iter().map(one).collect()
        }
        Some(_) => Err(wrong()),
    }
}

/// The rest of the headers, an empty line and the text: plain, HTML, or both.
fn body(parameters: &Map<String, Value>, digest: &str) -> Result<String, StepError> {
    let mut plain = text_of(parameters, &["text", "body", "message", "content"])?;
    let mut html = match parameters.get("html") {
        Some(Value::String(html)) if !html.trim().is_empty() => Some(html.clone()),
        _ => None,
    };
    let says_html = ["isHtml", "is_html", "html"].iter().any(|key| parameters.get(*key) == Some(&Value::Bool(true)));
    if html.is_none() && says_html {
        html = plain.take();
    }
    let size = plain.as_ref().map_or(0, String::len) + html.as_ref().map_or(0, String::len);
    if size > BODY_BYTES_MAX {
        return Err(invalid(format!("the text of a mail has at most {BODY_BYTES_MAX} bytes")));
    }
    Ok(match (plain, html) {
        (Some(plain), Some(html)) => {
            let border = format!("floe-{}", &digest[..24]);
            format!(
                "Content-Type: multipart/alternative; boundary=\"{border}\"\r\n\r\n--{border}\r\n{}--{border}\r\n{}--{border}--\r\n",
                part("plain", &plain),
                part("html", &html)
            )
        }
        (None, Some(html)) => part("html", &html),
        (plain, None) => part("plain", plain.as_deref().unwrap_or_default()),
    })
}

fn part(kind: &str, text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
    let encoded = STANDARD.encode(text);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(LINE_CHARS).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    let head = format!("Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    format!("{head}{}\r\n", lines.join("\r\n"))
}

/// A subject in one line.
fn cut(subject: &str) -> String {
    subject.split(char::is_control).collect::<Vec<_>>().join(" ").trim().chars().take(SUBJECT_CHARS_MAX).collect()
}

/// A text in a header; other letters than ASCII's are encoded in words of a line each.
fn word(text: &str) -> String {
    if text.is_ascii() && text.len() <= LINE_CHARS {
        return text.to_owned();
    }
    let mut words: Vec<String> = vec![String::new()];
    for c in text.chars() {
        if words.last().is_some_and(|word| word.len() + c.len_utf8() > WORD_BYTES) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    let encoded = |word: &String| format!("=?utf-8?B?{}?=", STANDARD.encode(word));
    words.iter().map(encoded).collect::<Vec<_>>().join("\r\n ")
}

/// An instant as mails write it.
fn date(now: Timestamp) -> String {
    let text = now.to_string();
    let number = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<usize>().ok()).unwrap_or(1);
    let day = now.seconds().div_euclid(86_400).rem_euclid(7);
    let day = DAYS[usize::try_from(day).unwrap_or(0)];
    let month = MONTHS[number(5, 7).clamp(1, 12) - 1];
    format!("{day}, {:02} {month} {:04} {} +0000", number(8, 10), number(0, 4), text.get(11..19).unwrap_or("00:00:00"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp(1_760_000_000_000_000);

    fn message(parameters: Value) -> Result<Message, String> {
        let parameters = parameters.as_object().expect("an object");
        Message::of(parameters, Some("Floe <floe@acme.example>"), "run:mail:0", NOW).map_err(|error| error.message)
    }

    #[test]
    fn a_mail_is_written_as_others_read_it() {
        let mail = message(json!({
            "to": "Ada <ada@x.example>, bob@x.example", "cc": ["cy@x.example"], "bcc": "dot@x.example", "subject": "Grüße\r\nBcc: evil@x.example",
            "body": ".\nHello", "replyTo": "help@acme.example",
        }))
        .expect("a mail");
        assert_eq!(mail.recipients, ["ada@x.example", "bob@x.example", "cy@x.example", "dot@x.example"]);
        assert_eq!((mail.sender.as_str(), mail.domain()), ("floe@acme.example", "acme.example"));
        let subject = STANDARD.encode("Grüße  Bcc: evil@x.example");
        let expected = format!(
            "From: \"Floe\" <floe@acme.example>\r\nTo: \"Ada\" <ada@x.example>,\r\n bob@x.example\r\nCc: cy@x.example\r\n\
             Reply-To: help@acme.example\r\nSubject: =?utf-8?B?{subject}?=\r\nDate: Thu, 09 Oct 2025 08:53:20 +0000\r\nMessage-ID: {}\r\n\
             MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            mail.id,
            STANDARD.encode(".\r\nHello")
        );
        assert_eq!(mail.text, expected);
        let same = message(json!({ "to": "ada@x.example" })).expect("a mail");
        assert_eq!(same.id, mail.id, "the id follows from the key of the call");
    }

    #[test]
    fn html_stands_beside_the_text() {
        let both = message(json!({ "to": "a@x.example", "text": "Hi", "html": "<b>Hi</b>" })).expect("a mail").text;
        assert!(
            both.contains("multipart/alternative") && both.contains("text/plain") && both.contains("text/html"),
            "{both}"
        );
        let html = message(json!({ "to": "a@x.example", "body": "<b>Hi</b>", "isHtml": true })).expect("a mail").text;
        assert!(html.contains("Content-Type: text/html") && !html.contains("text/plain"), "{html}");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for to in
            ["", "ada", "a@b@c", "ada@x.example\r\nRCPT TO:<evil@x.example>", "<a b@x.example>", "ü@x.example", "a@"]
        {
            assert!(message(json!({ "to": to })).is_err(), "{to:?}");
        }
        assert_eq!(message(json!({ "to": 5 })).expect_err("refused"), "to is not an address or a list of addresses");
        let many: Vec<String> = (0..51).map(|at| format!("a{at}@x.example")).collect();
        assert!(message(json!({ "to": many })).is_err());
    }
}
