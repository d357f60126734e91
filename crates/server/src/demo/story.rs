//! What happened in the demo before it started: made up from the seed.

use serde_json::{Map, Value, json};

use super::flow::LIMIT_V2;

/// How a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Ending {
    /// Completed without a question.
    AtOnce,
    /// Completed after an approval.
    Approved,
    /// Completed after a rejection.
    Rejected,
    /// Failed: approved, and then refused by the payment service.
    Unpaid,
    /// Cancelled while it waited.
    Cancelled,
    /// Still waits.
    Waiting,
}

/// By which way a run is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// By a program with the key.
    Program,
    /// By a person; true: through the form.
    Person(bool),
}

/// One run of the demo flow.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Story {
    pub(super) inputs: Map<String, Value>,
    pub(super) start: Start,
    pub(super) ending: Ending,
    /// What is said with an answer.
    pub(super) comment: &'static str,
}

/// Runs of version 1: 5 completed, 1 failed.
const UNDER_V1: [(Ending, usize); 3] = [(Ending::AtOnce, 4), (Ending::Approved, 1), (Ending::Unpaid, 1)];
/// Runs of version 2: 15 completed, 2 failed, 1 cancelled. With those above: 20, 3 and 1.
const UNDER_V2: [(Ending, usize); 5] =
    [(Ending::AtOnce, 10), (Ending::Approved, 3), (Ending::Rejected, 2), (Ending::Unpaid, 2), (Ending::Cancelled, 1)];

const CUSTOMERS: [&str; 12] = [
    "Amara Obi",
    "Bola Adeyemi",
    "Chen Li",
    "Dina Haddad",
    "Elif Kaya",
    "Femi Balogun",
    "Grace Mensah",
    "Hugo Lind",
    "Ines Prado",
    "Jonas Weber",
    "Kemi Lawal",
    "Luca Moretti",
];
const REASONS: [&str; 8] = [
    "arrived broken",
    "wrong size",
    "wrong colour",
    "came too late",
    "ordered twice",
    "a part is missing",
    "not as described",
    "changed my mind",
];
const APPROVALS: [&str; 4] = ["photo seen", "known customer", "the courier confirmed it", "fine"];
const REJECTIONS: [&str; 3] = ["no proof of purchase", "after the 30 days", "the parcel was never sent back"];

/// The made-up past of one seed, in the order of time.
pub(super) struct Past {
    /// Runs of version 1.
    pub(super) under_v1: Vec<Story>,
    /// Runs of version 2.
    pub(super) under_v2: Vec<Story>,
    /// The run that waits when the demo is ready.
    pub(super) waiting: Story,
}

impl Past {
    pub(super) fn of_seed(seed: u64) -> Self {
        let mut chance = Chance::of_seed(seed);
        let under_v1 = chance.stories(&UNDER_V1, false);
        let under_v2 = chance.stories(&UNDER_V2, true);
        let waiting = Story { start: Start::Program, ..chance.story(Ending::Waiting, false) };
        Self { under_v1, under_v2, waiting }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same on every machine.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn of_seed(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(super) fn one_of(&mut self, texts: &[&'static str]) -> &'static str {
        texts[self.below(texts.len())]
    }

    fn stories(&mut self, counts: &[(Ending, usize)], has_form: bool) -> Vec<Story> {
        let mut endings: Vec<Ending> =
            counts.iter().flat_map(|&(ending, count)| std::iter::repeat_n(ending, count)).collect();
        for last in (1..endings.len()).rev() {
            endings.swap(last, self.below(last + 1));
        }
        endings.into_iter().map(|ending| self.story(ending, has_form)).collect()
    }

    fn story(&mut self, ending: Ending, has_form: bool) -> Story {
        let amount = self.amount(ending);
        let inputs = json!({ "customer": self.one_of(&CUSTOMERS), "amount": amount, "reason": self.one_of(&REASONS) });
        let Value::Object(inputs) = inputs else { unreachable!("an object was written") };
        let start = match self.below(4) {
            0 => Start::Person(false),
            1 => Start::Person(has_form),
            _ => Start::Program,
        };
        let comment = self.one_of(if ending == Ending::Rejected { &REJECTIONS } else { &APPROVALS });
        Story { inputs, start, ending, comment }
    }

    /// An amount for which the run takes the way to its ending under both versions.
    fn amount(&mut self, ending: Ending) -> Value {
        let whole = match ending {
            Ending::AtOnce => 4 + self.below(LIMIT_V2 as usize - 4),
            Ending::Unpaid => 1_000 + self.below(1_500),
            _ => 251 + self.below(600),
        };
        match self.below(2) {
            0 => json!(whole),
            _ => json!(whole as f64 + 0.5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_has_the_promised_past() {
        for seed in [0, 1, 2, u64::MAX] {
            let past = Past::of_seed(seed);
            let all: Vec<&Story> = past.under_v1.iter().chain(&past.under_v2).collect();
            let count = |endings: &[Ending]| all.iter().filter(|story| endings.contains(&story.ending)).count();
            assert_eq!(count(&[Ending::AtOnce, Ending::Approved, Ending::Rejected]), 20);
            assert_eq!((count(&[Ending::Unpaid]), count(&[Ending::Cancelled]), all.len()), (3, 1, 24));
            assert!(past.under_v1.iter().all(|story| story.start != Start::Person(true)), "version 1 has no form");
            for story in all {
                let amount = story.inputs["amount"].as_f64().expect("a number");
                assert_eq!(amount <= f64::from(LIMIT_V2), story.ending == Ending::AtOnce, "{story:?}");
                assert_eq!(amount >= super::super::receiver::REFUSED_FROM, story.ending == Ending::Unpaid, "{story:?}");
            }
        }
        assert_eq!(Past::of_seed(7).under_v2, Past::of_seed(7).under_v2);
        assert_ne!(Past::of_seed(7).under_v2, Past::of_seed(8).under_v2);
    }
}
