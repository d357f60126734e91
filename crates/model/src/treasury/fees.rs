//! Fees for payouts: off, percent or bands, exact and rounded half up to the kobo (treasury contract, section 9.1).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::decimal::{NumberProblem, Rest, scaled};
use super::money::Kobo;

/// Most bands of a tariff.
pub const BANDS_MAX: usize = 20;
/// Units of a hundred percent.
const WHOLE: u32 = 1_000_000;

/// A rate: ten-thousandths of a percent, from 0 to 100 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rate(u32);

/// What a payout costs beside its amount.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FeeSchedule {
    /// Nothing.
    #[default]
    Off,
    /// A share of the amount.
    Percent {
        /// The share.
        percent: Rate,
        /// The least that is taken.
        minimum: Kobo,
    },
    /// A fixed fee by the size of the amount, and tax on that fee.
    Bands {
        /// By ascending limit; the last one has none.
        bands: Vec<FeeBand>,
        /// Tax on the fee.
        vat_percent: Rate,
    },
}

/// What an organisation sets about fees: the tariff, and what becomes of a fee when a bank sends the money back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct FeeSetting {
    /// The tariff.
    #[serde(flatten)]
    pub schedule: FeeSchedule,
    /// Whether the fee of a payout that comes back is given back too; it is kept unless this is set.
    pub refund_on_reversal: bool,
}

/// One line of a tariff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FeeBand {
    /// The largest amount that this fee is for; the last band has none.
    pub up_to: Option<Kobo>,
    /// The fee before tax.
    pub fee: Kobo,
}

/// What is wrong with a tariff of a request: a path below the field `fee`, a word of `errors[].type`, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FeeProblem {
    /// Names and numbers on the way to the wrong value, e.g. `["bands", "1", "fee"]`.
    pub path: Vec<String>,
    /// Word of the contract's list.
    pub kind: &'static str,
    /// What to tell the caller.
    pub message: &'static str,
}

impl FeeSchedule {
    /// What a payout of `amount` costs. Nothing when the fee is out of range, which no amount up to the largest one of a request gives.
    #[must_use]
    pub fn fee_of(&self, amount: Kobo) -> Option<Kobo> {
        match self {
            Self::Off => Some(Kobo::ZERO),
            Self::Percent { percent, minimum } => Some(percent.of(amount)?.max(*minimum)),
            Self::Bands { bands, vat_percent } => {
                let band = bands.iter().find(|band| band.up_to.is_none_or(|limit| amount <= limit))?;
                band.fee.checked_add(vat_percent.of(band.fee)?)
            }
        }
    }

    /// Reads a tariff from the JSON text of the field `fee`: `{"kind":"off"}`, `{"kind":"percent","percent":0.6,"minimum":50}` or
    /// `{"kind":"bands","bands":[{"up_to":5000,"fee":10},{"up_to":null,"fee":50}],"vat_percent":7.5}`. Rates have at most four
    /// decimals; `minimum` and `vat_percent` are 0 when absent.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn read(json: &str) -> Result<Self, FeeProblem> {
        let wire: FeeIn<'_> = serde_json::from_str(json)
            .map_err(|_| problem(&[], "pattern", "must be an object with a kind and its values"))?;
        Self::of_wire(wire)
    }

    fn of_wire(wire: FeeIn<'_>) -> Result<Self, FeeProblem> {
        match wire.kind.as_ref() {
            "off" => Ok(Self::Off),
            "percent" => {
                let rate = wire.percent.ok_or(problem(&["percent"], "missing", "is required for this kind"))?;
                Ok(Self::Percent {
                    percent: Rate::read(rate.get()).map_err(|wrong| wrong.at(&["percent"]))?,
                    minimum: read_amount(wire.minimum, &["minimum"])?,
                })
            }
            "bands" => Ok(Self::Bands {
                bands: read_bands(wire.bands.unwrap_or_default())?,
                vat_percent: match wire.vat_percent {
                    Some(rate) => Rate::read(rate.get()).map_err(|wrong| wrong.at(&["vat_percent"]))?,
                    None => Rate::default(),
                },
            }),
            _ => Err(problem(&["kind"], "enum", "must be one of off, percent, bands")),
        }
    }
}

impl FeeSetting {
    /// Reads what [`FeeSchedule::read`] does, with `"refund_on_reversal":true` beside it; without that word it is false.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn read(json: &str) -> Result<Self, FeeProblem> {
        let wire: FeeIn<'_> = serde_json::from_str(json)
            .map_err(|_| problem(&[], "pattern", "must be an object with a kind and its values"))?;
        let refund_on_reversal = match wire.refund_on_reversal.map(RawValue::get) {
            None | Some("false" | "null") => false,
            Some("true") => true,
            Some(_) => return Err(problem(&["refund_on_reversal"], "bool_type", "must be true or false")),
        };
        Ok(Self { schedule: FeeSchedule::of_wire(wire)?, refund_on_reversal })
    }
}

#[derive(Deserialize)]
struct FeeIn<'a> {
    #[serde(borrow)]
    kind: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    percent: Option<&'a RawValue>,
    #[serde(borrow)]
    minimum: Option<&'a RawValue>,
    #[serde(borrow)]
    bands: Option<Vec<BandIn<'a>>>,
    #[serde(borrow)]
    vat_percent: Option<&'a RawValue>,
    #[serde(borrow)]
    refund_on_reversal: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct BandIn<'a> {
    #[serde(borrow)]
    up_to: Option<&'a RawValue>,
    #[serde(borrow)]
    fee: Option<&'a RawValue>,
}

fn read_bands(wire: Vec<BandIn<'_>>) -> Result<Vec<FeeBand>, FeeProblem> {
    if wire.is_empty() || wire.len() > BANDS_MAX {
        return Err(problem(&["bands"], "pattern", "must be a list of 1 to 20 bands"));
    }
    let last = wire.len() - 1;
    let mut bands: Vec<FeeBand> = Vec::with_capacity(wire.len());
    for (at, band) in wire.into_iter().enumerate() {
        let number = at.to_string();
        let up_to = match band.up_to {
            Some(limit) => Some(Kobo::read(limit.get()).map_err(|wrong| wrong.at(&["bands", &number, "up_to"]))?),
            None => None,
        };
        if up_to.is_none() != (at == last) {
            return Err(problem(
                &["bands", &number, "up_to"],
                "pattern",
                "must be null in the last band, and there only",
            ));
        }
        let before = bands.last().and_then(|band| band.up_to);
        if up_to.is_some_and(|limit| before.is_some_and(|before| limit <= before)) {
            return Err(problem(
                &["bands", &number, "up_to"],
                "greater_than",
                "must be greater than that of the band before",
            ));
        }
        if band.fee.is_none() {
            return Err(problem(&["bands", &number, "fee"], "missing", "is required"));
        }
        bands.push(FeeBand { up_to, fee: read_amount(band.fee, &["bands", &number, "fee"])? });
    }
    Ok(bands)
}

fn read_amount(json: Option<&RawValue>, path: &[&str]) -> Result<Kobo, FeeProblem> {
    json.map_or(Ok(Kobo::ZERO), |json| Kobo::read_from_zero(json.get()).map_err(|wrong| wrong.at(path)))
}

fn problem(path: &[&str], kind: &'static str, message: &'static str) -> FeeProblem {
    FeeProblem { path: path.iter().map(|&part| part.to_owned()).collect(), kind, message }
}

impl NumberProblem {
    fn at(self, path: &[&str]) -> FeeProblem {
        problem(path, self.kind, self.message)
    }
}

impl Rate {
    /// A rate of ten-thousandths of a percent, held at 100 %.
    #[must_use]
    pub const fn from_units(units: u32) -> Self {
        Self(if units > WHOLE { WHOLE } else { units })
    }

    /// This share of an amount, rounded half up to the kobo.
    fn of(self, amount: Kobo) -> Option<Kobo> {
        let (rate, whole) = (i128::from(self.0), i128::from(WHOLE));
        i64::try_from((i128::from(amount.minor()) * rate + whole / 2).div_euclid(whole)).ok().map(Kobo)
    }

    fn read(json: &str) -> Result<Self, NumberProblem> {
        let scaled = scaled(json, 4).ok_or(NumberProblem::TYPE)?;
        if scaled.negative {
            return Err(NumberProblem { kind: "greater_than_equal", message: "must be greater than or equal to 0" });
        }
        match (scaled.whole.and_then(|whole| u32::try_from(whole).ok()).filter(|&whole| whole <= WHOLE), scaled.rest) {
            (Some(units), Rest::Nothing) => Ok(Self(units)),
            (Some(units), _) if units < WHOLE => {
                Err(NumberProblem { kind: "decimal_places", message: "must have no more than 4 decimal places" })
            }
            _ => Err(NumberProblem { kind: "less_than_equal", message: "must be less than or equal to 100" }),
        }
    }
}

/// Percent without trailing zeros: `0.6`, `7.5`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:04}", self.0 / 10_000, self.0 % 10_000);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl Serialize for Rate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests;
