//! The step types that reach outside of the machine: HTTP calls and user code.
//!
//! The machine carries out all other types itself (`floe_engine::builtin`). To add a type: a file here with its
//! [`StepSpec`](floe_engine::catalog::StepSpec) and its [`Effect`], and a line in [`effects`].

pub(crate) mod code;
mod config;
pub(crate) mod http_request;

use std::sync::Arc;

use floe_engine::catalog::Catalog;
use floe_runtime::effect::Effect;

use crate::nodes::is_node;

pub use code::Code;
pub use http_request::HttpRequest;

/// Every step type of this slice. Without `code_steps` (a setting of the operator) there is none that runs user code, so
/// that publish refuses it as an unknown type.
#[must_use]
pub fn effects(code_steps: bool) -> Vec<Arc<dyn Effect>> {
    let mut effects: Vec<Arc<dyn Effect>> = vec![Arc::new(HttpRequest)];
    if code_steps {
        effects.push(Arc::new(Code));
    }
    effects
}

/// The built-in step types and these; effects of nodes are added as what carries out node types of the graph language.
#[must_use]
pub fn catalog<'e>(effects: impl IntoIterator<Item = &'e Arc<dyn Effect>>) -> Catalog {
    let mut catalog = Catalog::builtin();
    for effect in effects {
        if is_node(effect.spec().key) {
            catalog.add_node(effect.spec());
        } else {
            catalog.add(effect.spec());
        }
    }
    catalog
}
