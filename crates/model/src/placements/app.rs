//! What is set about an app, and what its screen flows are for (Placements contract, sections 11.1, 12 and 14).

use serde::{Deserialize, Serialize};

use crate::Mode;
use crate::words::words;

/// Seconds for which a device may keep an answer at most (section 11.1).
pub const TTL_MAX: i64 = 86_400;
/// Test users of an app at most.
pub const TEST_USERS_MAX: usize = 1_000;

words! {
    /// What happens to an event whose type is no known one (section 5.3).
    CustomEvents {
        /// It is rejected.
        Reject = "reject",
        /// It is stored, when its name is well formed.
        Accept = "accept",
    }

    /// What a screen flow is for.
    FlowKind {
        /// The first steps in an app.
        Onboarding = "onboarding",
        /// An offer.
        Paywall = "paywall",
        /// Questions.
        Survey = "survey",
        /// An explanation.
        Tutorial = "tutorial",
    }
}

/// What is set about an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppSettings {
    /// Seconds that a device keeps an answer, 0 to [`TTL_MAX`]; none is the default of the mode.
    #[serde(default)]
    pub cache_ttl_seconds: Option<i64>,
    /// What happens to events of unknown types.
    pub custom_events: CustomEvents,
    /// 1 or 2: what new experiments get.
    pub default_hash_version: u8,
    /// Users who are kept out of results.
    #[serde(default)]
    pub test_users: Vec<String>,
}

impl Default for AppSettings {
    fn default() -> Self {
        Self {
            cache_ttl_seconds: None,
            custom_events: CustomEvents::Reject,
            default_hash_version: 1,
            test_users: Vec::new(),
        }
    }
}

impl AppSettings {
    /// Reads the stored text; `None` when it is damaged.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The text that is stored.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("settings with text keys are always JSON")
    }

    /// Seconds that a device keeps an answer (section 11.1): those of the placement, else those of the app, else 300 live and 60 in
    /// test.
    #[must_use]
    pub fn ttl(&self, of_placement: Option<i64>, mode: Mode) -> i64 {
        let usual = match mode {
            Mode::Live => 300,
            Mode::Test => 60,
        };
        of_placement.or(self.cache_ttl_seconds).unwrap_or(usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_as_they_were_stored() {
        let set = AppSettings {
            cache_ttl_seconds: Some(0),
            custom_events: CustomEvents::Accept,
            default_hash_version: 2,
            test_users: vec!["qa-1".to_owned()],
        };
        assert_eq!(AppSettings::read(&set.text()), Some(set));
        assert_eq!(AppSettings::read(&AppSettings::default().text()), Some(AppSettings::default()));
        assert_eq!(AppSettings::read(r#"{"custom_events":"maybe","default_hash_version":1}"#), None);
    }

    #[test]
    fn the_nearest_setting_of_the_time_to_live_counts() {
        let own = AppSettings { cache_ttl_seconds: Some(10), ..AppSettings::default() };
        let none = AppSettings::default();
        for (settings, of_placement, mode, expected) in [
            (&none, None, Mode::Live, 300),
            (&none, None, Mode::Test, 60),
            (&own, None, Mode::Test, 10),
            (&own, Some(0), Mode::Live, 0),
        ] {
            assert_eq!(settings.ttl(of_placement, mode), expected);
        }
    }
}
