//! Which flows name which variables: read from their definitions, so that no list of uses can differ from them.

use std::collections::BTreeMap;

use floe_model::Fault;
use floe_model::access::Caller;
use floe_model::flows::{FlowAccess, level_of};
use floe_model::id::FlowId;
use floe_store::Tx;
use floe_store::flows::mentions::{self, Mention};

use super::Use;

/// Pages of definitions that are looked through: four versions of every flow that a workspace may reasonably have.
const PAGES_MAX: usize = 2_000;

/// The flows that name each variable of the caller's workspace, each flow once.
///
/// # Errors
/// Of the database.
pub(super) fn all(tx: &mut Tx<'_>, caller: &Caller) -> Result<BTreeMap<String, Vec<Use>>, Fault> {
    let mut uses: BTreeMap<String, Vec<Use>> = BTreeMap::new();
    let mut after = (FlowId(0), 0);
    for _ in 0..PAGES_MAX {
        let page = mentions::list(tx, caller.workspace, "secrets", after)?;
        let Some(last) = page.last() else { break };
        after = (last.flow, last.version);
        for mention in &page {
            add(&mut uses, caller, mention)?;
        }
    }
    Ok(uses)
}

fn add(uses: &mut BTreeMap<String, Vec<Use>>, caller: &Caller, mention: &Mention) -> Result<(), Fault> {
    let sharing = serde_json::from_str(&mention.sharing).map_err(Fault::internal)?;
    let access = FlowAccess { owner: mention.owner, visibility: mention.visibility, sharing };
    let name = level_of(caller, &access).map(|_| mention.name.clone());
    let definition = serde_json::from_str(&mention.body).map_err(Fault::internal)?;
    for variable in floe_engine::secrets::named_in(&definition) {
        let users = uses.entry(variable).or_default();
        if users.last().is_none_or(|last| last.flow != mention.flow) {
            users.push(Use { flow: mention.flow, name: name.clone() });
        }
    }
    Ok(())
}
