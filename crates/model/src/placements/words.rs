//! The words of placements on the wire and in rows (Placements contract, sections 2.1, 7 and 12).

use crate::words::words;

words! {
    /// What an app runs on.
    Platform {
        /// An iPhone or iPad.
        Ios = "ios",
        /// An Android device.
        Android = "android",
        /// A browser.
        Web = "web",
    }

    /// Whether a placement answers with flows.
    PlacementStatus {
        /// It does.
        Active = "active",
        /// It answers that there is nothing to show.
        Paused = "paused",
    }

    /// Why there is nothing to show (section 7.1).
    NoFlow {
        /// The app has no placement of this key.
        PlacementNotFound = "placement_not_found",
        /// The placement is paused.
        PlacementPaused = "placement_paused",
        /// The placement is not for this platform.
        PlatformMismatch = "platform_mismatch",
        /// Before or after the time of the placement.
        ScheduleInactive = "schedule_inactive",
        /// The user is outside the rolled out share.
        RolloutExcluded = "rollout_excluded",
        /// The user is not in the audience.
        AudienceMismatch = "audience_mismatch",
        /// There is no default version.
        NoDefaultFlow = "no_default_flow",
    }
}

/// A set of platforms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Platforms(u8);

impl Platforms {
    /// Every platform.
    pub const ALL: Self = Self(0b111);

    /// The set of the given ones.
    #[must_use]
    pub fn of(platforms: &[Platform]) -> Self {
        Self(platforms.iter().fold(0, |set, platform| set | bit(*platform)))
    }

    /// Whether the platform is in the set.
    #[must_use]
    pub const fn has(self, platform: Platform) -> bool {
        self.0 & bit(platform) != 0
    }

    /// Whether no platform is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The platforms of the set, in the order of the contract.
    pub fn iter(self) -> impl Iterator<Item = Platform> {
        Platform::ALL.iter().copied().filter(move |platform| self.has(*platform))
    }
}

const fn bit(platform: Platform) -> u8 {
    1 << platform as u8
}
