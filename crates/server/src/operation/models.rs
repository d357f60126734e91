//! Model providers, as the doctor looks at them.

use std::pin::Pin;

use floe_agents::models::ModelService;
use floe_operation::doctor::{Check, Examine};

/// The providers of every workspace and of the environment.
pub struct ModelProviders {
    /// Calls them.
    pub models: ModelService,
}

impl Examine for ModelProviders {
    fn examine(&self) -> Pin<Box<dyn Future<Output = Check> + Send + '_>> {
        Box::pin(async move {
            const ID: &str = "model_providers";
            const TITLE: &str = "Model providers";
            match self.models.examine().await {
                Ok((0, _)) => {
                    Check::ok(ID, TITLE, "none is set up: agents answer with the built-in models, where they may")
                }
                Ok((asked, 0)) => Check::ok(ID, TITLE, format!("{asked} answer")),
                Ok((asked, failing)) => {
                    let fix = "Test each one in its workspace (Model providers), and look at its address and key";
                    Check::warn(ID, TITLE, format!("{failing} of {asked} do not answer or do not take their key"), fix)
                }
                Err(fault) => {
                    Check::fail(ID, TITLE, format!("cannot be read: {fault}"), "Look at the other findings first")
                }
            }
        })
    }
}
