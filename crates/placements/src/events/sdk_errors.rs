//! What SDKs report about themselves, in groups (Placements contract, section 4).

use floe_model::id::AppId;
use floe_model::placements::sdk_error::SdkReport;
use floe_model::{Fault, Scope};
use floe_store::placements::sdk_errors::{self, ErrorGroup};

use super::read::known;
use super::{Events, digest};

impl Events {
    /// Stores one report.
    ///
    /// # Errors
    /// Of the database.
    pub async fn report(&self, scope: Scope, app: AppId, report: SdkReport) -> Result<(), Fault> {
        let now = self.platform.clock.now();
        let group = ErrorGroup {
            id: digest(&report.group()),
            platform: report.platform,
            sdk_version: report.sdk_version,
            error_code: report.error_code,
            message: report.message,
            reports: 1,
            first_at: now,
            last_at: now,
            user_id: report.user_id,
            report: report.rest,
        };
        self.platform.store.write(move |tx| sdk_errors::add(tx, scope, app, &group)).await
    }

    /// A page of the groups of an app, newest first, and how many there are.
    ///
    /// # Errors
    /// 404 when there is no such app, and of the database.
    pub async fn reports(
        &self,
        scope: Scope,
        app: AppId,
        limit: usize,
        offset: usize,
    ) -> Result<(Vec<ErrorGroup>, u64), Fault> {
        let reading = self.platform.store.read(move |tx| {
            known(tx, scope.workspace, app)?;
            sdk_errors::list(tx, scope, app, limit, offset)
        });
        reading.await
    }
}
