//! Members, invites, groups and workspaces as the console shows them.

use floe_access::groups::GroupView;
use floe_access::invites;
use floe_access::members::MemberView;
use floe_model::Timestamp;
use floe_store::access::invites::Invite;
use floe_store::access::memberships::Belonging;
use serde_json::{Value, json};

/// A member of the workspace.
pub(super) fn member_object(view: &MemberView) -> Value {
    let member = &view.colleague;
    json!({
        "id": member.member.prefixed(),
        "name": member.name,
        "email": member.email,
        "role": member.role.as_str(),
        "treasury_role": member.treasury_role.as_str(),
        "groups": view.groups.iter().map(|group| group.prefixed()).collect::<Vec<_>>(),
        "last_seen_at": member.last_seen_at,
        "created_at": member.created_at,
        "revision": member.revision,
    })
}

/// An invite without its link.
pub(super) fn invite_object(invite: &Invite, now: Timestamp) -> Value {
    json!({
        "id": invite.id.prefixed(),
        "email": invite.email,
        "role": invite.role.as_str(),
        "treasury_role": invite.treasury_role.as_str(),
        "status": invites::status(invite, now),
        "created_by": invite.created_by.map(|member| member.prefixed()),
        "created_at": invite.created_at,
        "expires_at": invite.expires_at,
        "accepted_at": invite.accepted_at,
        "revision": invite.revision,
    })
}

/// A group with its members.
pub(super) fn group_object(view: &GroupView) -> Value {
    let group = &view.group;
    json!({
        "id": group.id.prefixed(),
        "name": group.name,
        "member_ids": view.members.iter().map(|member| member.prefixed()).collect::<Vec<_>>(),
        "created_at": group.created_at,
        "updated_at": group.updated_at,
        "revision": group.revision,
    })
}

/// A workspace in the list of one's own.
pub(super) fn belonging_object(belonging: &Belonging) -> Value {
    json!({
        "id": belonging.workspace.prefixed(),
        "name": belonging.name,
        "slug": belonging.slug,
        "role": belonging.role.as_str(),
        "treasury_role": belonging.treasury_role.as_str(),
    })
}

/// The address of an invite. Its text is in the fragment, so that it reaches no log.
pub(crate) fn invite_url(origin: &str, text: &str) -> String {
    format!("{origin}/ui/invite#token={text}")
}

/// The address at which a member gives itself another password.
pub(super) fn reset_url(origin: &str, text: &str) -> String {
    format!("{origin}/ui/reset#token={text}")
}
