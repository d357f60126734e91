//! Shapes of running a run again.

use crate::http::shape::{FLAG, ID, Shape, input, may, must, object};

/// How a run is run again.
pub(in crate::flows) const RETRY: Shape =
    input("FlowRunRetry", &[may("fromFailedStep", FLAG).about("Takes over what completed steps came to")]);
/// The new run.
pub(in crate::flows) const RETRIED: Shape = object(
    "FlowRunRetried",
    &[must("appRunId", ID).about("The new run"), must("retryOf", ID).about("The run that it repeats")],
);
