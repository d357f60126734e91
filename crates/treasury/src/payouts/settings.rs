//! What an operator sets about money.

use std::path::PathBuf;

use floe_model::treasury::Schedule;

/// The institution code of the simulated bank: no real one has it.
const OWN_INSTITUTION: &str = "000999";

/// Who tells of money that came in, and the secret with which that is signed.
#[derive(Clone)]
pub struct FundingProvider {
    /// Its name in the address of its notices.
    pub name: String,
    /// The key of HMAC-SHA-512.
    pub secret: String,
}

/// Shows the name only: a secret does not belong into logs.
impl std::fmt::Debug for FundingProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FundingProvider({})", self.name)
    }
}

/// What an operator sets about payouts and funding.
#[derive(Debug, Clone)]
pub struct PayoutSettings {
    /// When what is done again.
    pub schedule: Schedule,
    /// How long the simulator takes to answer, milliseconds.
    pub simulator_delay_ms: u64,
    /// The folder of the file rail, which then is the rail of live mode; none: live mode has no rail.
    pub file_rail: Option<PathBuf>,
    /// Six digits: who sends; rail references begin with it.
    pub institution_code: String,
    /// Three, five or six digits: the bank at which virtual accounts are.
    pub virtual_bank_code: String,
    /// Its name.
    pub virtual_bank_name: String,
    /// Whether owners may add money by hand in live mode.
    pub manual_credit: bool,
    /// Who tells of money that came in.
    pub funding: Vec<FundingProvider>,
}

impl Default for PayoutSettings {
    fn default() -> Self {
        Self {
            schedule: Schedule::default(),
            simulator_delay_ms: 0,
            file_rail: None,
            institution_code: OWN_INSTITUTION.to_owned(),
            virtual_bank_code: OWN_INSTITUTION.to_owned(),
            virtual_bank_name: "Floe Simulated Bank".to_owned(),
            manual_credit: false,
            funding: Vec::new(),
        }
    }
}
