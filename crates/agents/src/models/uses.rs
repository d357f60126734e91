//! What names a model, and so keeps it from being removed or called otherwise.

use floe_model::Fault;
use floe_runtime::models::ModelKind;
use floe_store::Tx;
use floe_store::agents::agents::{self, Filter};
use floe_store::agents::knowledge_bases;
use floe_store::agents::models::Model;
use serde_json::{Value, json};

use super::catalog::kind_of;

/// What uses a model, as far as it is named.
const NAMED_MAX: usize = 20;

/// Refuses while agents or knowledge bases name a model.
pub(super) fn check_unnamed(tx: &mut Tx<'_>, row: &Model) -> Result<(), Fault> {
    let filter = Filter { model: Some(row.name.clone()), ..Filter::default() };
    let agents = agents::page(tx, row.workspace, &filter, true, None, NAMED_MAX)?;
    let agents = agents.into_iter().map(|agent| json!({ "type": "agent", "id": agent.id, "name": agent.name }));
    let mut used_by: Vec<Value> = agents.collect();
    if kind_of(row)? == ModelKind::Embedding {
        let page = knowledge_bases::Page { newest_first: true, limit: knowledge_bases::PAGE_MAX, ..Default::default() };
        let bases = knowledge_bases::list(tx, row.workspace, &page)?.into_iter();
        let named = bases.filter(|base| base.embedding_model == row.name || base.index_model == row.name);
        used_by.extend(
            named
                .take(NAMED_MAX)
                .map(|base| json!({ "type": "knowledge_base", "id": base.id.prefixed(), "name": base.name })),
        );
    }
    if used_by.is_empty() {
        return Ok(());
    }
    let fault = Fault::conflict("in_use", format!("{} is still named by what uses it", row.name));
    Err(fault.with_details(json!({ "used_by": used_by })))
}
