//! `floe key rotate`.

use clap::Args;
use serde_json::json;

use super::super::api::escaped;
use super::{Context, Exit, Failure, Operation, Way, on_folder, print_made};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Id of the key
    id: String,
    /// Minutes for which the old key still works
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_440))]
    overlap_minutes: u32,
}

pub(super) async fn execute(context: &Context, way: Way, arguments: &Arguments) -> Result<Exit, Failure> {
    let (id, overlap_minutes) = (arguments.id.clone(), arguments.overlap_minutes);
    let made = match way {
        Way::Api => {
            let path = format!("/console/v1/keys/{}/rotate", escaped(&id));
            context.api()?.post(&path, &json!({ "overlap_minutes": overlap_minutes })).await?
        }
        Way::DataFolder => {
            on_folder(context, |workspace| Operation::RotateKey { workspace, id, overlap_minutes }).await?
        }
    };
    print_made(context, &made);
    Ok(Exit::Done)
}
