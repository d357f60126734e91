//! Editing with a model's help (Flow API contract, section 11).
//!
//! The model's text is data: it is parsed, checked as at publish, and sent back with what is wrong at most twice; what has changed is
//! found by comparing definitions and never taken from the model. Nothing is published here.
//!
//! Start reading with [`Flows::propose`], then `answer.rs` for what is made of a text.

mod answer;
mod prompt;

use std::sync::Arc;

use floe_engine::lang::steps::{self, Change, Op, compare};
use floe_engine::lang::{Problem, Severity};
use floe_model::id::{FlowId, MemberId};
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_runtime::models::{ChatMessage, DEFAULT_MODEL, ModelCall, ModelFailure, ModelFault, Models, Usage};
use floe_runtime::paid::{self, Bill, Unpaid};
use floe_store::access::credit_entries::Origin;
use serde_json::{Value, json};

use crate::Flows;
use crate::definitions::{Content, missing};
use answer::Answered;

/// Times that a model is asked to repair its answer (Flow API contract, section 11).
const REPAIRS_MAX: usize = 2;
/// Time for one answer, in milliseconds.
const ANSWER_MS: u64 = 60_000;
/// Problems that a model is told of at a time.
const TOLD_MAX: usize = 20;

/// What shall be done.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// In a person's words.
    pub prompt: String,
    /// What to begin with; null for nothing.
    pub definition: Value,
    /// Name and description of the flow that is edited.
    pub labels: Option<(String, String)>,
    /// Steps that it is about; empty for all.
    pub steps: Vec<String>,
    /// The model; the default one otherwise.
    pub model: Option<String>,
    /// The flow that is edited, with its owner.
    pub flow: Option<(FlowId, Option<MemberId>)>,
}

/// What a model proposes, after our checks.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The definition.
    pub content: Content,
    /// The same as a value.
    pub definition: Value,
    /// Name of the flow.
    pub name: String,
    /// What it does.
    pub description: String,
    /// What was changed, in the model's words.
    pub summary: String,
    /// What is different.
    pub changes: Vec<Change>,
    /// What publishing it would say.
    pub problems: Vec<Problem>,
    /// The model that answered last.
    pub model: String,
    /// Tokens of all answers.
    pub usage: Usage,
    /// Credits of all answers, in thousandths.
    pub credits: i64,
}

impl Proposal {
    /// Whether publish would take it.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.problems.iter().all(|problem| problem.severity != Severity::Error)
    }
}

impl Flows {
    /// Asks a model for a definition.
    ///
    /// # Errors
    /// 400 for steps that are not there and for an unknown model; 402 `no_credits`; 503 `model_unavailable`; 422
    /// `invalid_definition` for answers that stay unusable.
    pub async fn propose(&self, ctx: &Ctx, wish: Wish) -> Result<Proposal, Fault> {
        let models = self.models.clone().ok_or_else(|| unavailable("No model is set up"))?;
        check_steps(&wish)?;
        let mut asking = Asking::new(self, ctx, models, wish);
        let mut last = asking.ask().await?;
        for _ in 0..REPAIRS_MAX {
            let complaint = match &last {
                Err(complaint) => complaint.clone(),
                Ok(proposal) => match asking.complaint(proposal) {
                    Some(complaint) => complaint,
                    None => break,
                },
            };
            asking.say(&complaint);
            // An answer that is worse than the one before does not take its place.
            match (asking.ask().await?, &last) {
                (Err(_), Ok(_)) => break,
                (next, _) => last = next,
            }
        }
        let mut proposal = last.map_err(unusable)?;
        (proposal.usage, proposal.credits) = (asking.usage, asking.credits);
        Ok(proposal)
    }
}

/// A conversation with a model about a definition.
struct Asking<'f> {
    flows: &'f Flows,
    ctx: Ctx,
    models: Arc<dyn Models>,
    wish: Wish,
    call: ModelCall,
    asked: usize,
    usage: Usage,
    credits: i64,
}

impl<'f> Asking<'f> {
    fn new(flows: &'f Flows, ctx: &Ctx, models: Arc<dyn Models>, wish: Wish) -> Self {
        let call = ModelCall {
            model: wish.model.clone(),
            system: Some(prompt::instructions(&flows.catalog)),
            messages: vec![ChatMessage::user(prompt::question(&wish))],
            temperature: Some(0.0),
            response_schema: Some(answer::schema()),
            deadline_ms: ANSWER_MS,
            ..ModelCall::default()
        };
        Self { flows, ctx: ctx.clone(), models, wish, call, asked: 0, usage: Usage::default(), credits: 0 }
    }

    /// The model's next answer: a definition of the right shape, or what is wrong with its text.
    async fn ask(&mut self) -> Result<Result<Proposal, String>, Fault> {
        let scope = self.ctx.caller.scope();
        self.asked += 1;
        let bill = Bill {
            reference: format!("enhance:{}:{}", self.ctx.request_id, self.asked),
            origin: Origin { product: Some("flows".to_owned()), ..Origin::default() },
            flow: self.wish.flow.map(|(flow, _)| flow),
        };
        let paid = paid::call(&self.flows.platform, self.models.as_ref(), scope, &bill, &self.call, None).await;
        let paid = paid.map_err(|unpaid| refused(unpaid, self.wish.model.as_deref()))?;
        self.usage.input_tokens += paid.reply.usage.input_tokens;
        self.usage.output_tokens += paid.reply.usage.output_tokens;
        self.credits += paid.credits;
        self.call.messages.push(ChatMessage::assistant(paid.reply.text.clone()));
        match answer::read(&paid.reply.text) {
            Ok(answered) => self.check(answered, paid.reply.model).await,
            Err(complaint) => Ok(Err(complaint)),
        }
    }

    async fn check(&self, answered: Answered, model: String) -> Result<Result<Proposal, String>, Fault> {
        let content = match Content::take(&answered.definition, &self.flows.catalog) {
            Ok(content) => content,
            Err(fault) => return Ok(Err(fault.message().to_owned())),
        };
        let mut problems = content.problems.clone();
        problems.extend(self.missing(&answered.definition).await?);
        problems.sort_by_key(|problem| problem.severity);
        problems.truncate(steps::PROBLEMS_MAX);
        let (name, description) = match self.wish.labels.clone() {
            Some(labels) => labels,
            None => (answered.name, answered.description),
        };
        Ok(Ok(Proposal {
            changes: compare(&before(&self.wish), &answered.definition),
            definition: answered.definition,
            content,
            name,
            description,
            summary: answered.summary,
            problems,
            model,
            usage: Usage::default(),
            credits: 0,
        }))
    }

    /// What the definition names and is not there.
    async fn missing(&self, definition: &Value) -> Result<Vec<Problem>, Fault> {
        let references = steps::compile(definition, &self.flows.catalog).references;
        let workspace = self.ctx.caller.workspace;
        let owner = self.wish.flow.map_or_else(|| self.ctx.caller.member_id(), |(_, owner)| owner);
        let known = (Arc::clone(&self.flows.catalog), Arc::clone(&self.flows.directory));
        self.ctx.store.read(move |tx| missing(tx, &known, workspace, owner, &references)).await
    }

    /// What a model has to do better; `None` for a proposal that is good enough to be shown.
    fn complaint(&self, proposal: &Proposal) -> Option<String> {
        let errors = proposal.problems.iter().filter(|problem| problem.severity == Severity::Error);
        let mut lines: Vec<String> = errors
            .take(TOLD_MAX)
            .map(|problem| format!("{} at {}: {}", problem.code, problem.path, problem.message))
            .collect();
        let is_chosen = |step: &str| self.wish.steps.iter().any(|chosen| chosen == step);
        let others = proposal.changes.iter().filter(|change| matches!(change.op, Op::Update | Op::Remove));
        for step in others.filter_map(|change| change.step_id.as_deref()) {
            if !self.wish.steps.is_empty() && !is_chosen(step) && lines.len() < TOLD_MAX {
                lines.push(format!("The step {step} was changed, which was not asked for; leave it as it was"));
            }
        }
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    fn say(&mut self, complaint: &str) {
        self.call.messages.push(ChatMessage::user(prompt::repair(complaint)));
    }
}

fn before(wish: &Wish) -> Value {
    if wish.definition.is_null() { json!({ "steps": [] }) } else { wish.definition.clone() }
}

fn check_steps(wish: &Wish) -> Result<(), Fault> {
    let known = steps::outline(&wish.definition);
    for (at, id) in wish.steps.iter().enumerate() {
        if !known.iter().any(|step| step.id == id) {
            let message = format!("There is no step {}", id.chars().take(64).collect::<String>());
            return Err(Fault::field(format!("/stepIds/{at}"), "unknown", message));
        }
    }
    Ok(())
}

fn refused(unpaid: Unpaid, named: Option<&str>) -> Fault {
    match unpaid {
        Unpaid::NoCredits => Fault::new(FaultKind::PaymentRequired, "no_credits", "There are no credits left"),
        Unpaid::Fault(fault) => fault,
        Unpaid::Model(ModelFailure { fault: ModelFault::UnknownModel(_), .. })
            if named.is_some_and(|name| !name.is_empty() && name != DEFAULT_MODEL) =>
        {
            Fault::field("/modelId", "unknown", "There is no such model")
        }
        Unpaid::Model(ModelFailure { fault: fault @ ModelFault::Refused(_), .. }) => unusable(fault.to_string()),
        Unpaid::Model(failure) => unavailable(&format!("No model can answer now: {failure}")),
    }
}

fn unavailable(message: &str) -> Fault {
    Fault::new(FaultKind::Overloaded, "model_unavailable", message)
}

fn unusable(why: String) -> Fault {
    let message = format!("The model gave no definition that can be used: {why}");
    Fault::new(FaultKind::Unprocessable, "invalid_definition", message).with_details(json!({ "problems": [] }))
}

#[cfg(test)]
mod tests;
