//! Node types that need a provider which this build does not have: they import and validate, and say so when they are run.

use std::sync::Arc;

use floe_engine::catalog::StepSpec;
use floe_runtime::Platform;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture, Effected};

use super::failure::not_configured;
use super::spec;

static SPECS: [StepSpec; 9] = [
    spec::inside("node-pdfGeneration", "PDF generation", spec::TIMEOUT_MS),
    spec::inside("node-screenshotCapture", "screenshots", spec::TIMEOUT_MS),
    spec::inside("node-audioInput", "audio input", spec::TIMEOUT_MS),
    spec::inside("node-audio", "audio", spec::TIMEOUT_MS),
    spec::inside("node-audioTranscription", "audio transcription", spec::TIMEOUT_MS),
    spec::inside("node-audioOutput", "audio output", spec::TIMEOUT_MS),
    spec::inside("node-imageGeneration", "image generation", spec::TIMEOUT_MS),
    spec::inside("node-videoGeneration", "video generation", spec::TIMEOUT_MS),
    spec::inside("node-ocrExtraction", "text recognition", spec::TIMEOUT_MS),
];

struct Off(&'static StepSpec);

impl Effect for Off {
    fn spec(&self) -> &'static StepSpec {
        self.0
    }

    fn call<'a>(&'a self, _: &'a Arc<Platform>, _: EffectCall) -> EffectFuture<'a> {
        let error = not_configured(format!("No provider for {} is set up on this server", self.0.name));
        Box::pin(std::future::ready(Effected::failed(error)))
    }
}

/// All of them.
pub(super) fn effects() -> impl Iterator<Item = Arc<dyn Effect>> {
    SPECS.iter().map(|spec| Arc::new(Off(spec)) as Arc<dyn Effect>)
}
