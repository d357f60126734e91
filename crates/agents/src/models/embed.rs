//! Vectors of texts.

use std::time::Duration;

use floe_model::Scope;
use floe_model::agents::embedding::hash_256;
use floe_runtime::models::{EMBED_TEXTS_MAX, EmbedCall, Embedded, ModelFailure, ModelFault, ModelKind, Usage};
use tokio::time::Instant;

use super::call::{Opened, deadline};
use super::catalog::Server;
use super::kinds::ProviderKind;
use super::wire::Failed;
use super::{ModelService, openai};

/// Tries of one portion.
const TRIES_MAX: u32 = 3;
/// Pause before the second try; twice as long before each further one.
const PAUSE_MS: u64 = 250;

impl ModelService {
    /// [`floe_runtime::models::Models::embed`].
    pub(super) async fn vectors(&self, scope: Scope, call: &EmbedCall) -> Result<Embedded, ModelFailure> {
        if call.texts.len() > EMBED_TEXTS_MAX {
            return Err(ModelFault::Refused(format!("at most {EMBED_TEXTS_MAX} texts at once")).into());
        }
        let until = deadline(call.deadline_ms);
        let model = self.open(scope, ModelKind::Embedding, call.model.as_deref()).await?;
        let mut vectors = Vec::with_capacity(call.texts.len());
        let mut usage = Usage::default();
        match &model.server {
            None => vectors.extend(call.texts.iter().map(|text| hash_256(text))),
            Some(server) => {
                for portion in call.texts.chunks(openai::PORTION) {
                    let (some, used) = self.portion(&model, server, portion, until).await?;
                    vectors.extend(some);
                    usage.input_tokens = usage.input_tokens.saturating_add(used.input_tokens);
                }
            }
        }
        let length = vectors.first().map_or(0, Vec::len);
        if vectors.iter().any(|vector| vector.len() != length) {
            return Err(ModelFault::Malformed.into());
        }
        Ok(Embedded { vectors, model: model.info.name, usage, price: model.info.price })
    }

    async fn portion(
        &self,
        model: &Opened,
        server: &Server,
        texts: &[String],
        until: Instant,
    ) -> Result<(Vec<Vec<f32>>, Usage), ModelFault> {
        let mut tried = 0;
        loop {
            tried += 1;
            let failed = match self.portion_once(model, server, texts, until).await {
                Ok(done) => return Ok(done),
                Err(failed) => failed.fault,
            };
            let pause = Duration::from_millis(PAUSE_MS << tried.min(TRIES_MAX));
            let again = failed.is_busy() && failed != ModelFault::TimedOut && tried < TRIES_MAX;
            if !again || Instant::now() + pause >= until {
                return Err(failed);
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn portion_once(
        &self,
        model: &Opened,
        server: &Server,
        texts: &[String],
        until: Instant,
    ) -> Result<(Vec<Vec<f32>>, Usage), Failed> {
        if server.kind != ProviderKind::OpenaiCompatible {
            return Err(ModelFault::Refused("this provider makes no vectors".to_owned()).into());
        }
        let _place = self.place(server, until).await?;
        let until = until.min(Instant::now() + Duration::from_millis(server.timeout_ms));
        openai::embed(&self.platform, server, &model.info, texts, until).await
    }
}
