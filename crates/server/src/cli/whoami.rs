//! `floe whoami`: the member and workspace behind the token.

use super::{Context, Exit, Failure};

pub(super) async fn execute(context: &Context) -> Result<Exit, Failure> {
    let api = context.api()?;
    let session = api.get("/console/v1/session", &[]).await?;
    if context.output.json {
        context.output.document(&session);
        return Ok(Exit::Done);
    }
    let text = |pointer: &str| session.pointer(pointer).and_then(|value| value.as_str()).unwrap_or("-").to_owned();
    let (name, email) = (text("/member/name"), text("/member/email"));
    let (workspace, role) = (text("/workspace/name"), text("/role"));
    context.output.line(&format!(
        "{name} <{email}>, {role} of {workspace}, {} mode, at {}",
        api.mode().as_str(),
        api.url()
    ));
    Ok(Exit::Done)
}
