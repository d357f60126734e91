//! Reads a stream of server-sent events: bytes go in as they arrive, events come out.
//!
//! Pieces are cut anywhere, also inside of a character; a line ends with LF, CR LF or CR. Comments and fields that nobody needs are
//! passed over. An event that the stream ends inside of is never given out.

/// Longest line and longest data of one event, bytes.
pub(crate) const EVENT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its name; empty when it has none.
    pub(crate) name: String,
    /// Its data, lines joined by LF.
    pub(crate) data: String,
}

/// The stream is no stream of events: a line over the limit, or bytes that are no UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadStream;

/// The reader.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    line: Vec<u8>,
    name: String,
    data: String,
    has_data: bool,
    after_cr: bool,
    begun: bool,
}

impl Reader {
    /// Takes the next bytes and adds the events that they complete.
    ///
    /// # Errors
    /// When this is no stream of events; the reader is of no use after that.
    pub(crate) fn take(&mut self, bytes: &[u8], into: &mut Vec<Event>) -> Result<(), BadStream> {
        let mut rest = bytes;
        if std::mem::take(&mut self.after_cr) && rest.first() == Some(&b'\n') {
            rest = &rest[1..];
        }
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.grow(&rest[..end])?;
            let is_cr = rest[end] == b'\r';
            rest = &rest[end + 1..];
            match rest.first() {
                Some(b'\n') if is_cr => rest = &rest[1..],
                None => self.after_cr = is_cr,
                _ => {}
            }
            into.extend(self.end_line()?);
        }
        self.grow(rest)
    }

    fn grow(&mut self, piece: &[u8]) -> Result<(), BadStream> {
        if self.line.len() + piece.len() > EVENT_BYTES_MAX {
            return Err(BadStream);
        }
        self.line.extend_from_slice(piece);
        Ok(())
    }

    fn end_line(&mut self) -> Result<Option<Event>, BadStream> {
        let line = std::mem::take(&mut self.line);
        let mut line = std::str::from_utf8(&line).map_err(|_| BadStream)?;
        if !std::mem::replace(&mut self.begun, true) {
            line = line.strip_prefix('\u{feff}').unwrap_or(line);
        }
        if line.is_empty() {
            let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
            return Ok(std::mem::take(&mut self.has_data).then_some(Event { name, data }));
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                if self.data.len() + value.len() >= EVENT_BYTES_MAX {
                    return Err(BadStream);
                }
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
            }
            _ => {}
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
