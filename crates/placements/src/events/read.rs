//! Reading events: the newest ones for debugging, and all of them for whoever takes them elsewhere (Placements contract, section 12).

use floe_model::id::{AppId, WorkspaceId};
use floe_model::placements::event::Shown;
use floe_model::{Fault, Scope};
use floe_store::Tx;
use floe_store::placements::apps;
use floe_store::placements::events::{self, Filter, Mark};

use super::Events;

/// Events that one step of an export reads.
const EXPORT_PAGE: usize = 1_000;

/// An export under way.
#[derive(Debug, Clone)]
pub struct Export {
    scope: Scope,
    app: AppId,
    filter: Filter,
    after: Option<Mark>,
}

impl Events {
    /// A page of the newest events, and how many there are among those that a list looks at.
    ///
    /// # Errors
    /// 404 when there is no such app, and of the database.
    pub async fn list(
        &self,
        scope: Scope,
        app: AppId,
        filter: Filter,
        limit: usize,
        offset: usize,
    ) -> Result<(Vec<Shown<'static>>, u64), Fault> {
        let reading = self.platform.store.read(move |tx| {
            known(tx, scope.workspace, app)?;
            events::list(tx, scope, app, &filter, limit, offset)
        });
        reading.await
    }

    /// Begins an export.
    ///
    /// # Errors
    /// 404 when there is no such app, and of the database.
    pub async fn export(&self, scope: Scope, app: AppId, filter: Filter) -> Result<Export, Fault> {
        self.platform.store.read(move |tx| known(tx, scope.workspace, app)).await?;
        Ok(Export { scope, app, filter, after: None })
    }

    /// The next lines of an export, one event a line, oldest first; none at the end. Some may be empty: a step is short whatever it finds.
    ///
    /// # Errors
    /// Of the database.
    pub async fn next_lines(&self, export: &mut Export) -> Result<Option<String>, Fault> {
        let Export { scope, app, filter, after } = export.clone();
        let asked = filter.clone();
        let reading =
            self.platform.store.read(move |tx| events::export(tx, scope, app, &asked, after, EXPORT_PAGE)).await?;
        let Some((page, mark)) = reading else { return Ok(None) };
        export.after = Some(mark);
        let mut lines = String::new();
        for shown in page.iter().filter(|shown| passes(shown, &filter)) {
            shown.write(&mut lines);
            lines.push('\n');
        }
        Ok(Some(lines))
    }
}

/// Whether there is such an app.
pub(super) fn known(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<(), Fault> {
    apps::find(tx, workspace, app)?.map(drop).ok_or_else(|| Fault::not_found("App"))
}

/// What the database was not asked about.
fn passes(Shown { event, .. }: &Shown<'_>, filter: &Filter) -> bool {
    filter.event_type.as_deref().is_none_or(|kind| event.kind == kind)
        && filter.placement_id.as_deref().is_none_or(|placement| event.placement.as_deref() == Some(placement))
        && filter.flow_version.is_none_or(|version| event.version == Some(version))
}
