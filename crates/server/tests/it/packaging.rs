//! The files of `packaging/` and their pages: they name settings and commands that exist, and what must not be in them is not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use floe_server::settings::SETTINGS;

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate is two folders down");
    root.to_path_buf()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

const FILES: [&str; 8] = [
    "packaging/docker/Dockerfile",
    "packaging/docker/healthy.sh",
    "packaging/systemd/floe.service",
    "packaging/systemd/floe.env",
    "packaging/compose/compose.yaml",
    "docs/docker.md",
    "docs/systemd.md",
    "docs/compose.md",
];

/// Every name of a setting in a text.
fn named(text: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices("FLOE_") {
        let begins = !text[..at].chars().next_back().is_some_and(is_part);
        let end = text[at..].find(|c| !is_part(c)).map_or(text.len(), |length| at + length);
        if begins {
            names.insert(&text[at..end]);
        }
    }
    names
}

#[test]
fn every_setting_that_is_named_exists_and_only_secrets_are_read_from_files() {
    for path in FILES {
        let text = read(path);
        for name in named(&text) {
            let secret = name.strip_suffix("_FILE").filter(|name| *name != "FLOE_AUDIT_HEADS");
            let known = SETTINGS.iter().any(|setting| match secret {
                Some(secret) => setting.name == secret && setting.secret,
                None => setting.name == name,
            });
            assert!(known, "{path} names {name}");
        }
    }
    assert!(named(&read(FILES[0])).contains("FLOE_DATA_DIR"), "the search finds something");
}

#[test]
fn the_image_runs_without_rights_and_is_checked() {
    let image = read("packaging/docker/Dockerfile");
    let lines: Vec<&str> = image.lines().map(str::trim).collect();
    let has = |start: &str| lines.iter().any(|line| line.starts_with(start));
    for start in ["USER 10001", "VOLUME /data", "HEALTHCHECK", "STOPSIGNAL SIGTERM", r#"CMD ["serve"]"#] {
        assert!(has(start), "{start}");
    }
    let toolchain = format!("FROM rust:{}", env!("CARGO_PKG_RUST_VERSION"));
    assert!(has(&toolchain), "the image is built with another compiler than the workspace names");
    for copied in lines.iter().filter_map(|line| line.strip_prefix("COPY packaging/")) {
        let source = copied.split(' ').next().expect("a path");
        assert!(root().join("packaging").join(source).exists(), "{source} is copied and not there");
    }
}

#[test]
fn the_unit_keeps_its_limits_and_starts_the_server() {
    let unit = read("packaging/systemd/floe.service");
    for line in [
        "ExecStart=/usr/local/bin/floe serve",
        "DynamicUser=yes",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "ProtectSystem=strict",
        "PrivateDevices=yes",
        "MemoryDenyWriteExecute=yes",
        "SystemCallFilter=@system-service",
    ] {
        assert!(unit.lines().any(|found| found == line), "{line}");
    }
}

#[test]
fn compose_builds_the_image_that_is_there_and_holds_no_secret() {
    let compose = read("packaging/compose/compose.yaml");
    let folder = root().join("packaging/compose");
    let value = |key: &str| {
        let line = compose.lines().map(str::trim).find_map(|line| line.strip_prefix(key));
        line.unwrap_or_else(|| panic!("{key}")).trim().to_owned()
    };
    let context = folder.join(value("context:"));
    assert!(context.join(value("dockerfile:")).is_file());
    assert!(context.join("Cargo.lock").is_file());
    assert!(!compose.contains('\t'), "YAML knows no tabs");
    for secret in ["database_password", "database_url", "secret_key"] {
        assert!(compose.contains(&format!("file: ./secrets/{secret}")), "{secret}");
    }
    assert!(!compose.contains("postgres://"), "the address with its password is a secret");
    assert_eq!(read("packaging/compose/.gitignore").trim(), "secrets/");
}
