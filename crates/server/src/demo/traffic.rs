//! People who come to the app of the demo while it runs: two a second.

use std::time::Duration;

use floe_model::Timestamp;
use floe_model::placements::event::Event;
use floe_runtime::Ctx;
use tokio::time::{MissedTickBehavior, interval};

use super::onboarding::Audience;
use super::story::Chance;
use super::visitors::{self, PEOPLE};

/// Time from one visitor to the next.
const EVERY: Duration = Duration::from_millis(500);
/// Events that have not happened yet are kept up to this number: what lies in the future is reported when its time comes.
const AHEAD_MAX: usize = 10_000;

/// Lets people come until the demo ends; it ends with the process, or with the first thing that cannot be written.
pub(super) fn begin(ctx: Ctx, mut audience: Audience, seed: u64) {
    tokio::spawn(async move {
        if let Err(error) = run(&ctx, &mut audience, seed).await {
            tracing::debug!(%error, "nobody comes to the app of the demo any more");
        }
    });
}

async fn run(ctx: &Ctx, audience: &mut Audience, seed: u64) -> anyhow::Result<()> {
    let mut chance = Chance::of_seed(!seed);
    let mut next = interval(EVERY);
    next.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut ahead: Vec<Event<'static>> = Vec::new();
    let mut number = PEOPLE;
    // The app may be deleted; then nobody has it.
    while audience.look_again().await? {
        next.tick().await;
        let now = ctx.now();
        let visitor = visitors::visitor(&mut chance, number, 0);
        number += 1;
        if ahead.len() < AHEAD_MAX {
            ahead.extend(audience.visit(&visitor, now)?);
        }
        let due = take_due(&mut ahead, now);
        if !due.is_empty() {
            audience.report(&due).await?;
        }
    }
    Ok(())
}

/// Takes what has happened by now.
fn take_due(ahead: &mut Vec<Event<'static>>, now: Timestamp) -> Vec<Event<'static>> {
    let (due, later) = std::mem::take(ahead).into_iter().partition(|event| event.at <= now);
    *ahead = later;
    due
}
