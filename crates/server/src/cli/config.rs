//! `floe config`: every setting with its value and origin.

use clap::Args;

use super::output::Column;
use super::{Context, Exit, Output, Place};
use crate::settings::{defaults_table, effective_table};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) place: Place,
    /// Show the defaults instead of the effective values
    #[arg(long)]
    pub(super) defaults: bool,
}

const COLUMNS: &[Column] = &[("NAME", "/env"), ("VALUE", "/value"), ("ORIGIN", "/origin"), ("MEANING", "/meaning")];

pub(super) fn effective(context: &Context) -> Exit {
    context.output.rows(&effective_table(&context.settings), COLUMNS);
    Exit::Done
}

pub(super) fn defaults(output: Output) -> Exit {
    output.rows(&defaults_table(), COLUMNS);
    Exit::Done
}
