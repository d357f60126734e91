//! Lottie animations: JSON with the members that every player asks for.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// The top level of an animation.
#[derive(Deserialize)]
#[allow(dead_code, reason = "the members only have to be there, each of its type")]
struct Animation {
    w: f64,
    h: f64,
    fr: f64,
    ip: f64,
    op: f64,
    layers: Vec<IgnoredAny>,
}

/// Whether the text is an animation: a size, a rate of frames, a first and a last frame, and layers.
pub(super) fn is_lottie(text: &str) -> bool {
    let animation = serde_json::from_str::<Animation>(text);
    animation.is_ok_and(|one| one.w > 0.0 && one.h > 0.0 && one.fr > 0.0 && one.op > one.ip)
}
