//! How events lie in the journal between the answer and the tables: plain bytes, read without a copy.
//!
//! A body is its version and then entries; a text is its length and its bytes. The form is written and read by the same release but for the
//! moments of an upgrade, so a newer form is a new version that also reads the older one.

use std::borrow::Cow;

use super::{Entry, Event, mode_number};
use crate::id::{AppId, ScreenFlowId, ScreenVersionId, WorkspaceId};
use crate::placements::Platform;
use crate::{Mode, Scope, Timestamp};

/// The form that is written.
const VERSION: u8 = 1;
/// Length of a text that is not there.
const ABSENT: u32 = u32::MAX;

/// A body that is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a row of the journal of events cannot be read")]
pub struct BadJournal;

/// Begins a body.
#[must_use]
pub fn begin() -> Vec<u8> {
    vec![VERSION]
}

/// Adds an entry to a body.
pub fn append(body: &mut Vec<u8>, entry: &Entry<'_>) {
    let Entry { scope, received_at, event } = entry;
    body.extend_from_slice(&scope.workspace.0.to_le_bytes());
    body.push(mode_number(scope.mode));
    body.extend_from_slice(&received_at.0.to_le_bytes());
    body.extend_from_slice(&event.id.to_le_bytes());
    body.extend_from_slice(&event.app.0.to_le_bytes());
    body.extend_from_slice(&event.at.0.to_le_bytes());
    body.push(event.platform as u8);
    body.push(u8::from(event.is_debug));
    for id in [event.flow.map(|id| id.0), event.version.map(|id| id.0)] {
        // No id is zero.
        body.extend_from_slice(&id.unwrap_or(0).to_le_bytes());
    }
    for number in [event.screen_index, event.time_on_screen_ms] {
        // No count is negative.
        body.extend_from_slice(&number.unwrap_or(-1).to_le_bytes());
    }
    // No amount is no number.
    body.extend_from_slice(&event.revenue.unwrap_or(f64::NAN).to_le_bytes());
    for text in [&event.kind, &event.user_id, &event.session_id, &event.more] {
        put(body, Some(text));
    }
    let optional = [
        &event.placement,
        &event.experiment,
        &event.variant,
        &event.screen_id,
        &event.screen_name,
        &event.currency,
        &event.app_version,
        &event.country,
        &event.reason,
        &event.ab_assignments,
    ];
    for text in optional {
        put(body, text.as_deref());
    }
}

/// The entries of a body, in order.
///
/// # Errors
/// [`BadJournal`] for bytes that no [`append`] wrote.
pub fn read(body: &[u8]) -> Result<Vec<Entry<'_>>, BadJournal> {
    let Some((&VERSION, rest)) = body.split_first() else { return Err(BadJournal) };
    let mut bytes = Bytes(rest);
    let mut entries = Vec::new();
    while !bytes.0.is_empty() {
        entries.push(entry(&mut bytes)?);
    }
    Ok(entries)
}

fn put(body: &mut Vec<u8>, text: Option<&str>) {
    let length = text.map_or(ABSENT, |text| u32::try_from(text.len()).unwrap_or(ABSENT));
    body.extend_from_slice(&length.to_le_bytes());
    if length != ABSENT {
        body.extend_from_slice(text.unwrap_or_default().as_bytes());
    }
}

fn entry<'a>(bytes: &mut Bytes<'a>) -> Result<Entry<'a>, BadJournal> {
    let workspace = WorkspaceId(bytes.id()?);
    let mode = [Mode::Live, Mode::Test].into_iter().nth(bytes.small()?).ok_or(BadJournal)?;
    let received_at = Timestamp(bytes.int()?);
    let (id, app, at) = (bytes.id()?, AppId(bytes.id()?), Timestamp(bytes.int()?));
    let platform = Platform::ALL.get(bytes.small()?).copied().ok_or(BadJournal)?;
    let is_debug = bytes.small()? == 1;
    let flow = Some(bytes.id()?).filter(|id| *id != 0).map(ScreenFlowId);
    let version = Some(bytes.id()?).filter(|id| *id != 0).map(ScreenVersionId);
    let screen_index = Some(bytes.int()?).filter(|number| *number >= 0);
    let time_on_screen_ms = Some(bytes.int()?).filter(|number| *number >= 0);
    let revenue = Some(f64::from_le_bytes(bytes.take()?)).filter(|amount| !amount.is_nan());
    let kind = bytes.text()?.ok_or(BadJournal)?;
    let user_id = bytes.text()?.ok_or(BadJournal)?;
    let session_id = bytes.text()?.ok_or(BadJournal)?;
    let more = bytes.text()?.ok_or(BadJournal)?;
    let event = Event {
        id,
        app,
        kind,
        at,
        user_id,
        session_id,
        platform,
        placement: bytes.text()?,
        flow,
        version,
        experiment: bytes.text()?,
        variant: bytes.text()?,
        screen_id: bytes.text()?,
        screen_name: bytes.text()?,
        screen_index,
        time_on_screen_ms,
        revenue,
        currency: bytes.text()?,
        app_version: bytes.text()?,
        country: bytes.text()?,
        is_debug,
        reason: bytes.text()?,
        ab_assignments: bytes.text()?,
        more,
    };
    Ok(Entry { scope: Scope { workspace, mode }, received_at, event })
}

/// What is still to be read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], BadJournal> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(BadJournal)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn id(&mut self) -> Result<u128, BadJournal> {
        self.take().map(u128::from_le_bytes)
    }

    fn int(&mut self) -> Result<i64, BadJournal> {
        self.take().map(i64::from_le_bytes)
    }

    fn small(&mut self) -> Result<usize, BadJournal> {
        self.take::<1>().map(|[byte]| usize::from(byte))
    }

    fn text(&mut self) -> Result<Option<Cow<'a, str>>, BadJournal> {
        let length = u32::from_le_bytes(self.take()?);
        if length == ABSENT {
            return Ok(None);
        }
        let length = usize::try_from(length).map_err(|_| BadJournal)?;
        let (text, rest) = self.0.split_at_checked(length).ok_or(BadJournal)?;
        self.0 = rest;
        std::str::from_utf8(text).map(|text| Some(Cow::Borrowed(text))).map_err(|_| BadJournal)
    }
}
