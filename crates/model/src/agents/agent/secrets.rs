//! Secrets inside of tools: taken out before a configuration is stored or shown, put back for whoever calls the tools.

use std::collections::BTreeMap;

use super::{AgentConfig, ToolKind};

/// What stands in the place of a secret; sent back, it keeps the stored value.
pub const HIDDEN: &str = "***";

/// The secrets of a configuration by their places, e.g. `0/Authorization`.
pub type Secrets = BTreeMap<String, String>;

impl AgentConfig {
    /// The configuration with [`HIDDEN`] in the place of each secret, and the secrets.
    #[must_use]
    pub fn apart(&self) -> (Self, Secrets) {
        let mut hidden = self.clone();
        let mut secrets = Secrets::new();
        hidden.each_secret(|place, value| {
            secrets.insert(place, std::mem::replace(value, HIDDEN.to_owned()));
        });
        (hidden, secrets)
    }

    /// Puts secrets back into their places; a place without one keeps what it has.
    #[must_use]
    pub fn whole(mut self, secrets: &Secrets) -> Self {
        self.each_secret(|place, value| {
            if let Some(secret) = secrets.get(&place) {
                value.clone_from(secret);
            }
        });
        self
    }

    fn each_secret(&mut self, mut visit: impl FnMut(String, &mut String)) {
        for (at, tool) in self.tools.iter_mut().enumerate() {
            let (ToolKind::Http { headers, .. } | ToolKind::Mcp { headers, .. }) = &mut tool.kind else { continue };
            for (name, value) in headers {
                visit(format!("{at}/{name}"), value);
            }
        }
    }
}
