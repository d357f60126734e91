//! The connection that a node uses (Workflow API contract, section 21): the one that it names, else the only active one of its provider.

use std::sync::Arc;

use floe_engine::event::StepError;
use floe_model::Fault;
use floe_model::id::WorkspaceId;
use floe_runtime::Platform;
use floe_runtime::connections::{self, Opened};
use floe_runtime::effect::Effected;
use floe_store::Tx;
use floe_store::access::connections::{self as rows, Page};

use super::failure::{auth, internal, not_configured, not_found};
use crate::runs::Mask;

/// What the search for a connection came to.
enum Choice {
    Found(Box<Opened>),
    /// Another provider than the node's.
    Mismatch,
    Inactive,
    Unknown,
    /// None of the provider.
    None,
    /// Several of the provider.
    Several,
}

/// Opens the connection. `providers` are the names of the node's provider, the first one for people; none of them: any provider.
///
/// # Errors
/// NOT_FOUND for an id that names none; AUTH for one of another provider, or one that is not active; NOT_CONFIGURED when there is none to
/// choose.
pub(super) async fn choose(
    platform: &Arc<Platform>,
    workspace: WorkspaceId,
    id_or_name: Option<&str>,
    providers: &[&str],
) -> Result<Opened, StepError> {
    let own = Arc::clone(platform);
    let named = id_or_name.map(str::to_owned);
    let wanted: Vec<String> = providers.iter().map(|provider| (*provider).to_owned()).collect();
    let reading = platform.store.read(move |tx| match &named {
        Some(named) => by_name(tx, &own, workspace, named, &wanted),
        None => only_one(tx, &own, workspace, &wanted),
    });
    let provider = providers.first().copied().unwrap_or("this provider");
    match reading.await.map_err(|fault| internal(&fault))? {
        Choice::Found(opened) => Ok(*opened),
        Choice::Mismatch => Err(auth(format!("The connection is not one of {provider}"))),
        Choice::Inactive => Err(auth("The connection is not active")),
        Choice::Unknown => Err(not_found("There is no such connection")),
        Choice::None => Err(not_configured(format!("There is no active connection of {provider}"))),
        Choice::Several => {
            Err(not_configured(format!("There are several connections of {provider}; name one as connectionId")))
        }
    }
}

fn by_name(
    tx: &mut Tx<'_>,
    platform: &Platform,
    workspace: WorkspaceId,
    named: &str,
    wanted: &[String],
) -> Result<Choice, Fault> {
    let Some(row) = connections::find(tx, workspace, named)? else { return Ok(Choice::Unknown) };
    if !wanted.is_empty() && !wanted.iter().any(|provider| provider.eq_ignore_ascii_case(&row.provider)) {
        return Ok(Choice::Mismatch);
    }
    let opened = connections::open(tx, platform, workspace, named)?;
    Ok(opened.map_or(Choice::Inactive, |opened| Choice::Found(Box::new(opened))))
}

fn only_one(tx: &mut Tx<'_>, platform: &Platform, workspace: WorkspaceId, wanted: &[String]) -> Result<Choice, Fault> {
    let mut found = Vec::new();
    for provider in wanted {
        let status = Some("active".to_owned());
        let page = Page { provider: Some(provider.clone()), status, limit: 2, ..Page::default() };
        found.extend(rows::list(tx, workspace, &page)?);
    }
    match &found[..] {
        [] => Ok(Choice::None),
        [only] => {
            let opened = connections::open(tx, platform, workspace, &only.id.to_string())?;
            Ok(opened.map_or(Choice::None, |opened| Choice::Found(Box::new(opened))))
        }
        _ => Ok(Choice::Several),
    }
}

/// Bytes of a secret from which on it is looked for: a shorter one would be found everywhere.
const SECRET_MIN: usize = 6;

/// What a call brought back, without the secret of the connection.
pub(super) fn without_secret(opened: &Opened, effected: Effected) -> Effected {
    Mask::new(opened.secrets().filter(|secret| secret.len() >= SECRET_MIN).map(str::to_owned)).apply(effected)
}

/// Whether a URL is on the host, port and below the path of a base URL, so that credentials may go there.
pub(super) fn is_below(base: &str, url: &str) -> bool {
    let (Ok(base), Ok(url)) = (url::Url::parse(base), url::Url::parse(url)) else { return false };
    let path = base.path().trim_end_matches('/');
    let rest = url.path().strip_prefix(path);
    base.origin() == url.origin() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_stay_below_the_base_url() {
        let base = "https://crm.example/api/";
        for (url, is) in [
            ("https://crm.example/api/v1", true),
            ("https://crm.example:443/api", true),
            ("https://crm.example/apis", false),
            ("https://crm.example/api/../admin", false),
            ("https://crm.example/api/%2e%2e/admin", false),
            ("http://crm.example/api/v1", false),
            ("https://crm.example.evil.example/api/v1", false),
            ("https://crm.example@evil.example/api/v1", false),
        ] {
            assert_eq!(is_below(base, url), is, "{url}");
        }
    }
}
