//! What an endpoint may be.

use floe_model::webhooks::{EVENTS_MAX, Style, TREASURY_TEST, is_known};
use floe_model::{Fault, FaultKind, FieldProblem, Mode};
use floe_runtime::outside::{OutsideError, Refusal};
use http::header::{HeaderName, HeaderValue};

use crate::Webhooks;
use crate::attempt::check_address;

/// Characters of an address, at most (treasury contract, section 10.6).
pub(super) const URL_CHARS_MAX: usize = 2_048;
/// Characters of a name, at most.
pub(super) const NAME_CHARS_MAX: usize = 100;
/// Headers that an endpoint adds, at most, and characters of each value.
const HEADERS_MAX: usize = 20;
const HEADER_CHARS_MAX: usize = 1_000;
/// Headers that an endpoint may not add: ours, and those that belong to the connection.
const OWN_HEADERS: &[&str] = &[
    "content-type",
    "content-length",
    "user-agent",
    "host",
    "connection",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "accept-encoding",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
];
/// Beginnings of names of headers that an endpoint of style `workflow` may not add either, and one more name (Workflow API contract,
/// section 8.7; console contract, section 2.5).
const WORKFLOW_OWN: &[&str] = &["content-", "x-flowmaestro-", "floe-mode"];

/// Every problem with the text of an address; see [`check_reach`] for where it leads.
pub(super) fn check_url(webhooks: &Webhooks, style: Style, url: &str, problems: &mut Vec<FieldProblem>) {
    if url.chars().count() > URL_CHARS_MAX {
        problems.push(FieldProblem::new(
            "/url",
            "string_too_long",
            format!("url must have at most {URL_CHARS_MAX} characters"),
        ));
    } else if let Err(error @ OutsideError::InvalidUrl(_)) =
        check_address(&webhooks.platform.outside, style, webhooks.settings, url)
    {
        problems.push(address_problem(&error));
    }
}

/// Why an address cannot be used.
pub(super) fn address_problem(error: &OutsideError) -> FieldProblem {
    let reason = match error {
        OutsideError::InvalidUrl(Refusal::Scheme) => "url must be an https URL".to_owned(),
        OutsideError::InvalidUrl(refusal) => format!("url cannot be used: {refusal}"),
        OutsideError::Blocked(refusal) => format!("url leads where calls may not go: {refusal}"),
        other => format!("url cannot be used: {other}"),
    };
    FieldProblem::new("/url", "pattern", reason)
}

/// The events that an endpoint picks: known ones, each once, in order. The test is always sent, so it is dropped.
pub(super) fn check_events(style: Style, events: Vec<String>, problems: &mut Vec<FieldProblem>) -> Vec<String> {
    let mut picked: Vec<String> = Vec::new();
    if events.len() > EVENTS_MAX {
        problems.push(FieldProblem::new("/events", "too_long", format!("events must have at most {EVENTS_MAX} names")));
        return picked;
    }
    let is_test = |name: &str| style == Style::Treasury && name == TREASURY_TEST;
    for (index, name) in events.into_iter().enumerate() {
        if is_test(&name) || picked.contains(&name) {
            continue;
        }
        if is_known(style, &name) {
            picked.push(name);
        } else {
            let message = "this is not the name of an event".to_owned();
            problems.push(FieldProblem::new(format!("/events/{index}"), "enum", message));
        }
    }
    if picked.is_empty() && problems.is_empty() {
        problems.push(FieldProblem::new("/events", "too_short", "events must name at least one event"));
    }
    picked
}

/// Whether an endpoint of this style can have this mode.
pub(super) fn check_mode(style: Style, mode: Option<Mode>, problems: &mut Vec<FieldProblem>) {
    if style == Style::Treasury && mode.is_none() {
        problems.push(FieldProblem::new("/mode", "enum", "mode must be live or test for webhooks of style treasury"));
    }
    if style == Style::Workflow && mode.is_some() {
        problems.push(FieldProblem::new("/mode", "enum", "mode must be any for webhooks of style workflow"));
    }
}

/// Whether these headers can be added.
pub(super) fn check_headers(style: Style, headers: &[(String, String)], problems: &mut Vec<FieldProblem>) {
    let mut refuse = |message: String| problems.push(FieldProblem::new("/headers", "value", message));
    if style == Style::Treasury && !headers.is_empty() {
        return refuse("webhooks of style treasury add no headers".to_owned());
    }
    if headers.len() > HEADERS_MAX {
        return refuse(format!("headers must have at most {HEADERS_MAX} entries"));
    }
    for (name, value) in headers {
        let is_ours = |name: &str| {
            let of_workflows = style == Style::Workflow && WORKFLOW_OWN.iter().any(|own| name.starts_with(own));
            OWN_HEADERS.contains(&name) || of_workflows
        };
        let is_usable = HeaderName::try_from(name.as_str()).is_ok_and(|name| !is_ours(name.as_str()));
        if !is_usable {
            refuse(format!("{name} is not the name of a header that can be added"));
        } else if value.chars().count() > HEADER_CHARS_MAX || HeaderValue::from_str(value).is_err() {
            refuse(format!("the value of {name} cannot be sent in a header"));
        }
    }
}

/// One fault for all problems, if there are any.
pub(super) fn all_good(problems: Vec<FieldProblem>) -> Result<(), Fault> {
    if problems.is_empty() { Ok(()) } else { Err(Fault::validation(problems)) }
}

/// An address that is well formed and leads where calls may not go.
pub(super) fn check_reach(webhooks: &Webhooks, style: Style, url: &str) -> Result<(), Fault> {
    match check_address(&webhooks.platform.outside, style, webhooks.settings, url) {
        Err(error @ OutsideError::Blocked(_)) => Err(blocked(&error)),
        _ => Ok(()),
    }
}

/// The fault for such an address.
pub(super) fn blocked(error: &OutsideError) -> Fault {
    let problem = address_problem(error);
    Fault::new(FaultKind::Unprocessable, "outbound_blocked", problem.message.clone()).with_fields(vec![problem])
}
