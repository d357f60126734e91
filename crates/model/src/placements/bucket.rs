//! Which bucket a user is in, and which variant a bucket gets (Placements contract, sections 9.2 and 14).
//!
//! Both hashes are part of the contract: the same user and experiment have the same bucket in every implementation, for ever.

/// Start value of 32-bit FNV-1a.
const FNV_START: u32 = 2_166_136_261;
/// Prime of 32-bit FNV-1a.
const FNV_PRIME: u32 = 16_777_619;
/// Buckets of hash version 1: whole percents.
pub const V1_BUCKETS: u32 = 100;
/// Buckets of hash version 2: hundredths of a percent.
pub const V2_BUCKETS: u32 = 10_000;
/// Most digits of a 32-bit number.
const DIGITS_MAX: usize = 10;

/// How an experiment makes buckets of users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HashVersion {
    /// `user_id` and experiment id, 100 buckets; the buckets of different experiments move together.
    V1,
    /// Hashed twice with a seed, 10,000 buckets; experiments are independent of each other.
    V2,
}

impl HashVersion {
    /// The number on the wire and in rows: 1 or 2.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }

    /// Reads the number.
    #[must_use]
    pub const fn of_number(number: i64) -> Option<Self> {
        match number {
            1 => Some(Self::V1),
            2 => Some(Self::V2),
            _ => None,
        }
    }
}

/// 32-bit FNV-1a of some bytes.
#[must_use]
pub fn fnv1a32(bytes: &[u8]) -> u32 {
    go_on(FNV_START, bytes)
}

/// 32-bit FNV-1a of one text directly followed by another.
fn fnv1a32_of_two(first: &str, second: &str) -> u32 {
    go_on(go_on(FNV_START, first.as_bytes()), second.as_bytes())
}

fn go_on(hash: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(FNV_PRIME))
}

/// Bucket of hash version 1, 0 to 99. `experiment_id` is the lower-case hyphenated id.
#[must_use]
pub fn v1(user_id: &str, experiment_id: &str) -> u32 {
    fnv1a32_of_two(user_id, experiment_id) % V1_BUCKETS
}

/// Bucket of hash version 2, 0 to 9,999.
#[must_use]
pub fn v2(seed: &str, user_id: &str) -> u32 {
    let mut digits = [0; DIGITS_MAX];
    fnv1a32(decimal(fnv1a32_of_two(seed, user_id), &mut digits)) % V2_BUCKETS
}

/// The decimal digits of a number, without an allocation.
fn decimal(mut number: u32, digits: &mut [u8; DIGITS_MAX]) -> &[u8] {
    let mut start = DIGITS_MAX;
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[start..];
        }
    }
}

/// The variant of a bucket: the first whose cumulative weight is greater than the bucket. Both are hundredths of a percent
/// (a bucket of version 1 times 100). `None` when the weights sum to no more than the bucket.
#[must_use]
pub fn choose(weights: impl IntoIterator<Item = u32>, bucket: u32) -> Option<usize> {
    let mut cumulative = 0_u32;
    weights.into_iter().position(|weight| {
        cumulative = cumulative.saturating_add(weight);
        cumulative > bucket
    })
}

/// A share of the users in hundredths of a percent, 0 to 10,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

impl Share {
    /// Everybody.
    pub const ALL: Self = Self(V2_BUCKETS);

    /// Hundredths of a percent; `None` above 10,000.
    #[must_use]
    pub const fn of_hundredths(hundredths: u32) -> Option<Self> {
        if hundredths <= V2_BUCKETS { Some(Self(hundredths)) } else { None }
    }

    /// Hundredths of a percent, 0 to 10,000.
    #[must_use]
    pub const fn hundredths(self) -> u32 {
        self.0
    }

    /// Whether a bucket of version 2 is inside. Raising the share never takes anyone out.
    #[must_use]
    pub const fn holds(self, bucket: u32) -> bool {
        bucket < self.0
    }
}

#[cfg(test)]
mod tests;
