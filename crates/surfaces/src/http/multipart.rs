//! Uploads: a multipart body, or one raw body, read as it arrives.

use axum::body::Body;
use bytes::Bytes;
use floe_model::{Fault, FaultKind};
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use multer::{Constraints, Multipart, SizeLimit};

use super::body::{too_large, unsupported};
use super::call::Call;

/// Characters of an `X-File-Name` at most, before its escapes are read.
const NAME_MAX: usize = 2_000;
/// Bytes of a part that is not looked at, at most.
const IGNORED_BYTES_MAX: usize = 64 * 1024;

/// What an upload consists of.
pub(crate) enum Incoming {
    /// Parts with headers of their own.
    Parts {
        /// The reader.
        parts: Multipart<'static>,
        /// Bytes of all parts that were not looked at.
        ignored: usize,
    },
    /// One file: name and bytes; none once it was read.
    Whole(Option<(String, Body)>),
}

/// The file of an upload that is next.
pub(crate) struct IncomingFile {
    /// Name as given; may be empty.
    pub(crate) name: String,
    bytes: Source,
}

enum Source {
    Field(Box<multer::Field<'static>>),
    Body { body: Body, left: usize },
}

impl Incoming {
    /// An upload with its body still to come: `multipart/form-data`, or anything else with `X-File-Name`.
    ///
    /// # Errors
    /// 415 for a body of one file without a name, and for multipart without a boundary.
    pub(crate) fn of(call: &Call) -> Result<Self, Fault> {
        Self::read(call, call.take_stream())
    }

    /// An upload whose body was read whole.
    ///
    /// # Errors
    /// As [`Incoming::of`].
    pub(crate) fn of_whole(call: &Call) -> Result<Self, Fault> {
        Self::read(call, Body::from(call.body.clone()))
    }

    fn read(call: &Call, body: Body) -> Result<Self, Fault> {
        let media = call.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        if is_multipart(media) {
            let boundary =
                multer::parse_boundary(media).map_err(|_| unsupported("The multipart body has no boundary"))?;
            let limits = SizeLimit::new().whole_stream(call.route.body_limit as u64);
            let constraints = Constraints::new().size_limit(limits);
            let parts = Multipart::with_constraints(body.into_data_stream(), boundary, constraints);
            return Ok(Self::Parts { parts, ignored: 0 });
        }
        match call.header("x-file-name").filter(|name| !name.is_empty() && name.len() <= NAME_MAX) {
            Some(name) => Ok(Self::Whole(Some((decoded(name), body)))),
            None => Err(unsupported("Send multipart/form-data, or one file with the header X-File-Name")),
        }
    }

    /// The next part, whatever its name: name and content. One file that is the whole body is a part named `file`.
    ///
    /// # Errors
    /// As [`Incoming::next`].
    pub(crate) async fn next_part(&mut self, call: &Call) -> Result<Option<(String, IncomingFile)>, Fault> {
        let limit = call.route.body_limit;
        match self {
            Self::Whole(_) => Ok(self.next(call, "file").await?.map(|file| ("file".to_owned(), file))),
            Self::Parts { parts, .. } => {
                let Some(field) = parts.next_field().await.map_err(|error| broken(&error, limit))? else {
                    return Ok(None);
                };
                let part = field.name().unwrap_or_default().to_owned();
                let name = field.file_name().unwrap_or_default().to_owned();
                Ok(Some((part, IncomingFile { name, bytes: Source::Field(Box::new(field)) })))
            }
        }
    }

    /// The next part of that name.
    ///
    /// # Errors
    /// 400 for a body that is not multipart or breaks off; 413 over the limit of the route.
    pub(crate) async fn next(&mut self, call: &Call, name: &str) -> Result<Option<IncomingFile>, Fault> {
        let limit = call.route.body_limit;
        match self {
            Self::Whole(file) => {
                Ok(file.take().map(|(name, body)| IncomingFile { name, bytes: Source::Body { body, left: limit } }))
            }
            Self::Parts { parts, ignored } => loop {
                let Some(mut field) = parts.next_field().await.map_err(|error| broken(&error, limit))? else {
                    return Ok(None);
                };
                if field.name() == Some(name) {
                    let name = field.file_name().unwrap_or_default().to_owned();
                    return Ok(Some(IncomingFile { name, bytes: Source::Field(Box::new(field)) }));
                }
                while let Some(bytes) = field.chunk().await.map_err(|error| broken(&error, limit))? {
                    *ignored += bytes.len();
                    if *ignored > IGNORED_BYTES_MAX {
                        return Err(too_large(IGNORED_BYTES_MAX));
                    }
                }
            },
        }
    }
}

impl IncomingFile {
    /// The next bytes.
    ///
    /// # Errors
    /// As [`Incoming::next`].
    pub(crate) async fn bytes(&mut self, call: &Call) -> Result<Option<Bytes>, Fault> {
        let limit = call.route.body_limit;
        match &mut self.bytes {
            Source::Field(field) => field.chunk().await.map_err(|error| broken(&error, limit)),
            Source::Body { body, left } => loop {
                let Some(frame) = body.frame().await else { return Ok(None) };
                let Ok(bytes) = frame.map_err(|_| cut())?.into_data() else { continue };
                *left = left.checked_sub(bytes.len()).ok_or_else(|| too_large(limit))?;
                return Ok(Some(bytes));
            },
        }
    }

    /// All bytes, at most so many.
    ///
    /// # Errors
    /// As [`Incoming::next`]; 413 for more.
    pub(crate) async fn whole(mut self, call: &Call, most: usize) -> Result<Vec<u8>, Fault> {
        let mut whole = Vec::new();
        while let Some(bytes) = self.bytes(call).await? {
            if whole.len() + bytes.len() > most {
                return Err(too_large(most));
            }
            whole.extend_from_slice(&bytes);
        }
        Ok(whole)
    }
}

/// Whether a media type is a form in parts.
pub(crate) fn is_multipart(media: &str) -> bool {
    media.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("multipart/form-data"))
}

fn broken(error: &multer::Error, limit: usize) -> Fault {
    match error {
        multer::Error::StreamSizeExceeded { .. } | multer::Error::FieldSizeExceeded { .. } => too_large(limit),
        multer::Error::StreamReadFailed(_)
        | multer::Error::IncompleteStream
        | multer::Error::IncompleteHeaders
        | multer::Error::IncompleteFieldData { .. } => cut(),
        _ => Fault::new(FaultKind::Invalid, "validation_error", "The body is not multipart/form-data"),
    }
}

fn cut() -> Fault {
    Fault::new(FaultKind::Invalid, "incomplete_body", "The body ended before its end")
}

/// A header value with its `%XX` escapes read; as it is when they are not UTF-8.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let byte = escape.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        decoded.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_a_name_are_read() {
        for (given, expected) in
            [("a%20b.txt", "a b.txt"), ("100%", "100%"), ("%C3%9C.csv", "Ü.csv"), ("%ff", "%ff"), ("%zz", "%zz")]
        {
            assert_eq!(decoded(given), expected);
        }
    }

    #[test]
    fn only_forms_in_parts_are_multipart() {
        assert!(is_multipart("Multipart/Form-Data; boundary=x"));
        assert!(!is_multipart("multipart/mixed; boundary=x") && !is_multipart(""));
    }
}
