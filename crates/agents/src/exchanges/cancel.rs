//! Stopping an exchange: what was produced by then is stored and charged.

use std::sync::Arc;

use floe_model::id::ExchangeId;
use floe_model::{Fault, Scope};
use floe_store::agents::exchanges;

use crate::Agents;

impl Agents {
    /// Asks for an exchange to stop, wherever it runs; false when it is over, or there is none.
    ///
    /// # Errors
    /// Of the database.
    pub async fn cancel_exchange(self: &Arc<Self>, scope: Scope, id: ExchangeId) -> Result<bool, Fault> {
        let asked = self.platform.store.write(move |tx| exchanges::cancel(tx, scope, id)).await?;
        self.exchanges.stop(id.0);
        Ok(asked)
    }
}
