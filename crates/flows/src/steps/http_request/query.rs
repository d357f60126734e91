//! The URL with the step's query.

use floe_engine::event::StepError;
use floe_runtime::outside::URL_BYTES_MAX;
use serde_json::Value;
use url::form_urlencoded::Serializer;

use crate::steps::config::{bad_value, written};

/// Adds pairs to the query of a URL.
///
/// The URL stays the text that the author wrote: reading and writing it anew would mend what the guarded client refuses
/// on purpose, such as backslashes.
///
/// # Errors
/// `bad_value` when the result is too long.
pub(super) fn with_query(url: &str, pairs: &[(&str, &Value)]) -> Result<String, StepError> {
    let (before, fragment) = url.split_once('#').map_or((url, None), |(before, fragment)| (before, Some(fragment)));
    let mut text = before.to_owned();
    if !pairs.is_empty() {
        match before.split_once('?') {
            None => text.push('?'),
            Some((_, query)) if query.is_empty() || query.ends_with('&') => {}
            Some(_) => text.push('&'),
        }
        text.push_str(&encoded(pairs));
    }
    if let Some(fragment) = fragment {
        text.push('#');
        text.push_str(fragment);
    }
    if text.len() > URL_BYTES_MAX {
        return Err(bad_value("url", &format!("is longer than {URL_BYTES_MAX} bytes with its query")));
    }
    Ok(text)
}

/// Pairs as `application/x-www-form-urlencoded`.
pub(super) fn encoded(pairs: &[(&str, &Value)]) -> String {
    let mut serializer = Serializer::new(String::new());
    for (name, value) in pairs {
        serializer.append_pair(name, &written(value));
    }
    serializer.finish()
}
