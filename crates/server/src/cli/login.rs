//! `floe login`: checks a personal access token and remembers it with its server.

use clap::Args;

use super::api::{Api, Target};
use super::{Context, Exit, Failure, input, profile};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Read the token from standard input
    #[arg(long)]
    token_stdin: bool,
}

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let path = profile::location().ok_or_else(|| {
        Failure::usage("no home folder to remember the token in; set XDG_CONFIG_HOME or use FLOE_TOKEN")
    })?;
    let given = context.settings.token.clone().filter(|_| !arguments.token_stdin);
    let token = match given {
        Some(token) => token,
        None => input::secret(arguments.token_stdin, "--token-stdin", "Personal access token")?,
    };
    let url = context.settings.url.clone().unwrap_or_else(|| crate::settings::DEFAULT_URL.to_owned());
    let api = Api::try_new(Target { url: url.clone(), token: Some(token.clone()), ..context.target()? })?;
    let session = api.get("/console/v1/session", &[]).await?;

    profile::write(&path, &profile::Profile { url: url.clone(), token })?;
    let name = session.pointer("/member/name").and_then(|name| name.as_str()).unwrap_or("unknown");
    context.output.say(&format!("signed in to {url} as {name}"));
    if context.output.json {
        context.output.document(&session);
    }
    Ok(Exit::Done)
}
