//! What nodes tell each other: hints that something changed, in few bytes. The truth is in the tables.

use floe_model::{
    Timestamp,
    id::{NodeId, WorkspaceId},
};

use crate::Change;

/// Bytes of one notification; PostgreSQL allows 7,999.
const BYTES_MAX: usize = 7_900;

/// Kinds of records that others are told of.
const KINDS: &[(char, &str)] = &[
    ('f', "flow"),
    ('r', "run"),
    ('h', "webhook"),
    ('p', "placements"),
    ('e', "exchange_work"),
    ('c', "exchange_cancel"),
    ('d', "document"),
];

/// Whether others want to know of a change.
pub(super) fn is_news(change: Change, works: bool) -> bool {
    match change {
        // Who works finds its own jobs.
        Change::Job { .. } => !works,
        Change::Events => false,
        // So do deliveries.
        Change::Record { kind: "webhook", .. } => !works,
        Change::Record { kind, .. } => KINDS.iter().any(|(_, known)| *known == kind),
        Change::Access | Change::Many | Change::Work | Change::Mail { .. } => true,
    }
}

/// Notifications for these changes, each headed by who sends it.
pub(super) fn write(own: NodeId, changes: &[Change]) -> Vec<String> {
    let head = format!("{:032x}", own.0);
    let mut texts: Vec<String> = Vec::new();
    for change in changes {
        let word = word(*change);
        match texts.last_mut() {
            Some(text) if text.len() + 1 + word.len() <= BYTES_MAX => {
                text.push(' ');
                text.push_str(&word);
            }
            _ => texts.push(format!("{head} {word}")),
        }
    }
    texts
}

/// The sender and the changes of a notification; what cannot be read says to look at everything.
pub(super) fn read(text: &str) -> (Option<NodeId>, Vec<Change>) {
    let mut words = text.split(' ');
    let from = words.next().and_then(hex).map(NodeId);
    (from, words.map(|word| change(word).unwrap_or(Change::Many)).collect())
}

fn word(change: Change) -> String {
    match change {
        Change::Job { .. } => "j".to_owned(),
        Change::Access => "a".to_owned(),
        Change::Work => "w".to_owned(),
        Change::Mail { to: None } => "m".to_owned(),
        Change::Mail { to: Some(node) } => format!("m{:032x}", node.0),
        Change::Record { workspace, kind, id } => {
            let letter = KINDS.iter().find(|(_, known)| *known == kind).map_or('*', |(letter, _)| *letter);
            format!("{letter}{:032x}{id:032x}", workspace.0)
        }
        Change::Many | Change::Events => "*".to_owned(),
    }
}

fn change(word: &str) -> Option<Change> {
    let (letter, rest) = (word.chars().next()?, word.get(1..)?);
    match letter {
        // When it is due stands in the table.
        'j' => Some(Change::Job { due_at: Timestamp(0) }),
        'a' => Some(Change::Access),
        'w' => Some(Change::Work),
        'm' if rest.is_empty() => Some(Change::Mail { to: None }),
        'm' => Some(Change::Mail { to: Some(NodeId(hex(rest)?)) }),
        letter => {
            let (_, kind) = KINDS.iter().find(|(known, _)| *known == letter)?;
            let workspace = WorkspaceId(hex(rest.get(..32)?)?);
            Some(Change::Record { workspace, kind, id: hex(rest.get(32..)?)? })
        }
    }
}

fn hex(text: &str) -> Option<u128> {
    (text.len() == 32).then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_are_read_as_they_were_written() {
        let record = |kind, id| Change::Record { workspace: WorkspaceId(7), kind, id };
        let changes = [
            Change::Access,
            Change::Work,
            Change::Mail { to: None },
            Change::Mail { to: Some(NodeId(u128::MAX)) },
            record("flow", 1),
            record("run", 2),
            Change::Many,
        ];
        let texts = write(NodeId(9), &changes);
        assert_eq!(texts.len(), 1);
        assert_eq!(read(&texts[0]), (Some(NodeId(9)), changes.to_vec()));
        let many: Vec<Change> = (0..300).map(|id| record("run", id)).collect();
        let texts = write(NodeId(9), &many);
        assert!(texts.len() > 1 && texts.iter().all(|text| text.len() <= BYTES_MAX));
        let read: Vec<Change> = texts.iter().flat_map(|text| read(text).1).collect();
        assert_eq!(read, many);
    }

    #[test]
    fn what_cannot_be_read_says_to_look_at_everything() {
        for text in ["", "x", "zz a", "00000000000000000000000000000009 q f12"] {
            let (from, changes) = read(text);
            assert!(from.is_none() || changes == [Change::Many, Change::Many], "{text}: {changes:?}");
        }
    }
}
