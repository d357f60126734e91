//! Compiled definitions, kept by the digest of their text.

use std::sync::Arc;

use floe_engine::catalog::Catalog;
use floe_engine::lang;
use floe_engine::plan::Plan;
use floe_model::{Fault, FaultKind};
use quick_cache::sync::Cache;
use serde_json::json;

/// Plans kept at most; a plan of a usual flow takes some tens of kilobytes.
const PLANS_MAX: usize = 512;

/// Compiles definitions, each once.
pub struct Plans {
    catalog: Arc<Catalog>,
    cache: Cache<[u8; 32], Arc<Plan>>,
}

impl Plans {
    /// A cache over a catalogue.
    #[must_use]
    pub fn new(catalog: Arc<Catalog>) -> Self {
        Self { catalog, cache: Cache::new(PLANS_MAX) }
    }

    /// What definitions are compiled with.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The plan of a definition, if it was compiled before.
    #[must_use]
    pub fn known(&self, hash: &[u8; 32]) -> Option<Arc<Plan>> {
        self.cache.get(hash)
    }

    /// The plan of a definition.
    ///
    /// # Errors
    /// `invalid_definition` with its problems; a draft can have some.
    pub fn compile(&self, hash: [u8; 32], text: &str) -> Result<Arc<Plan>, Fault> {
        if let Some(plan) = self.cache.get(&hash) {
            return Ok(plan);
        }
        let definition = serde_json::from_str(text).map_err(Fault::internal)?;
        let plan = lang::plan(&definition, &self.catalog).map_err(|refused| {
            let message = format!("The definition has {} problem(s)", refused.errors);
            let fault = Fault::new(FaultKind::Unprocessable, "invalid_definition", message);
            fault.with_details(json!({ "problems": refused.problems }))
        })?;
        let plan = Arc::new(plan);
        self.cache.insert(hash, Arc::clone(&plan));
        Ok(plan)
    }
}
