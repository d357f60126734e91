//! One call with its tries: the model that was asked for, again while its provider is busy, then those to fall back to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use floe_model::{Fault, Scope};
use floe_runtime::models::{
    CALL_MS_MAX, Deltas, FALLBACKS_MAX, ModelCall, ModelFailure, ModelFault, ModelFuture, ModelInfo, ModelKind,
    ModelReply, Try,
};
use tokio::time::Instant;

use super::asking::{Asking, Said, estimate};
use super::catalog::{self, Server, Speaker};
use super::kinds::ProviderKind;
use super::wire::Failed;
use super::{ModelService, anthropic, builtin, openai};

/// Pauses before the same model is tried again; up to a fifth more by chance, so that many callers do not come at once.
const PAUSES_MS: [u64; 2] = [250, 1_000];
/// A provider that asks for a longer pause is not tried again.
const PAUSE_MS_MAX: u64 = 5_000;
/// Longest wait for a place at a provider.
const PLACE_MS_MAX: u64 = 30_000;

/// A model that was found, with what is needed to call it.
pub(super) struct Opened {
    pub(super) info: ModelInfo,
    pub(super) speaker: Speaker,
    pub(super) server: Option<Server>,
}

/// Remembers whether something was given out.
struct Watched<'a> {
    inner: &'a dyn Deltas,
    has_given: AtomicBool,
}

impl Deltas for Watched<'_> {
    fn text<'a>(&'a self, piece: &'a str) -> ModelFuture<'a, ()> {
        self.has_given.store(true, Ordering::Relaxed);
        self.inner.text(piece)
    }
}

impl ModelService {
    /// [`floe_runtime::models::Models::call`].
    pub(super) async fn answer(
        &self,
        scope: Scope,
        call: &ModelCall,
        deltas: Option<&dyn Deltas>,
    ) -> Result<ModelReply, ModelFailure> {
        let until = deadline(call.deadline_ms);
        let watched = deltas.map(|inner| Watched { inner, has_given: AtomicBool::new(false) });
        let names = std::iter::once(call.model.as_deref())
            .chain(call.fallbacks.iter().take(FALLBACKS_MAX).map(|name| Some(name.as_str())));
        let (mut tries, mut fault) = (Vec::new(), None);
        for (at, name) in names.enumerate() {
            let model = match self.open(scope, ModelKind::Chat, name).await {
                Ok(model) => model,
                Err(found) => {
                    tries.push(Try {
                        model: name.unwrap_or_default().to_owned(),
                        error: found.code().to_owned(),
                        duration_ms: 0,
                    });
                    if at == 0 && !found.is_busy() {
                        return Err(ModelFailure { fault: found, tries });
                    }
                    fault = worse(fault, found);
                    continue;
                }
            };
            match self.tried(&model, call, watched.as_ref(), until, &mut tries).await {
                Ok((said, duration_ms)) => return Ok(reply(model.info, call, said, at > 0, tries, duration_ms)),
                Err(found) => {
                    let has_given = watched.as_ref().is_some_and(|watched| watched.has_given.load(Ordering::Relaxed));
                    let stop = has_given || (at == 0 && !found.is_busy()) || until <= Instant::now();
                    fault = worse(fault, found);
                    if stop {
                        break;
                    }
                }
            }
        }
        Err(ModelFailure { fault: fault.unwrap_or(ModelFault::NotConfigured), tries })
    }

    /// Tries one model until it answers, or a further try makes no sense.
    async fn tried(
        &self,
        model: &Opened,
        call: &ModelCall,
        deltas: Option<&Watched<'_>>,
        until: Instant,
        tries: &mut Vec<Try>,
    ) -> Result<(Said, u64), ModelFault> {
        let mut pauses = PAUSES_MS.into_iter();
        loop {
            let began = Instant::now();
            let outcome = self.once(model, call, deltas.map(|watched| watched as &dyn Deltas), until).await;
            let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            let failed = match outcome {
                Ok(said) => return Ok((said, duration_ms)),
                Err(failed) => failed,
            };
            tries.push(Try { model: model.info.name.clone(), error: failed.fault.code().to_owned(), duration_ms });
            let has_given = deltas.is_some_and(|watched| watched.has_given.load(Ordering::Relaxed));
            let again = !has_given && failed.fault.is_busy() && failed.fault != ModelFault::TimedOut;
            let Some(pause) = pauses.next().filter(|_| again).and_then(|pause| self.pause(pause, failed.retry_after))
            else {
                return Err(failed.fault);
            };
            if Instant::now() + pause >= until {
                return Err(failed.fault);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// How long to wait before the next try; none when the provider asks for longer than anybody waits.
    fn pause(&self, usual_ms: u64, asked: Option<Duration>) -> Option<Duration> {
        let [chance, ..]: [u8; 8] = self.platform.ids.secret();
        let usual = usual_ms + usual_ms * u64::from(chance) / (5 * 255);
        let asked_ms = asked.map_or(0, |asked| u64::try_from(asked.as_millis()).unwrap_or(u64::MAX));
        (asked_ms <= PAUSE_MS_MAX).then(|| Duration::from_millis(usual.max(asked_ms)))
    }

    /// One try.
    async fn once(
        &self,
        model: &Opened,
        call: &ModelCall,
        deltas: Option<&dyn Deltas>,
        until: Instant,
    ) -> Result<Said, Failed> {
        let Some(server) = &model.server else {
            let asking = Asking { platform: &self.platform, info: &model.info, call, deltas, until };
            return Ok(builtin::ask(&asking, &model.speaker).await);
        };
        let _place = self.place(server, until).await?;
        let until = until.min(Instant::now() + Duration::from_millis(server.timeout_ms));
        let asking = Asking { platform: &self.platform, info: &model.info, call, deltas, until };
        let answering = async {
            match server.kind {
                ProviderKind::Anthropic => anthropic::ask(&asking, server).await,
                _ => openai::ask(&asking, server).await,
            }
        };
        // A reader who does not read holds no place at a provider for longer than a call may last.
        tokio::time::timeout_at(until, answering).await.unwrap_or_else(|_| Err(ModelFault::TimedOut.into()))
    }

    /// Takes a place at a provider.
    pub(super) async fn place(&self, server: &Server, until: Instant) -> Result<super::gates::Place, Failed> {
        let wait = until.min(Instant::now() + Duration::from_millis(PLACE_MS_MAX));
        let entering = self.gates.enter(server.workspace, server.id, server.max_concurrency);
        tokio::time::timeout_at(wait, entering).await.map_err(|_| ModelFault::RateLimited.into())
    }

    /// Finds a model and opens what it is called with.
    pub(super) async fn open(&self, scope: Scope, kind: ModelKind, name: Option<&str>) -> Result<Opened, ModelFault> {
        let (platform, settings) = (Arc::clone(&self.platform), Arc::clone(&self.settings));
        let name = name.map(str::to_owned);
        let reading = self.platform.store.read(move |tx| {
            let picked = match catalog::pick(tx, &settings, scope, kind, name.as_deref())? {
                Ok(picked) => picked,
                Err(fault) => return Ok(Err(fault)),
            };
            let server = match &picked.speaker {
                Speaker::Server(row) => Some(catalog::open(tx, &platform, &settings, row)?),
                _ => None,
            };
            Ok(Ok(Opened { info: picked.info, speaker: picked.speaker, server }))
        });
        reading.await.unwrap_or_else(|fault: Fault| {
            tracing::error!(%fault, "a model could not be looked up");
            Err(ModelFault::Internal)
        })
    }
}

/// The end of a call that may last so long; 0 means as long as any.
pub(super) fn deadline(deadline_ms: u64) -> Instant {
    let limit_ms = if deadline_ms == 0 { CALL_MS_MAX } else { deadline_ms.min(CALL_MS_MAX) };
    Instant::now() + Duration::from_millis(limit_ms)
}

/// Of two faults the one that is told: the first that waiting does not mend, else the later one.
fn worse(before: Option<ModelFault>, found: ModelFault) -> Option<ModelFault> {
    Some(before.filter(|before| !before.is_busy()).unwrap_or(found))
}

fn reply(
    info: ModelInfo,
    call: &ModelCall,
    said: Said,
    fallback_used: bool,
    tries: Vec<Try>,
    duration_ms: u64,
) -> ModelReply {
    let usage = said.usage.unwrap_or_else(|| estimate(call, &said));
    ModelReply {
        text: said.text,
        thinking: said.thinking,
        tool_calls: said.tool_calls,
        finish: said.finish,
        usage,
        model: info.name,
        provider: info.provider,
        fallback_used,
        tries,
        price: info.price,
        duration_ms,
    }
}
