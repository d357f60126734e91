//! Proving a caller again, for answers that go on for long: a credential that ended meanwhile ends them too.

use floe_model::Fault;
use http::Request;

use super::call::Call;
use super::credentials::{self, QUERY_KEY};

impl Call {
    /// Proves the credential of this request once more, and that it still belongs to the same workspace.
    ///
    /// # Errors
    /// 401 when it has ended, as for a new request.
    pub(crate) async fn prove_again(&self) -> Result<(), Fault> {
        let key = self.query.get(QUERY_KEY).filter(|_| self.route.query_key);
        let uri = key.map_or_else(|| self.path.clone(), |key| format!("{}?{QUERY_KEY}={key}", self.path));
        let request = Request::builder().method(self.method.clone()).uri(uri).body(()).map_err(Fault::internal)?;
        let (mut parts, ()) = request.into_parts();
        parts.headers = self.headers.clone();
        let identity = credentials::prove(&self.app, &self.route, &parts, self.peer).await?;
        let workspace = identity.map(|identity| identity.caller.workspace);
        if workspace.is_some_and(|workspace| workspace != self.ctx.caller.workspace) {
            return Err(Fault::not_found("Run"));
        }
        Ok(())
    }
}
