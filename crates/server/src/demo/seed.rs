//! What the demo holds when it is ready: people, the flow in two versions, finished runs, one that waits, the
//! payments, the app with its experiment, the agent with its threads, and the workflow with its executions.

use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use floe_access::derived::ShareSecret;
use floe_flows::definitions::{self, Autosave, Content, FlowPatch, NewFlow, Publish, VersionChoice};
use floe_flows::questions::{ResumeIn, Resumed, Way};
use floe_flows::runs::{AnswerKind, RunState};
use floe_flows::sharing::{LinkSecret, ShareChange};
use floe_flows::{Execute, Flows, WayIn};
use floe_model::flows::{FlowSettings, Visibility};
use floe_model::id::{FlowId, RunId};
use floe_runtime::Ctx;
use serde_json::Value;

use crate::app::{App, Work};

use super::flow;
use super::onboarding::{self, Audience, Onboarding};
use super::payments::{self, Payments};
use super::people::{ADDRESS, People};
use super::receiver::Receiver;
use super::story::{Ending, Past, Start, Story};
use super::support::{self, Support};
use super::triage::{self, Triage};

/// Longest that one run of the past may take, in milliseconds.
const RUN_MS_MAX: u64 = 10_000;

/// Everything that was made.
pub(super) struct Made {
    pub(super) people: People,
    pub(super) flow: FlowId,
    /// Text of the flow's share link.
    pub(super) share: String,
    pub(super) runs: Vec<MadeRun>,
    /// The run that waits.
    pub(super) waiting: MadeRun,
    pub(super) payments: Payments,
    pub(super) onboarding: Onboarding,
    pub(super) support: Support,
    pub(super) triage: Triage,
}

/// A run of the past.
pub(super) struct MadeRun {
    pub(super) id: RunId,
    pub(super) status: &'static str,
    pub(super) version: u32,
    pub(super) inputs: Value,
}

/// Makes everything through the services. The audience of the app comes again while the demo runs.
pub(super) async fn make(app: &App, work: &Work, receiver: &Receiver, seed: u64) -> anyhow::Result<(Made, Audience)> {
    let people = People::settle(app).await.context("the people of the demo")?;
    let (payments, flow, onboarding, triage) = tokio::join!(
        Box::pin(payments::make(&app.treasury, &people)),
        Box::pin(make_flow(work, &people, receiver, seed)),
        Box::pin(onboarding::make(&app.placements, &people, seed)),
        Box::pin(triage::make(&work.flows, &people)),
    );
    let (payments, (flow, runs, waiting)) = (payments.context("the payments of the demo")?, flow?);
    let (onboarding, audience) = onboarding?;
    let share = share(app, &people.as_owner, flow).await.context("the share link of the demo")?;
    let support = Box::pin(support::make(&app.agents, &people, flow)).await.context("the agent of the demo")?;
    let triage = triage.context("the workflow of the demo")?;
    Ok((Made { people, flow, share, runs, waiting, payments, onboarding, support, triage }, audience))
}

/// The flow in its two versions, its finished runs, and the one that waits.
async fn make_flow(
    work: &Work,
    people: &People,
    receiver: &Receiver,
    seed: u64,
) -> anyhow::Result<(FlowId, Vec<MadeRun>, MadeRun)> {
    let past = Past::of_seed(seed);
    let refunds_url = receiver.refunds_url();
    let flow = create(&people.as_owner, &work.flows, &refunds_url).await.context("the flow of the demo")?;
    let teller = Teller { flows: &work.flows, people, flow };
    let mut runs = Vec::with_capacity(past.under_v1.len() + past.under_v2.len());
    for story in past.under_v1 {
        runs.push(teller.tell(story, 1).await.context("a run of the demo")?);
    }
    revise(&people.as_owner, &work.flows, flow, &refunds_url).await.context("the second version")?;
    for story in past.under_v2 {
        runs.push(teller.tell(story, 2).await.context("a run of the demo")?);
    }
    let waiting = teller.tell(past.waiting, 2).await.context("the run that waits")?;
    Ok((flow, runs, waiting))
}

/// Makes the flow and publishes version 1.
async fn create(ctx: &Ctx, flows: &Flows, refunds_url: &str) -> anyhow::Result<FlowId> {
    let new = NewFlow {
        name: flow::NAME.to_owned(),
        description: flow::DESCRIPTION.to_owned(),
        icon: None,
        tags: vec!["demo".to_owned()],
        content: Content::take(&flow::version_1(refunds_url), &flows.catalog)?,
        visibility: Visibility::Public,
        settings: FlowSettings::default(),
    };
    let (maker, catalog) = (ctx.clone(), Arc::clone(&flows.catalog));
    let act = publishing("Asks a person above 250");
    let writing = ctx.store.write(move |tx| {
        let made = definitions::create(tx, &maker, &new)?.flow.id;
        definitions::publish(tx, &maker, &catalog, made, &act)?;
        Ok(made)
    });
    Ok(writing.await?)
}

/// Publishes version 2.
async fn revise(ctx: &Ctx, flows: &Flows, id: FlowId, refunds_url: &str) -> anyhow::Result<()> {
    let content = Content::take(&flow::version_2(refunds_url), &flows.catalog)?;
    let save = Autosave { content: Some(content), ..Autosave::default() };
    let (maker, catalog) = (ctx.clone(), Arc::clone(&flows.catalog));
    let act = publishing("Asks above 100 and shows the reason; a form and agents can ask too");
    let writing = ctx.store.write(move |tx| {
        definitions::autosave(tx, &maker, &catalog, id, &save)?;
        definitions::publish(tx, &maker, &catalog, id, &act)
    });
    writing.await?;
    Ok(())
}

/// Makes the flow's share link; answers its text.
async fn share(app: &App, owner: &Ctx, flow: FlowId) -> anyhow::Result<String> {
    let ShareSecret { nonce, hash } = app.access.draw_share();
    let patch = FlowPatch { share: Some(ShareChange::Enable(LinkSecret { nonce, hash })), ..FlowPatch::default() };
    let maker = owner.clone();
    owner.store.write(move |tx| definitions::patch(tx, &maker, flow, &patch)).await?;
    Ok(app.access.share_text(&nonce))
}

fn publishing(summary: &str) -> Publish {
    Publish { version: None, summary: Some(summary.to_owned()), set_latest: true }
}

/// Lets the stories happen.
struct Teller<'a> {
    flows: &'a Flows,
    people: &'a People,
    flow: FlowId,
}

impl Teller<'_> {
    async fn tell(&self, story: Story, version: u32) -> anyhow::Result<MadeRun> {
        let started = self.start(&story).await?;
        let run = started.run;
        let ended = match story.ending {
            Ending::AtOnce | Ending::Waiting => started,
            Ending::Approved | Ending::Unpaid => self.decide(run, true, story.comment).await?,
            Ending::Rejected => self.decide(run, false, story.comment).await?,
            Ending::Cancelled => self.flows.cancel(&self.people.as_colleague, run, Some(ADDRESS.to_string())).await?,
        };
        let expected = match story.ending {
            Ending::AtOnce | Ending::Approved | Ending::Rejected => "completed",
            Ending::Unpaid => "failed",
            Ending::Cancelled => "cancelled",
            Ending::Waiting => "waiting",
        };
        if ended.status != expected {
            let error = ended.error.map(|error| format!(": {}", error.message)).unwrap_or_default();
            bail!("it is {} and should be {expected}{error}", ended.status);
        }
        Ok(MadeRun { id: run, status: ended.status, version, inputs: Value::Object(story.inputs) })
    }

    async fn start(&self, story: &Story) -> anyhow::Result<RunState> {
        let (ctx, way) = match story.start {
            Start::Program => (&self.people.as_program, WayIn::Client),
            Start::Person(through_form) => {
                (&self.people.as_owner, WayIn::Dashboard { trigger: through_form.then(|| "form".to_owned()) })
            }
        };
        let call = Execute {
            flow: self.flow,
            version: VersionChoice::Latest,
            way,
            inputs: story.inputs.clone(),
            hook_id: None,
            ip: Some(ADDRESS.to_string()),
            run: ctx.ids.next(),
            wait_ms: RUN_MS_MAX,
        };
        let state = self.flows.execute(ctx, call).await?.context("it takes too long")?;
        ensure!(state.is_over() || state.status == "waiting", "it is {}", state.status);
        Ok(state)
    }

    /// The colleague answers.
    async fn decide(&self, run: RunId, approve: bool, comment: &str) -> anyhow::Result<RunState> {
        let answer = ResumeIn {
            wait: None,
            kind: AnswerKind::Decision { approve, comment: Some(comment.to_owned()) },
            way: Way { via: "dashboard", ip: Some(ADDRESS.to_string()) },
        };
        match self.flows.resume(&self.people.as_colleague, run, answer, RUN_MS_MAX).await? {
            Resumed::Settled(state) => Ok(state),
            Resumed::Running | Resumed::Repeated(_) => bail!("it takes too long"),
        }
    }
}
