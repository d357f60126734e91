//! Flows: who may do what with one, what its settings may be, and how its versions follow each other.

mod access;
pub mod cron;
mod engine;
mod pointers;
mod schedule;
mod settings;
pub mod trigger;
mod words;

pub use access::{FlowAccess, Grant, Level, Permitted, Sharing, Visibility, level_of};
pub use cron::{Cron, InvalidCron, Zone};
pub use engine::{Activity, Engine};
pub use pointers::{Edit, Pointers, Published, Refusal, VersionStatus};
pub use schedule::{Occasion, Overlap, ScheduleSource, settle};
pub use settings::FlowSettings;
pub use words::{DESCRIPTION_MAX, ICON_MAX, NAME_MAX, SUMMARY_MAX, TAG_MAX, TAGS_MAX};
