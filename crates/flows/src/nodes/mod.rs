//! The node types of workflows that reach outside of the machine (Workflow API contract, sections 18, 21 and 24): calls, pages, files, code,
//! databases and services.
//!
//! Each is an [`Effect`] with the key `node-<type>`, in a file of its own; what it takes is the node's configuration after interpolation.
//! Failures have the codes of section 17. To add a type: a file here and a line in [`effects`].

mod chart;
mod code;
mod config;
mod connection;
mod database;
mod failure;
mod files;
mod http;
mod integration;
mod off;
mod pdf;
mod spec;
mod spreadsheet;
mod web;

use std::path::PathBuf;
use std::sync::Arc;

use floe_runtime::documents::child::Readers;
use floe_runtime::effect::Effect;

/// What the operator decides about nodes.
#[derive(Debug, Clone, Default)]
pub struct NodeSettings {
    /// Whether user code runs; without it `code` nodes fail with NOT_CONFIGURED.
    pub code: bool,
    /// Where SQLite databases of workspaces are, each in a folder of its workspace; none: there are none. Nodes that share a PostgreSQL do
    /// not share a disk, so this is for servers that are alone.
    pub sqlite_folder: Option<PathBuf>,
    /// Reads files that come from anybody.
    pub readers: Readers,
}

/// Every node type of this slice.
#[must_use]
pub fn effects(settings: &NodeSettings) -> Vec<Arc<dyn Effect>> {
    let readers = &settings.readers;
    let mut effects: Vec<Arc<dyn Effect>> = vec![
        Arc::new(http::Http),
        Arc::new(web::Url(readers.clone())),
        Arc::new(web::Browse(readers.clone())),
        Arc::new(web::Search),
        Arc::new(files::FileInput(readers.clone())),
        Arc::new(files::Download),
        Arc::new(files::Read),
        Arc::new(files::Write),
        Arc::new(files::Operations),
        Arc::new(code::Code { is_on: settings.code }),
        Arc::new(spreadsheet::Spreadsheet),
        Arc::new(chart::Chart),
        Arc::new(pdf::PdfExtract(readers.clone())),
        Arc::new(database::Database { sqlite_folder: settings.sqlite_folder.clone() }),
        Arc::new(integration::Integration),
    ];
    effects.extend(off::effects());
    effects
}

/// Whether a key of an effect is one of a node type, which the steps language does not have.
#[must_use]
pub fn is_node(key: &str) -> bool {
    key.starts_with("node-")
}
