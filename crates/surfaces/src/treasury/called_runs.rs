//! Payment runs as nodes of workflows: a node is configured with what the body of a new run holds (Treasury contract, section 2.1), and is
//! read by the same rules, so that a mistake is named in the same words.

use std::sync::Arc;

use floe_engine::event::StepError;
use floe_engine::plan::Callee;
use floe_model::id::{PaymentRunId, RunId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_runtime::child_runs::{ChildCall, ChildFuture, ChildRuns, Hindrance};
use floe_store::Tx;
use floe_treasury::Treasury;
use floe_treasury::runs::called;
use serde_json::{Map, Number, Value, json};

use super::input::Input;
use super::runs::read_new_run;

/// Members that hold numbers, which may have become text on their way through a workflow.
const NUMBERS: [&str; 4] = ["amount", "amount_each", "budget_cap", "risk_tolerance"];
/// Members that hold money: what computing with binary numbers adds to it is taken off again.
const MONEY: [&str; 3] = ["amount", "amount_each", "budget_cap"];
/// Lists that may have become JSON text on their way.
const LISTS: [&str; 2] = ["candidates", "recipient_ids"];
/// Members of a configuration that may come to nothing.
const DAYS: [&str; 2] = ["dateFrom", "dateTo"];
/// By how much of a kobo a computed amount may be off.
const NOISE: f64 = 1e-4;

/// Payment runs that runs of flows call.
pub struct PaymentRuns(Arc<Treasury>);

impl PaymentRuns {
    /// Those of a treasury.
    #[must_use]
    pub const fn new(treasury: Arc<Treasury>) -> Self {
        Self(treasury)
    }
}

impl ChildRuns for PaymentRuns {
    fn callee(&self) -> Callee {
        Callee::PaymentRun
    }

    fn start(&self, call: ChildCall) -> ChildFuture<'_, Result<RunId, Hindrance>> {
        Box::pin(async move {
            let body = body(&call.input)?.to_string();
            let mut input = Input::of_bytes(body.as_bytes()).map_err(refused)?;
            let new = read_new_run(&mut input, self.0.directory);
            input.finish().map_err(refused)?;
            let (treasury, id) = (Arc::clone(&self.0), self.0.platform.ids.next());
            let act = move |tx: &mut Tx<'_>| called::call(tx, &treasury, &call, id, &new);
            let made = self.0.platform.store.write(act).await.map_err(refused)?;
            Ok(RunId(made.0))
        })
    }

    fn outcome(
        &self,
        workspace: WorkspaceId,
        child: RunId,
    ) -> ChildFuture<'_, Result<Option<Result<Value, StepError>>, Fault>> {
        let (treasury, id) = (Arc::clone(&self.0), PaymentRunId(child.0));
        Box::pin(self.0.platform.store.read(move |tx| called::outcome(tx, &treasury, workspace, id)))
    }

    fn cancel(&self, workspace: WorkspaceId, child: RunId) -> ChildFuture<'_, Result<(), Fault>> {
        let (treasury, id) = (Arc::clone(&self.0), PaymentRunId(child.0));
        Box::pin(self.0.platform.store.write(move |tx| called::give_up(tx, &treasury, workspace, id)))
    }
}

/// The body of a new run that a configuration stands for.
///
/// What says whom to pay, and how much, must not come to nothing on its way: a run without payees is planned from its words, and one
/// without a budget has none.
fn body(config: &Value) -> Result<Value, StepError> {
    let given = config.as_object().cloned().unwrap_or_default();
    if let Some((name, _)) = given.iter().find(|(name, value)| !DAYS.contains(&name.as_str()) && is_nothing(value)) {
        return Err(invalid(name, "is empty"));
    }
    let mut body = members(given, "")?;
    for name in LISTS {
        let parsed = body.get(name).and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
        if let Some(list) = parsed {
            body.insert(name.to_owned(), list);
        }
    }
    if let Some(Value::Array(candidates)) = body.get_mut("candidates") {
        for (at, candidate) in candidates.iter_mut().enumerate() {
            if let Value::Object(given) = candidate {
                *given = members(std::mem::take(given), &format!("candidates/{at}/"))?;
            }
        }
    }
    Ok(Value::Object(body))
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// Members in the spelling of the treasury, with numbers as numbers. What is empty is not there.
fn members(given: Map<String, Value>, place: &str) -> Result<Map<String, Value>, StepError> {
    let mut members = Map::new();
    for (name, value) in given.into_iter().filter(|(_, value)| !is_nothing(value)) {
        let name = snake(&name);
        let value = if NUMBERS.contains(&name.as_str()) { number(&name, value) } else { value };
        if members.contains_key(&name) {
            return Err(invalid(&format!("{place}{name}"), "is given twice"));
        }
        members.insert(name, value);
    }
    Ok(members)
}

fn invalid(field: &str, what: &str) -> StepError {
    let details = json!({ "fields": [{ "field": field, "message": what }] });
    StepError::new("VALIDATION", format!("The payment run was refused: {field} {what}")).with_details(details)
}

fn number(name: &str, value: Value) -> Value {
    let read = match &value {
        Value::String(text) => serde_json::from_str::<Number>(text.trim()).ok(),
        Value::Number(number) => Some(number.clone()),
        _ => None,
    };
    let Some(number) = read else { return value };
    let is_money = MONEY.contains(&name);
    let computed = if is_money && number.is_f64() { number.as_f64() } else { None };
    let kobo = computed.map(|amount| amount * 100.0).filter(|kobo| (kobo - kobo.round()).abs() < NOISE);
    let plain = kobo.and_then(|kobo| Number::from_f64(kobo.round() / 100.0));
    Value::Number(plain.unwrap_or(number))
}

/// `amountEach` as `amount_each`.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// Why there is no run, in the codes of workflows (Workflow API contract, section 17).
fn refused(fault: Fault) -> Hindrance {
    let code = match fault.kind() {
        FaultKind::Internal | FaultKind::Overloaded | FaultKind::StorageFull | FaultKind::RateLimited => {
            return Hindrance::Database(fault);
        }
        FaultKind::Forbidden => "AUTH",
        FaultKind::PaymentRequired => "NO_CREDITS",
        FaultKind::NotFound => "NOT_FOUND",
        _ => "VALIDATION",
    };
    let fields: Vec<Value> = fault
        .fields()
        .iter()
        .map(|problem| json!({ "field": problem.path.trim_start_matches("/body/"), "message": problem.message }))
        .collect();
    let message = match fields.first() {
        Some(first) => format!(
            "The payment run was refused: {} {}",
            first["field"].as_str().unwrap_or_default(),
            first["message"].as_str().unwrap_or_default()
        ),
        None => fault.message().to_owned(),
    };
    Hindrance::Refused(StepError::new(code, message).with_details(json!({ "fields": fields })))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::body;

    #[test]
    fn a_configuration_is_the_body_of_a_new_run() {
        let config = json!({
            "objective": "Pay", "budgetCap": "5000.50", "riskTolerance": 0.3, "dateFrom": "", "dateTo": null,
            "candidates": r#"[{"beneficiaryName":"Ada","account_number":"0123456789","institutionCode":"058","amount":59.969999999999995}]"#,
        });
        let candidate = json!({
            "beneficiary_name": "Ada", "account_number": "0123456789", "institution_code": "058", "amount": 59.97,
        });
        let expected =
            json!({ "objective": "Pay", "budget_cap": 5000.5, "risk_tolerance": 0.3, "candidates": [candidate] });
        assert_eq!(body(&config).expect("a body"), expected);
        // What is no number, or no amount, is left to be refused.
        let wrong = json!({ "amountEach": "a lot", "budgetCap": 0.125, "candidates": "none" });
        let read = body(&wrong).expect("a body");
        assert_eq!(read, json!({ "amount_each": "a lot", "budget_cap": 0.125, "candidates": "none" }));
    }

    #[test]
    fn payees_and_limits_that_came_to_nothing_are_refused() {
        let twice = json!([{ "accountNumber": "0123456789", "account_number": "9876543210" }]);
        for (config, expected) in [
            (json!({ "objective": "Pay", "candidates": null }), "candidates is empty"),
            (json!({ "objective": "Pay", "candidates": " " }), "candidates is empty"),
            (json!({ "objective": "Pay", "recipientIds": "" }), "recipientIds is empty"),
            (json!({ "objective": "Pay", "budgetCap": null }), "budgetCap is empty"),
            (json!({ "objective": "Pay", "candidates": twice }), "candidates/0/account_number is given twice"),
        ] {
            let refused = body(&config).expect_err("it is refused");
            assert_eq!(refused.message, format!("The payment run was refused: {expected}"), "{config}");
        }
    }
}
