//! `floe key revoke`.

use clap::Args;
use reqwest::Method;

use super::super::api::escaped;
use super::{Context, Exit, Failure, Operation, Way, on_folder};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Id of the key
    id: String,
}

pub(super) async fn execute(context: &Context, way: Way, arguments: &Arguments) -> Result<Exit, Failure> {
    let id = arguments.id.clone();
    let revoked = match way {
        Way::Api => {
            let path = format!("/console/v1/keys/{}", escaped(&id));
            context.api()?.call(Method::DELETE, &path, &[], None).await?
        }
        Way::DataFolder => on_folder(context, |workspace| Operation::RevokeKey { workspace, id }).await?,
    };
    if context.output.json {
        context.output.document(&revoked);
    } else {
        context.output.say(&format!("key {} is revoked", arguments.id));
    }
    Ok(Exit::Done)
}
