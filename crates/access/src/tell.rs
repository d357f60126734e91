//! The domain events of this slice (console contract, section 5.4).

use floe_model::access::Credential;
use floe_model::id::WorkspaceId;
use floe_model::{Fault, Mode, Scope};
use floe_store::Tx;
use floe_store::platform::events::{self, NewEvent};
use serde_json::{Value, json};

use crate::act::Act;

/// Publishes `platform.member.*`. Members are the same in both modes; the event is told as live.
pub(crate) fn member(
    tx: &mut Tx<'_>,
    act: &Act,
    workspace: WorkspaceId,
    kind: &'static str,
    about: &MemberFacts<'_>,
) -> Result<(), Fault> {
    let by = match act.ctx.caller.credential {
        Credential::System | Credential::Anonymous => Value::Null,
        _ => act.ctx.caller.name.clone().into(),
    };
    let data = json!({
        "id": about.id.prefixed(),
        "name": about.name,
        "email": about.email,
        "role": about.role.as_str(),
        "treasury_role": about.treasury_role.as_str(),
        "by": by,
    });
    let event = NewEvent {
        id: act.ctx.ids.next(),
        kind,
        subject_id: Some(about.id.0),
        data: data.to_string(),
        created_at: act.now(),
    };
    events::publish(tx, Scope { workspace, mode: Mode::Live }, &event)
}

/// The member that an event is about.
pub(crate) struct MemberFacts<'a> {
    pub(crate) id: floe_model::id::MemberId,
    pub(crate) name: &'a str,
    pub(crate) email: &'a str,
    pub(crate) role: floe_model::access::Role,
    pub(crate) treasury_role: floe_model::access::TreasuryRole,
}
