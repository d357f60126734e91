//! Pages: the node types `url` and `webBrowse` fetch them, `webSearch` finds them.

mod browse;
mod page;
mod search;
mod url;

pub(super) use browse::Browse;
pub(super) use page::{Fetch, fetch};
pub(super) use search::Search;
pub(super) use url::Url;
