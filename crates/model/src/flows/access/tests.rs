use super::*;
use crate::id::{KeyId, SessionId, WorkspaceId};
use crate::scope::Mode;

const OWNER: MemberId = MemberId(1);
const EDITOR: MemberId = MemberId(2);
const STRANGER: MemberId = MemberId(3);

fn access(visibility: Visibility) -> FlowAccess {
    let users =
        vec![Grant { id: EDITOR, permission: Permitted::View }, Grant { id: EDITOR, permission: Permitted::Edit }];
    FlowAccess { owner: Some(OWNER), visibility, sharing: Sharing { users, groups: Vec::new() } }
}

#[test]
fn visibility_sharing_and_role_give_the_level() {
    use Level as L;
    use Visibility as V;
    for (visibility, member, expected) in [
        // In the order of the roles: owner, admin, builder, approver, viewer.
        (V::Private, OWNER, [Some(L::Manage), Some(L::Manage), Some(L::Manage), Some(L::View), Some(L::View)]),
        (V::Private, EDITOR, [Some(L::Manage), Some(L::Manage), None, None, None]),
        (V::Private, STRANGER, [Some(L::Manage), Some(L::Manage), None, None, None]),
        (V::Shared, EDITOR, [Some(L::Manage), Some(L::Manage), Some(L::Edit), Some(L::View), Some(L::View)]),
        (V::Shared, STRANGER, [Some(L::Manage), Some(L::Manage), None, None, None]),
        (V::Public, EDITOR, [Some(L::Manage), Some(L::Manage), Some(L::Edit), Some(L::View), Some(L::View)]),
        (V::Public, STRANGER, [Some(L::Manage), Some(L::Manage), Some(L::Run), Some(L::View), Some(L::View)]),
    ] {
        let levels = Role::ALL.map(|role| access(visibility).level_of_member(member, role, &[]));
        assert_eq!(levels, expected, "{visibility:?} {member}");
    }
}

#[test]
fn a_group_gives_its_level_up_to_that_of_the_role() {
    use Level as L;
    let (inside, outside) = (GroupId(7), GroupId(8));
    let shared = |visibility| {
        let groups = vec![Grant { id: MemberId(7), permission: Permitted::Manage }];
        let users = vec![Grant { id: EDITOR, permission: Permitted::View }];
        FlowAccess { owner: Some(OWNER), visibility, sharing: Sharing { users, groups } }
    };
    let level = |visibility, member, role, groups: &[GroupId]| shared(visibility).level_of_member(member, role, groups);
    for (visibility, member, role, groups, expected) in [
        (Visibility::Shared, STRANGER, Role::Builder, &[outside, inside][..], Some(L::Manage)),
        (Visibility::Shared, STRANGER, Role::Viewer, &[inside][..], Some(L::View)),
        (Visibility::Shared, STRANGER, Role::Approver, &[inside][..], Some(L::View)),
        (Visibility::Shared, STRANGER, Role::Builder, &[outside][..], None),
        (Visibility::Private, STRANGER, Role::Builder, &[inside][..], None),
        (Visibility::Public, STRANGER, Role::Builder, &[inside][..], Some(L::Manage)),
        (Visibility::Shared, EDITOR, Role::Builder, &[inside][..], Some(L::Manage)),
        // An id of a group is not that of a member with the same bits.
        (Visibility::Shared, MemberId(7), Role::Builder, &[][..], None),
    ] {
        assert_eq!(level(visibility, member, role, groups), expected, "{visibility:?} {member} {role:?} {groups:?}");
    }
}

#[test]
fn keys_run_everything_of_their_workspace_and_nobody_sees_nothing() {
    let private = access(Visibility::Private);
    let workspace = WorkspaceId(9);
    let key = Caller { credential: Credential::FlowsKey(KeyId(1)), ..Caller::system(workspace, Mode::Live) };
    let nobody = Caller { credential: Credential::Session(SessionId(1)), ..Caller::system(workspace, Mode::Live) };
    assert_eq!(level_of(&key, &private), Some(Level::Run));
    assert_eq!(level_of(&nobody, &private), None);
    assert_eq!(level_of(&Caller::anonymous(Mode::Live), &access(Visibility::Public)), None);
    assert_eq!(level_of(&Caller::system(workspace, Mode::Live), &private), Some(Level::Manage));
}

#[test]
fn sharing_is_kept_as_json() {
    let json = r#"{"users":[{"_id":"00000000-0000-0000-0000-000000000002","permission":"edit"}],"groups":[]}"#;
    let sharing: Sharing = serde_json::from_str(json).expect("sharing");
    assert_eq!(sharing.users, [Grant { id: EDITOR, permission: Permitted::Edit }]);
    assert_eq!(serde_json::to_string(&sharing).expect("json"), json);
}
