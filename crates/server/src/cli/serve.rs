//! `floe serve`: runs the server until it is told to stop.

use clap::Args;

use super::{Context, Exit, Failure};
use crate::app;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Address and port
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Data folder
    #[arg(long, value_name = "FOLDER")]
    data: Option<String>,
    /// PostgreSQL address; better given as FLOE_DATABASE_URL
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// What users type to reach the server
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// What this node does, where several share a PostgreSQL database
    #[arg(long, value_name = "ROLE", value_parser = ["all", "web", "worker"])]
    role: Option<String>,
}

impl Arguments {
    pub(super) fn flags(&self) -> [(&'static str, Option<String>); 5] {
        [
            ("FLOE_LISTEN", self.listen.clone()),
            ("FLOE_DATA_DIR", self.data.clone()),
            ("FLOE_DATABASE_URL", self.database_url.clone()),
            ("FLOE_PUBLIC_URL", self.public_url.clone()),
            ("FLOE_ROLE", self.role.clone()),
        ]
    }
}

pub(super) fn execute(context: Context, _: &Arguments) -> Result<Exit, Failure> {
    app::serve(context.settings, context.output, Vec::new())
        .map(|()| Exit::Done)
        .map_err(|error| Failure::new(Exit::Failed, "serve", format!("{error:#}")))
}
