//! What apps report: an event as it is kept, how one is read and checked, how it lies in the journal, how it is shown (Placements
//! contract, section 5).
//!
//! Start reading with [`Event`], then [`split`] and [`Event::read`]: what comes in.

pub mod journal;
mod json;
mod members;
mod read;
mod show;
mod values;

use std::borrow::Cow;

use crate::id::{AppId, ScreenFlowId, ScreenVersionId};
use crate::placements::{NoFlow, Platform};
use crate::words::words;
use crate::{Mode, Scope, Timestamp};

pub use read::{
    AppRules, BODY_BYTES_MAX, EVENTS_MAX, NotEvents, Rejection, SESSION_CHARS_MAX, USER_CHARS_MAX, code, split,
};
pub use show::Shown;

words! {
    /// What an event says (section 5.3). An app that takes events of its own has others beside these.
    EventType {
        /// A flow was presented and began.
        FlowStart = "flow_start",
        /// A screen became visible.
        ScreenView = "screen_view",
        /// A screen was left.
        ScreenExit = "screen_exit",
        /// A flow was finished.
        FlowComplete = "flow_complete",
        /// A flow was dismissed early.
        FlowExit = "flow_exit",
        /// The user acted on an element.
        ElementInteraction = "element_interaction",
        /// The user was given a variant.
        ExperimentExposure = "experiment_exposure",
        /// Revenue, or a goal.
        Conversion = "conversion",
        /// A resolve found nothing; only the server says so.
        ResolveNoFlow = "resolve_no_flow",
    }
}

/// An event, with everything that was checked. Texts are borrowed from where it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Event<'a> {
    /// Its id: unique in its app.
    pub id: u128,
    /// Whose.
    pub app: AppId,
    /// A word of [`EventType`], or a name that the app made up.
    pub kind: Cow<'a, str>,
    /// When it happened, as the app says.
    pub at: Timestamp,
    /// The user, as the app calls it.
    pub user_id: Cow<'a, str>,
    /// The session, as the app calls it.
    pub session_id: Cow<'a, str>,
    /// What the app runs on.
    pub platform: Platform,
    /// Key of the placement.
    pub placement: Option<Cow<'a, str>>,
    /// The flow; only `resolve_no_flow` has none.
    pub flow: Option<ScreenFlowId>,
    /// Its version.
    pub version: Option<ScreenVersionId>,
    /// The experiment; a UUID is in lower case.
    pub experiment: Option<Cow<'a, str>>,
    /// The variant; a UUID is in lower case.
    pub variant: Option<Cow<'a, str>>,
    /// The screen.
    pub screen_id: Option<Cow<'a, str>>,
    /// Its name.
    pub screen_name: Option<Cow<'a, str>>,
    /// Its place in the flow, from 0.
    pub screen_index: Option<i64>,
    /// Milliseconds on it.
    pub time_on_screen_ms: Option<i64>,
    /// Money; negative for a refund.
    pub revenue: Option<f64>,
    /// Of three upper-case letters.
    pub currency: Option<Cow<'a, str>>,
    /// Version of the app.
    pub app_version: Option<Cow<'a, str>>,
    /// Two upper-case letters.
    pub country: Option<Cow<'a, str>>,
    /// Whether a debug build sent it.
    pub is_debug: bool,
    /// Why there was nothing to show; of `resolve_no_flow`.
    pub reason: Option<Cow<'a, str>>,
    /// JSON object of texts: node of an in-flow test -> variant.
    pub ab_assignments: Option<Cow<'a, str>>,
    /// JSON object: the members of the wire that have no field here.
    pub more: Cow<'a, str>,
}

/// An event on its way from the answer to the tables.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'a> {
    /// Workspace and mode of the key that sent it.
    pub scope: Scope,
    /// When it came in.
    pub received_at: Timestamp,
    /// The event.
    pub event: Event<'a>,
}

/// What a resolve that found nothing leaves behind (section 5.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed<'a> {
    /// The app.
    pub app: AppId,
    /// Key of the placement that was asked for.
    pub placement: &'a str,
    /// The user.
    pub user_id: &'a str,
    /// The session.
    pub session_id: &'a str,
    /// What the app runs on.
    pub platform: Platform,
    /// Why (section 7.1).
    pub reason: NoFlow,
    /// When, by the clock of the server.
    pub at: Timestamp,
}

impl<'a> Event<'a> {
    /// The event of a resolve that found nothing.
    #[must_use]
    pub fn no_flow(id: u128, from: &Missed<'a>) -> Self {
        Self {
            id,
            app: from.app,
            kind: Cow::Borrowed(EventType::ResolveNoFlow.as_str()),
            at: from.at,
            user_id: storable(from.user_id),
            session_id: storable(from.session_id),
            platform: from.platform,
            placement: Some(storable(from.placement)),
            reason: Some(Cow::Borrowed(from.reason.as_str())),
            ..Self::bare(from.platform)
        }
    }

    /// An event without anything.
    fn bare(platform: Platform) -> Self {
        Self {
            id: 0,
            app: AppId(0),
            kind: Cow::Borrowed(""),
            at: Timestamp(0),
            user_id: Cow::Borrowed(""),
            session_id: Cow::Borrowed(""),
            platform,
            placement: None,
            flow: None,
            version: None,
            experiment: None,
            variant: None,
            screen_id: None,
            screen_name: None,
            screen_index: None,
            time_on_screen_ms: None,
            revenue: None,
            currency: None,
            app_version: None,
            country: None,
            is_debug: false,
            reason: None,
            ab_assignments: None,
            more: Cow::Borrowed("{}"),
        }
    }

    /// The word of the contract that it is, unless the app made its name up.
    #[must_use]
    pub fn known_kind(&self) -> Option<EventType> {
        EventType::parse(&self.kind)
    }
}

/// A text without the one character that a database refuses; a resolve takes it, since it stores nothing itself.
fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// The environment of the wire.
const fn mode_number(mode: Mode) -> u8 {
    match mode {
        Mode::Live => 0,
        Mode::Test => 1,
    }
}

#[cfg(test)]
mod tests;
