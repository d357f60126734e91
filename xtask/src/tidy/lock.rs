//! What the lock file may hold.

use std::collections::BTreeMap;

use super::Finding;
use super::tree::Tree;

const LOCK: &str = "Cargo.lock";

/// Packages that must never be linked.
const BANNED: &[(&str, &str)] = &[
    ("aws-lc-rs", "ring is the only TLS provider (docs/adr/0003): turn off the default features of what brings it"),
    ("aws-lc-sys", "ring is the only TLS provider (docs/adr/0003): turn off the default features of what brings it"),
    ("openssl-sys", "rustls is the only TLS library (docs/adr/0003): turn off the default features of what brings it"),
    ("native-tls", "rustls is the only TLS library (docs/adr/0003): turn off the default features of what brings it"),
    ("sqlx", "two databases, two plain drivers (docs/adr/0002)"),
    ("chrono", "jiff is the only calendar"),
];

/// Packages that are there in more than one version, and who holds the older one. One that is no longer doubled is taken out.
const DOUBLED: &[(&str, &str)] = &[
    ("base64", "postgres-protocol is one version behind"),
    ("bit-set", "fancy-regex (jsonschema) against proptest (tests only)"),
    ("bit-vec", "yasna (rcgen, tests only) against proptest (tests only)"),
    ("block-buffer", "lopdf (pdf-extract) is one version of its digests behind"),
    ("cipher", "lopdf (pdf-extract) is one version of its ciphers behind"),
    ("const-oid", "x509-cert (tokio-postgres-rustls) against digest"),
    ("cpufeatures", "lopdf (pdf-extract) is one version of its digests behind"),
    ("crypto-common", "lopdf (pdf-extract) is one version of its digests behind"),
    ("digest", "lopdf (pdf-extract) is one version behind"),
    ("fallible-iterator", "tokio-postgres against rusqlite"),
    ("getrandom", "ring"),
    ("hashbrown", "metrics-util (metrics-exporter-prometheus)"),
    ("inout", "lopdf (pdf-extract) is one version of its ciphers behind"),
    ("md-5", "lopdf (pdf-extract) against postgres-protocol"),
    ("nom", "asn1-rs against lopdf (pdf-extract)"),
    ("r-efi", "other platforms only"),
    ("rand", "metrics-util (metrics-exporter-prometheus)"),
    ("rand_core", "metrics-util (metrics-exporter-prometheus)"),
    ("sha2", "lopdf (pdf-extract) is one version behind"),
    ("strum", "croner against jsonschema"),
    ("strum_macros", "compile time only"),
    ("syn", "compile time only"),
    ("synstructure", "compile time only"),
    ("wasi", "other platforms only"),
    ("windows-link", "other platforms only"),
    ("windows-sys", "other platforms only"),
];

/// Packages that are banned, or that do not come from the registry.
pub(super) fn banned(tree: &Tree) -> Vec<Finding> {
    let Some(lock) = tree.get(LOCK) else { return Vec::new() };
    let mut findings = Vec::new();
    for package in packages(&lock.text) {
        let ban = BANNED.iter().find(|(name, _)| *name == package.name);
        findings.extend(
            ban.map(|(name, instead)| Finding::new(LOCK, package.line, "banned", format!("`{name}`: {instead}"))),
        );
        let foreign = package
            .source
            .is_some_and(|source| !source.starts_with("registry+https://github.com/rust-lang/crates.io-index"));
        findings.extend(foreign.then(|| {
            Finding::new(
                LOCK,
                package.line,
                "banned",
                format!("`{}` does not come from crates.io: use a published version", package.name),
            )
        }));
    }
    findings
}

/// Packages in two versions that nobody gave a reason for.
pub(super) fn duplicates(tree: &Tree) -> Vec<Finding> {
    let Some(lock) = tree.get(LOCK) else { return Vec::new() };
    let mut versions: BTreeMap<&str, Vec<Package>> = BTreeMap::new();
    for package in packages(&lock.text) {
        versions.entry(package.name).or_default().push(package);
    }
    let mut findings = Vec::new();
    for (name, found) in versions.iter().filter(|(_, found)| found.len() > 1) {
        if !DOUBLED.iter().any(|(known, _)| known == name) {
            let all = found.iter().map(|package| package.version).collect::<Vec<_>>().join(" and ");
            let text = format!(
                "`{name}` is compiled as {all}: ask for one version (`cargo tree -d`), or name the reason in xtask/src/tidy/lock.rs"
            );
            findings.push(Finding::new(LOCK, found[0].line, "duplicates", text));
        }
    }
    for (name, _) in DOUBLED {
        if versions.get(name).is_none_or(|found| found.len() < 2) {
            findings.push(Finding::new(
                LOCK,
                1,
                "duplicates",
                format!("`{name}` is no longer doubled: take it out of xtask/src/tidy/lock.rs"),
            ));
        }
    }
    findings
}

struct Package<'a> {
    name: &'a str,
    version: &'a str,
    source: Option<&'a str>,
    line: usize,
}

/// Reads the `[[package]]` tables; the file is written by cargo, one key a line.
fn packages(lock: &str) -> Vec<Package<'_>> {
    let mut packages: Vec<Package<'_>> = Vec::new();
    for (at, line) in lock.lines().enumerate() {
        if line == "[[package]]" {
            packages.push(Package { name: "", version: "", source: None, line: at + 2 });
        }
        let (Some(package), Some((key, value))) = (packages.last_mut(), line.split_once(" = ")) else { continue };
        let value = value.trim_matches('"');
        match key {
            "name" => package.name = value,
            "version" => package.version = value,
            "source" => package.source = Some(value),
            _ => {}
        }
    }
    packages
}
