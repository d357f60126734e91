//! Who came to the app of the demo in the last two weeks, and what they did: made up from the seed.
//!
//! Whether somebody finishes is decided block by block for each variant, so that of any [`BLOCK`] people in a row exactly the promised
//! share does: the rates that the experiment shows are the true ones, whatever the seed.

use super::story::Chance;

/// Days of the past.
pub(super) const DAYS: usize = 14;
/// People in these days who are shown a flow.
pub(super) const PEOPLE: usize = 2_000;
/// People in a row of whom the promised share finishes.
const BLOCK: usize = 25;
/// Of a block, how many finish the long flow (20 %), and how many the short one (24 %).
pub(super) const FINISHERS: [usize; 2] = [5, 6];
/// Out of a hundred people who finish, how many buy something.
const BUYERS_OF_100: usize = 30;
/// Microseconds of a day.
pub(super) const DAY_US: i64 = 86_400 * 1_000_000;

const COUNTRIES: [&str; 6] = ["NG", "NG", "NG", "GH", "KE", "ZA"];
const VERSIONS: [&str; 3] = ["2.0.3", "2.1.0", "2.1.0"];
/// What can be bought, in whole naira.
const PRICES: [i64; 3] = [4_500, 9_900, 24_000];

/// Somebody who came.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Visitor {
    /// Counts from 0 in the order of coming.
    pub(super) number: usize,
    /// Microseconds from the beginning of the past to the moment of coming.
    pub(super) after_us: i64,
    pub(super) country: &'static str,
    pub(super) app_version: &'static str,
}

/// What somebody did with a flow.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Visit {
    /// Screens that were seen, from the first one, with the milliseconds on each; at least one.
    pub(super) screens_ms: Vec<i64>,
    /// Whether the flow was finished; else it was left on the last screen seen.
    pub(super) finished: bool,
    /// Whole naira that were paid at the end.
    pub(super) paid: Option<i64>,
}

/// Everybody of the past, in the order of coming: more at the end than at the beginning, and few at night.
pub(super) fn of_the_past(seed: u64) -> Vec<Visitor> {
    let mut chance = Chance::of_seed(seed ^ 0x6c61_676f_735f_6669);
    let mut moments: Vec<i64> = (0..PEOPLE).map(|_| moment(&mut chance)).collect();
    moments.sort_unstable();
    moments.into_iter().enumerate().map(|(number, after_us)| visitor(&mut chance, number, after_us)).collect()
}

/// Somebody who comes at a moment.
pub(super) fn visitor(chance: &mut Chance, number: usize, after_us: i64) -> Visitor {
    Visitor { number, after_us, country: chance.one_of(&COUNTRIES), app_version: chance.one_of(&VERSIONS) }
}

fn moment(chance: &mut Chance) -> i64 {
    // Half of the people come on any day, the other half rather later than earlier.
    let day = chance.below(DAYS);
    let day = if chance.below(2) == 0 { day } else { day.max(chance.below(DAYS)) };
    let hour = loop {
        let hour = chance.below(24);
        if (6..23).contains(&hour) || chance.below(5) == 0 {
            break hour;
        }
    };
    let second = (hour * 3_600 + chance.below(3_600)) as i64;
    day as i64 * DAY_US + second * 1_000_000 + chance.below(1_000_000) as i64
}

/// Decides for each variant who finishes.
pub(super) struct Fates {
    chance: Chance,
    blocks: [Vec<bool>; 2],
}

impl Fates {
    pub(super) fn of_seed(seed: u64) -> Self {
        Self { chance: Chance::of_seed(seed ^ 0x7769_6e64_6f77_7321), blocks: [Vec::new(), Vec::new()] }
    }

    /// What the next person with a variant does; 0 is the control. `screens` is how many its flow has.
    pub(super) fn next(&mut self, variant: usize, screens: usize) -> Visit {
        let finished = self.finishes(variant.min(1));
        let seen = if finished { screens } else { 1 + self.chance.below(screens) };
        let screens_ms = (0..seen.max(1)).map(|_| (1_200 + self.chance.below(14_000)) as i64).collect();
        let buys = finished && self.chance.below(100) < BUYERS_OF_100;
        let paid = buys.then(|| PRICES[self.chance.below(PRICES.len())]);
        Visit { screens_ms, finished, paid }
    }

    fn finishes(&mut self, variant: usize) -> bool {
        let block = &mut self.blocks[variant];
        if block.is_empty() {
            block.extend((0..BLOCK).map(|place| place < FINISHERS[variant]));
            for last in (1..BLOCK).rev() {
                block.swap(last, self.chance.below(last + 1));
            }
        }
        block.pop().unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_comes_in_two_weeks_and_the_seed_decides() {
        let people = of_the_past(1);
        assert_eq!((people.len(), people == of_the_past(1), people == of_the_past(2)), (PEOPLE, true, false));
        assert!(people.is_sorted_by_key(|one| one.after_us));
        assert!(people.iter().all(|one| (0..DAYS as i64 * DAY_US).contains(&one.after_us)));
        let of_day = |day: i64| people.iter().filter(|one| one.after_us / DAY_US == day).count();
        assert!((0..DAYS as i64).all(|day| of_day(day) > 20), "{:?}", (0..14).map(of_day).collect::<Vec<_>>());
    }

    #[test]
    fn exactly_the_promised_share_finishes() {
        for seed in [0, 1, u64::MAX] {
            let mut fates = Fates::of_seed(seed);
            for (variant, finishers) in FINISHERS.into_iter().enumerate() {
                let visits: Vec<Visit> = (0..BLOCK * 40).map(|_| fates.next(variant, 4)).collect();
                for block in visits.chunks(BLOCK) {
                    assert_eq!(block.iter().filter(|visit| visit.finished).count(), finishers);
                }
                assert!(visits.iter().all(|visit| !visit.finished || visit.screens_ms.len() == 4));
                assert!(visits.iter().all(|visit| (1..=4).contains(&visit.screens_ms.len())));
                assert!(visits.iter().any(|visit| visit.paid.is_some()));
                assert!(visits.iter().all(|visit| visit.finished || visit.paid.is_none()));
            }
        }
    }
}
