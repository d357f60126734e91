//! Lengths of the texts of a flow, in characters (Flow API contract, section 5; those that it leaves open are ours).

/// A name has 1 to so many.
pub const NAME_MAX: usize = 200;
/// A description.
pub const DESCRIPTION_MAX: usize = 10_000;
/// An icon: a word, an emoji or an address.
pub const ICON_MAX: usize = 2_000;
/// Tags of a flow.
pub const TAGS_MAX: usize = 20;
/// One tag has 1 to so many.
pub const TAG_MAX: usize = 100;
/// What a version says of itself.
pub const SUMMARY_MAX: usize = 2_000;
