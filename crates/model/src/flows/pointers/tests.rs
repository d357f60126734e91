use super::VersionStatus::{Draft, Published as Public};
use super::*;

const fn at(latest: Option<u32>, draft: Option<u32>, next: u32) -> Pointers {
    Pointers { latest, draft, next }
}

#[test]
fn an_edit_goes_to_the_draft_or_makes_one_from_the_latest() {
    let new = |version, based_on| Edit::New { version, based_on };
    for (before, after, edit) in [
        (Pointers::NEW, at(None, Some(1), 2), new(1, None)),
        (at(Some(2), None, 5), at(Some(2), Some(5), 6), new(5, Some(2))),
        (at(Some(2), Some(4), 5), at(Some(2), Some(4), 5), Edit::Existing(4)),
    ] {
        assert_eq!(before.edit(), (after, edit), "{before:?}");
    }
}

#[test]
fn publishing_takes_the_current_draft_or_the_named_one() {
    let done = |pointers, version| Ok(Published { pointers, version, was_draft: true });
    let flow = at(Some(1), Some(3), 4);
    for (before, named, set_latest, expected) in [
        (flow, None, true, done(at(Some(3), None, 4), 3)),
        (flow, None, false, done(at(Some(1), None, 4), 3)),
        (flow, Some((3, Draft)), true, done(at(Some(3), None, 4), 3)),
        (flow, Some((2, Draft)), true, done(at(Some(2), Some(3), 4), 2)),
        (flow, Some((1, Public)), true, Err(Refusal::Published(1))),
        (at(Some(1), None, 4), None, true, Err(Refusal::NoDraft)),
    ] {
        assert_eq!(before.publish_draft(named, set_latest), expected, "{before:?} {named:?}");
    }
}

#[test]
fn a_version_becomes_the_latest_when_it_is_published() {
    let flow = at(Some(2), Some(3), 4);
    assert_eq!(flow.set_latest(1, Public), Ok(at(Some(1), Some(3), 4)));
    assert_eq!(flow.set_latest(3, Draft), Err(Refusal::NotPublished(3)));
    let published = |pointers, version, was_draft| Published { pointers, version, was_draft };
    assert_eq!(flow.publish_version(1, Public), published(at(Some(1), Some(3), 4), 1, false));
    assert_eq!(flow.publish_version(3, Draft), published(at(Some(3), None, 4), 3, true));
}

#[test]
fn numbers_are_never_used_again() {
    assert_eq!(at(Some(1), Some(2), 3).roll_back(), (at(Some(1), Some(3), 4), 3));
    let deleted = at(None, Some(1), 2).delete(1, Draft).expect("a draft");
    assert_eq!(deleted, at(None, None, 2));
    assert_eq!(deleted.edit().1, Edit::New { version: 2, based_on: None });
    assert_eq!(at(Some(1), Some(3), 4).delete(2, Draft), Ok(at(Some(1), Some(3), 4)));
    assert_eq!(at(Some(1), None, 2).delete(1, Public), Err(Refusal::Published(1)));
}

#[test]
fn after_the_latest_is_taken_back_the_highest_other_one_follows() {
    let flow = at(Some(3), None, 4);
    assert_eq!(flow.unpublish(3, Public, Some(2)), Some(at(Some(2), None, 4)));
    assert_eq!(flow.unpublish(3, Public, None), Some(at(None, None, 4)));
    assert_eq!(flow.unpublish(1, Public, Some(3)), Some(flow));
    assert_eq!(flow.unpublish(2, Draft, Some(3)), None);
}
