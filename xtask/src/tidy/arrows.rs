//! Who may depend on whom: `server -> surfaces -> slices -> runtime -> engine, store -> model`.

use super::Finding;
use super::tree::{File, Tree};

/// Where a crate stands. Arrows go down only; two crates of one layer never meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    Model,
    EngineOrStore,
    Runtime,
    Slice,
    Surfaces,
    Server,
}

/// Every shipped crate. A new slice is one line here.
const LAYERS: &[(&str, Layer)] = &[
    ("model", Layer::Model),
    ("engine", Layer::EngineOrStore),
    ("store", Layer::EngineOrStore),
    ("runtime", Layer::Runtime),
    ("access", Layer::Slice),
    ("flows", Layer::Slice),
    ("operation", Layer::Slice),
    ("agents", Layer::Slice),
    ("treasury", Layer::Slice),
    ("placements", Layer::Slice),
    ("webhooks", Layer::Slice),
    ("surfaces", Layer::Surfaces),
    ("server", Layer::Server),
];

/// Crates that are never shipped.
const TEST_ONLY: [&str; 1] = ["testkit"];

/// Libraries that belong to some crates only: what each is for would otherwise leak into the others.
const ONLY_IN: &[(&str, &[&str], &str)] = &[
    (
        "rusqlite",
        &["store", "flows"],
        "our SQL is in `store`; `flows::nodes::database` carries that of people to databases of theirs",
    ),
    (
        "tokio-postgres",
        &["store", "flows"],
        "our SQL is in `store`; `flows::nodes::database` carries that of people to databases of theirs",
    ),
    ("axum", &["surfaces", "server"], "HTTP ends at the surfaces; slices take and give plain types"),
    ("tower", &["surfaces", "server"], "HTTP ends at the surfaces; slices take and give plain types"),
    ("hyper", &["runtime", "surfaces", "server"], "HTTP ends at the surfaces; calls to the outside are `ctx.outside`"),
    ("reqwest", &["runtime", "server"], "calls to the outside are `ctx.outside`, which checks every address"),
    ("rquickjs", &["runtime"], "JavaScript runs in child processes only; call `ctx.sandbox`"),
    ("chacha20poly1305", &["runtime"], "values are sealed and opened by `ctx.seal`"),
    ("croner", &["model"], "times of patterns are decided by `floe_model::flows::cron`"),
    (
        "regex",
        &["model"],
        "patterns of people are compiled by `floe_model::placements::filter`, with a limit on their size",
    ),
    ("getrandom", &["runtime"], "randomness is an argument; call `ctx.ids`"),
    ("calamine", &["treasury"], "spreadsheets that people upload are read by `treasury::import`"),
    (
        "quick-xml",
        &["placements", "runtime", "engine"],
        "drawings that people upload are checked by `placements::assets`, documents read by `runtime::documents`, XML in \
         workflows by `engine::nodes::transform`",
    ),
    (
        "jsonschema",
        &["agents", "engine"],
        "schemas of tools and answers are compiled by `agents::tools::schema`, those of reviews by `engine::nodes::schema`, with \
         limits on what they cost",
    ),
    (
        "csv",
        &["treasury", "runtime", "flows"],
        "files that people upload are read by `treasury::import` and `runtime::documents`, tables written by `flows::nodes::spreadsheet`",
    ),
    (
        "zip",
        &["treasury", "runtime", "flows"],
        "packed files are read by `treasury::import` and `runtime::documents`, which count what they unpack to, and written by `flows::nodes::spreadsheet`",
    ),
    ("pulldown-cmark", &["engine"], "Markdown becomes HTML in `engine::nodes::template_output`"),
    ("pdf-extract", &["runtime"], "documents are read by `runtime::documents`, in a child process"),
    ("infer", &["flows"], "types of files are found where files are received"),
    ("multer", &["surfaces"], "multipart bodies end at the surfaces; slices take and give plain types"),
    (
        "ring",
        &["access"],
        "signatures of audit heads are made and checked in `access::audit::head`; TLS is in `runtime` and `server`",
    ),
    ("clap", &["server"], "only the binary reads its command line"),
    ("clap_complete", &["server"], "only the binary reads its command line"),
    (
        "metrics-exporter-prometheus",
        &["operation"],
        "count with the macros of `metrics`; one place shows what was counted",
    ),
    (
        "tokio",
        &[
            "store",
            "runtime",
            "access",
            "flows",
            "operation",
            "agents",
            "treasury",
            "placements",
            "webhooks",
            "surfaces",
            "server",
        ],
        "`model` and `engine` are plain functions: return what should happen as a value",
    ),
];

/// The layer of a shipped crate, by its folder.
pub(super) fn layer_of(name: &str) -> Option<Layer> {
    LAYERS.iter().find(|(known, _)| *known == name).map(|(_, layer)| *layer)
}

/// Dependencies that go up, sideways, or from shipped code to test code.
pub(super) fn between_crates(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, name) in manifests(tree) {
        let layer = layer_of(name);
        if layer.is_none() && !TEST_ONLY.contains(&name) && name != "xtask" {
            let text = format!("`{name}` has no layer; name it in LAYERS of xtask/src/tidy/arrows.rs");
            findings.push(Finding::new(&file.path, 1, "arrows", text));
        }
        for dependency in dependencies(&file.text) {
            let Some(other) = dependency.name.strip_prefix("floe-") else { continue };
            let wrong = if name == "xtask" {
                Some(
                    "xtask compiles in seconds because it holds no crate of the product: start a binary or a test instead",
                )
            } else if TEST_ONLY.contains(&other) {
                (!dependency.dev && layer.is_some())
                    .then_some("test code is never shipped; move it to [dev-dependencies]")
            } else {
                layer.zip(layer_of(other)).and_then(|(from, to)| wrong_arrow(from, to))
            };
            findings.extend(wrong.map(|text| {
                Finding::new(&file.path, dependency.line, "arrows", format!("`{name}` depends on `{other}`: {text}"))
            }));
        }
    }
    findings
}

/// Libraries in crates where they do not belong.
pub(super) fn libraries(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, name) in manifests(tree).filter(|(_, name)| layer_of(name).is_some()) {
        for dependency in dependencies(&file.text).filter(|dependency| !dependency.dev) {
            let rule =
                ONLY_IN.iter().find(|(library, crates, _)| *library == dependency.name && !crates.contains(&name));
            findings.extend(rule.map(|(library, _, instead)| {
                Finding::new(&file.path, dependency.line, "libraries", format!("`{library}` in `{name}`: {instead}"))
            }));
        }
    }
    findings
}

fn wrong_arrow(from: Layer, to: Layer) -> Option<&'static str> {
    match (from, to) {
        (Layer::Slice, Layer::Slice) => Some(
            "slices meet through domain events and registered step types, tools and jobs; shared nouns live in `model`",
        ),
        (Layer::EngineOrStore, Layer::EngineOrStore) => {
            Some("engine and store know only the model; what joins them lives in `runtime` or a slice")
        }
        _ if to >= from => Some("arrows go down: server -> surfaces -> slices -> runtime -> engine, store -> model"),
        _ => None,
    }
}

/// The manifests of our crates with their folder names.
fn manifests(tree: &Tree) -> impl Iterator<Item = (&File, &str)> {
    tree.files().filter_map(|file| match file.path.as_str() {
        "xtask/Cargo.toml" => Some((file, "xtask")),
        path => {
            let name = path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")?;
            (!name.contains('/')).then_some((file, name))
        }
    })
}

struct Dependency<'a> {
    name: &'a str,
    line: usize,
    dev: bool,
}

/// Reads the tables `[dependencies]`, `[build-dependencies]`, `[dev-dependencies]`, those below `[target.…]`, and the long form
/// `[dependencies.name]`. Our manifests hold one dependency a line.
fn dependencies(manifest: &str) -> impl Iterator<Item = Dependency<'_>> {
    let mut table = None;
    manifest.lines().enumerate().filter_map(move |(at, line)| {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            let (kind, name) = match header.rsplit_once("dependencies.") {
                Some((before, name)) => (format!("{before}dependencies"), Some(name)),
                None => (header.to_owned(), None),
            };
            let dev = kind.ends_with("dev-dependencies");
            table = (kind.ends_with("dependencies") && name.is_none()).then_some(dev);
            return name.map(|name| Dependency { name, line: at + 1, dev });
        }
        let dev = table?;
        let name = line.split(['.', '=', ' ']).next().filter(|name| !name.is_empty() && !name.starts_with('#'))?;
        Some(Dependency { name: name.trim_matches('"'), line: at + 1, dev })
    })
}
