//! Models that are part of this program: they need no account and no network, and say the same whenever they are asked the same.

mod fill;
mod mock;
mod offline;
mod passages;

use floe_runtime::models::{ChatMessage, Finish, ModelCall, Part};

use super::asking::{Asking, Said, estimate};
use super::catalog::Speaker;

/// Bytes that count as a token.
const BYTES_PER_TOKEN: usize = 4;

/// Asks a built-in model.
pub(super) async fn ask(asking: &Asking<'_>, speaker: &Speaker) -> Said {
    let mut said = match speaker {
        Speaker::Mock(label) => mock::answer(label, asking.call),
        _ => offline::answer(asking.call, || asking.call_id()),
    };
    let most = usize::try_from(asking.output_tokens()).unwrap_or(usize::MAX).saturating_mul(BYTES_PER_TOKEN);
    if said.text.len() > most {
        said.text.truncate(said.text.floor_char_boundary(most));
        said.finish = Finish::Length;
    }
    for piece in pieces(&said.text) {
        asking.give(piece).await;
    }
    said.usage = Some(estimate(asking.call, &said));
    said
}

/// A text in the pieces in which it is given out: split after whitespace (Workflows contract, section 24).
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(char::is_whitespace)
}

/// What the person said last; empty when there is no person.
fn last_said(call: &ModelCall) -> String {
    let said = call.messages.iter().rev().find_map(|message| match message {
        ChatMessage::User { parts } => Some(parts),
        _ => None,
    });
    let texts = said.into_iter().flatten().filter_map(|part| match part {
        Part::Text(text) => Some(text.as_str()),
        Part::Image(_) => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
