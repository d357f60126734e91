//! Taking the events of a request in: each is checked by itself, the good ones are written before the answer.

use floe_model::id::AppId;
use floe_model::placements::event::{AppRules, Entry, Event, Rejection};
use floe_model::{Fault, Scope};
use serde::Serialize;
use serde_json::value::RawValue;

use super::Events;

/// What became of the events of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// Events that are stored, or were before.
    pub accepted: usize,
    /// Events that are not.
    pub rejected: usize,
    /// Why each of them is not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Rejected>,
}

/// Why one event is not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Its place in the request, from 0.
    pub index: usize,
    /// Its id as it was sent; none when it is not a text.
    pub event_id: Option<String>,
    /// Stable word.
    pub code: &'static str,
    /// The member that is wrong.
    pub field: &'static str,
    /// A sentence for a person.
    pub message: String,
}

impl Rejected {
    fn new(index: usize, Rejection { event_id, code, field, message }: Rejection) -> Self {
        Self { index, event_id, code, field, message }
    }
}

impl Events {
    /// Takes the events of one request; `Ok` means that the accepted ones are on disk. `rules` tells about the apps that the request may
    /// name.
    ///
    /// # Errors
    /// Of the database; `overloaded` when too much waits. Then none of the events is taken, and sending them again stores each once.
    pub async fn take(
        &self,
        scope: Scope,
        events: &[&RawValue],
        rules: &(dyn Fn(AppId) -> Option<AppRules> + Sync),
    ) -> Result<Taken, Fault> {
        let received_at = self.platform.clock.now();
        let mut errors = Vec::new();
        let mut read = Vec::with_capacity(events.len());
        for (index, raw) in events.iter().enumerate() {
            match Event::read(raw, rules, received_at) {
                Ok(event) => read.push((index, event)),
                Err(rejection) => errors.push(Rejected::new(index, rejection)),
            }
        }
        let asked = read.iter().filter_map(|(_, event)| event.version).collect();
        let known = self.versions.of(&self.platform, scope.workspace, asked).await?;
        let mut entries = Vec::with_capacity(read.len());
        for (index, event) in read {
            match event.check_flow(event.version.and_then(|version| known.get(&version).copied())) {
                Ok(()) => entries.push(Entry { scope, received_at, event }),
                Err(rejection) => errors.push(Rejected::new(index, rejection)),
            }
        }
        self.intake.write(&entries).await?;
        errors.sort_by_key(|rejected| rejected.index);
        metrics::counter!("floe_placement_events_total", "result" => "accepted").increment(entries.len() as u64);
        metrics::counter!("floe_placement_events_total", "result" => "rejected").increment(errors.len() as u64);
        Ok(Taken { accepted: entries.len(), rejected: errors.len(), errors })
    }
}
