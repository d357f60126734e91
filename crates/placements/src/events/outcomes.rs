//! What events say about experiments (Placements contract, section 9.4).

use std::collections::BTreeMap;

use floe_model::id::{AppId, ExperimentId, VariantId, WorkspaceId};
use floe_model::placements::event::{Entry, EventType};
use floe_model::{Fault, Mode, Scope};
use floe_store::Tx;
use floe_store::placements::outcomes::{self, Outcome, OutcomeKind};

/// Notes what new events say.
pub(super) fn note<'a>(tx: &mut Tx<'_>, entries: impl Iterator<Item = &'a Entry<'a>>) -> Result<(), Fault> {
    let mut by_app: BTreeMap<(WorkspaceId, Mode, AppId), Vec<Outcome>> = BTreeMap::new();
    for entry in entries {
        if let Some(outcome) = outcome(entry) {
            by_app.entry((entry.scope.workspace, entry.scope.mode, entry.event.app)).or_default().push(outcome);
        }
    }
    for ((workspace, mode, app), found) in by_app {
        outcomes::note(tx, Scope { workspace, mode }, app, &found)?;
    }
    Ok(())
}

fn outcome(Entry { event, .. }: &Entry<'_>) -> Option<Outcome> {
    let kind = match event.known_kind()? {
        EventType::FlowStart | EventType::ExperimentExposure => OutcomeKind::Exposed,
        EventType::FlowComplete => OutcomeKind::Completed,
        EventType::Conversion => OutcomeKind::Converted,
        _ => return None,
    };
    if event.is_debug {
        return None;
    }
    let is_uuid = |text: &&str| text.len() == 36;
    let experiment = ExperimentId::parse(event.experiment.as_deref().filter(is_uuid)?).ok()?;
    let variant = VariantId::parse(event.variant.as_deref().filter(is_uuid)?).ok()?;
    let revenue = event.revenue.filter(|_| kind == OutcomeKind::Converted);
    Some(Outcome {
        experiment,
        variant,
        user_id: event.user_id.clone().into_owned(),
        kind,
        at: event.at,
        revenue: revenue.map(|amount| (amount, event.currency.as_deref().map(str::to_owned))),
    })
}
