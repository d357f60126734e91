//! `/openapi.json` and `/openapi/{surface}.json`, also as YAML: the documents of what is served (console contract, section
//! 5.10).

use std::sync::OnceLock;

use bytes::Bytes;
use floe_model::Fault;
use http::StatusCode;
use http::header::CACHE_CONTROL;

use super::SURFACE;
use crate::http::shape::JSON_OBJECT;
use crate::http::{Auth, Call, Reply, Route};
use crate::openapi::{Form, text_of};

const JSON: &str = "application/json";
const YAML: &str = "application/yaml";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/openapi.json", Auth::PUBLIC, |_| async { whole(Form::Json) })
            .doc("Get the OpenAPI document of everything")
            .answers(200, JSON_OBJECT),
        Route::get(&SURFACE, "/openapi.yaml", Auth::PUBLIC, |_| async { whole(Form::Yaml) })
            .doc("Get the OpenAPI document of everything as YAML")
            .answers_media(200, YAML, JSON_OBJECT),
        Route::get(&SURFACE, "/openapi/{document}", Auth::PUBLIC, one)
            .doc("Get the OpenAPI document of a surface")
            .about("The document is the name of a surface and .json or .yaml, e.g. flows.json.")
            .answers(200, JSON_OBJECT)
            .answers_media(200, YAML, JSON_OBJECT),
    ]
}

fn whole(form: Form) -> Result<Reply, Fault> {
    find(None, form).ok_or_else(|| Fault::not_found("Document"))
}

async fn one(call: Call) -> Result<Reply, Fault> {
    let found = call.param("document")?.rsplit_once('.').and_then(|(surface, ending)| {
        let form = match ending {
            "json" => Form::Json,
            "yaml" => Form::Yaml,
            _ => return None,
        };
        find(Some(surface), form)
    });
    found.ok_or_else(|| Fault::not_found("Document"))
}

/// A document. They say nothing about this installation, so they are written once for the life of the process.
fn find(surface: Option<&str>, form: Form) -> Option<Reply> {
    type Texts = Vec<(Option<&'static str>, Form, Bytes)>;
    static TEXTS: OnceLock<Texts> = OnceLock::new();
    let write = || {
        let names = crate::SURFACES.iter().map(|surface| Some(surface.name));
        let names: Vec<_> = std::iter::once(None).chain(names).collect();
        let pairs = names.into_iter().flat_map(|name| [(name, Form::Json), (name, Form::Yaml)]);
        pairs.filter_map(|(name, form)| Some((name, form, Bytes::from(text_of(name, form)?)))).collect()
    };
    let texts: &Texts = TEXTS.get_or_init(write);
    let (_, form, text) = texts.iter().find(|(name, its, _)| *name == surface && *its == form)?;
    let media = match form {
        Form::Json => JSON,
        Form::Yaml => YAML,
    };
    Some(Reply::bytes(StatusCode::OK, media, text.clone()).text_header(CACHE_CONTROL, "no-cache"))
}
