//! The PIN that goes with an approval of payments (Treasury contract, section 6): asked for from every member who has set one, and
//! locked for fifteen minutes after five wrong tries.

use floe_model::{Fault, FaultKind, FieldProblem};
use floe_store::access::{failures, members};

use crate::act::Act;
use crate::attempts::{BLOCK_S, blocked_for};
use crate::authenticate::require_member;
use crate::secret::digest_id;
use crate::service::Access;

impl Access {
    /// Checks the PIN that came with an approval. A member who has set none needs none.
    ///
    /// A try is counted before it is looked at, so that many at a time are not more tries than one after the other.
    ///
    /// # Errors
    /// `validation_error` when it is missing, or when there is none to compare; `forbidden` for a wrong one, and while it is locked.
    pub async fn check_pin(&self, act: &Act, pin: Option<&str>) -> Result<(), Fault> {
        let (member, now) = (require_member(&act.ctx.caller)?, act.now());
        let hash = self.platform.store.read(move |tx| members::pin_hash(tx, member)).await?;
        let (hash, pin) = match (hash, pin) {
            (None, None) => return Ok(()),
            (Some(_), None) => return Err(wrong("missing", "field required: you have set a PIN")),
            (None, Some(_)) => return Err(wrong("pattern", "you have not set a PIN")),
            (Some(hash), Some(pin)) => (hash, pin),
        };
        let tries = digest_id(&["pin", &member.to_string()]);
        let counting = self.platform.store.write(move |tx| {
            let found = failures::find(tx, tries)?;
            if let Some(seconds) = found.and_then(|(count, last)| blocked_for(count, last, now)) {
                return Ok(Some(seconds));
            }
            failures::add(tx, tries, now, now.plus_seconds(-BLOCK_S))?;
            Ok(None)
        });
        if let Some(seconds) = counting.await? {
            return Err(Fault::forbidden(format!("PIN is locked; try again in {seconds} seconds")));
        }
        if !self.passwords.verify(pin, Some(&hash)).await? {
            return Err(Fault::forbidden("Wrong PIN"));
        }
        self.platform.store.write(move |tx| failures::clear(tx, tries)).await
    }
}

fn wrong(kind: &'static str, message: &str) -> Fault {
    let problem = FieldProblem::new("/body/pin", kind, message);
    Fault::new(FaultKind::Unprocessable, "validation_error", message).with_fields(vec![problem])
}
