//! Shapes of the data behind forms.

use crate::http::shape::{JSON_OBJECT, Shape, list, must, object};

/// One list of the catalogue; each entry has a `key`.
pub(in crate::console) const CATALOG: Shape = object("CatalogList", &[must("data", list(&JSON_OBJECT))]);
