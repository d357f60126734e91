use floe_model::Timestamp;
use floe_model::hex;
use floe_model::id::WorkspaceId;
use serde_json::json;

use super::*;
use crate::audit::chain;
use crate::audit::head::Signer;
use crate::secret::ServerSecret;

const WORKSPACE: WorkspaceId = WorkspaceId(5);
const AT: Timestamp = Timestamp(1_800_000_000_000_000);

fn signer(secret: u8) -> Signer {
    Signer::new(&ServerSecret::new([secret; 32]))
}

/// An export of so many entries that say `word`, and the head at its end.
fn export(signer: &Signer, word: &str, count: i64) -> (Vec<String>, SignedHead) {
    let mut lines = vec![json!({ "head": signer.sign(WORKSPACE, 0, [0; 32], AT).object() }).to_string()];
    let mut prev = [0; 32];
    for seq in 1..=count {
        let mut entry =
            json!({ "id": format!("aud_{seq}"), "seq": seq, "action": word, "prev_hash": hex::encode(&prev) });
        prev = chain::hash(&prev, &canonical_json(&entry));
        entry["hash"] = hex::encode(&prev).into();
        lines.push(entry.to_string());
    }
    let head = signer.sign(WORKSPACE, count, prev, AT);
    lines.push(json!({ "head": head.object() }).to_string());
    (lines, head)
}

fn check(lines: &[String], outside: &[SignedHead]) -> Result<FileReport, FileProblem> {
    let mut check = FileCheck::new(outside);
    lines.iter().try_for_each(|line| check.line(line))?;
    check.finish()
}

/// Line, place and id of what is wrong.
#[track_caller]
fn broken(lines: &[String], outside: &[SignedHead]) -> (usize, i64, Option<String>) {
    match check(lines, outside) {
        Err(FileProblem::Broken { line, seq, id, .. }) => (line, seq, id),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_whole_export_is_whole() {
    let (lines, head) = export(&signer(7), "made", 5);
    let report = check(&lines, std::slice::from_ref(&head)).expect("whole");
    assert_eq!((report.entries, report.first_seq, report.heads_met, report.head), (5, 1, 1, head));
    let (empty, _) = export(&signer(7), "made", 0);
    assert_eq!(check(&empty, &[]).map(|report| report.entries), Ok(0));
}

#[test]
fn the_first_bad_entry_is_named() {
    let (lines, _) = export(&signer(7), "made", 5);
    let named = |id: i64| Some(format!("aud_{id}"));

    let mut changed = lines.clone();
    changed[3] = changed[3].replace("made", "mode");
    assert_eq!(broken(&changed, &[]), (4, 3, named(3)));

    let mut dropped = lines.clone();
    dropped.remove(3);
    assert_eq!(broken(&dropped, &[]), (4, 3, named(4)));

    let mut swapped = lines.clone();
    swapped.swap(2, 3);
    assert_eq!(broken(&swapped, &[]), (3, 2, named(3)));

    let mut twice = lines.clone();
    twice.insert(3, lines[2].clone());
    assert_eq!(broken(&twice, &[]), (4, 3, named(2)));

    let cut = [&lines[..4], &lines[6..]].concat();
    assert_eq!(broken(&cut, &[]), (5, 4, None));
    assert_eq!(broken(&lines[..6], &[]), (7, 6, None));

    let mut more = lines.clone();
    more.push(lines[5].clone());
    assert_eq!(broken(&more, &[]).0, 8);
    assert!(matches!(check(&lines[1..], &[]), Err(FileProblem::NoExport(_))));
    assert!(matches!(check(&[], &[]), Err(FileProblem::NoExport(_))));
}

#[test]
fn a_head_from_outside_shows_what_the_file_hides() {
    let own = signer(7);
    let (lines, head) = export(&own, "made", 5);
    // Cut, with a new end that the server itself signed.
    let (short, _) = export(&own, "made", 3);
    assert_eq!(check(&short, &[]).map(|report| report.entries), Ok(3), "the file alone does not show it");
    assert_eq!(broken(&short, std::slice::from_ref(&head)).1, 4);
    // Written anew.
    let (other, _) = export(&own, "forged", 5);
    assert_eq!(broken(&other, std::slice::from_ref(&head)), (6, 5, Some("aud_5".to_owned())));
    // Written anew, and signed by somebody else.
    let (foreign, _) = export(&signer(8), "made", 5);
    assert_eq!(broken(&foreign, std::slice::from_ref(&head)).1, 5);
    // A head that somebody made up.
    let forged = SignedHead { signature: [0; 64], ..head };
    assert_eq!(broken(&lines, &[forged]).1, 5);
    // Heads of other workspaces say nothing.
    let elsewhere = own.sign(WorkspaceId(6), 99, [9; 32], AT);
    assert_eq!(check(&lines, &[elsewhere]).map(|report| report.heads_met), Ok(0));
}
