//! Shapes of operation: backups, checks, settings.

use super::page;
use crate::http::shape::{COUNT, FLAG, ID, INSTANT, Shape, TEXT, closed, int, list, may, must, object, text, words};

const BACKUP_STATUS: Shape = words(&["running", "done", "failed"]);

/// A backup.
pub(in crate::console) const BACKUP: Shape = object(
    "Backup",
    &[
        must("id", ID),
        must("kind", words(&["manual", "scheduled", "pre_upgrade"])),
        must("status", BACKUP_STATUS),
        must("with_key", FLAG).about("Whether the server's secret key is inside"),
        must("bytes", COUNT.or_null()),
        must("sha256", TEXT.or_null()),
        must("schema_version", COUNT.or_null()),
        must("problem", TEXT.or_null()).about("Why it failed, or what a later look found"),
        must("created_by", ID.or_null()),
        must("created_at", INSTANT),
        must("finished_at", INSTANT.or_null()),
        must("verified_at", INSTANT.or_null()),
    ],
);
/// Backups.
pub(in crate::console) const BACKUPS: Shape = object("Backups", &page(&BACKUP));
/// What a new backup is to hold.
pub(in crate::console) const NEW_BACKUP: Shape =
    closed("NewBackup", &[may("with_key", FLAG).about("Also the server's secret key; keep such a file safe")]);
/// A backup that is being taken.
pub(in crate::console) const BACKUP_BEGUN: Shape =
    object("BackupBegun", &[must("job_id", ID), must("id", ID), must("status", BACKUP_STATUS)]);
/// When backups are taken.
pub(in crate::console) const SCHEDULE: Shape = object(
    "BackupSchedule",
    &[
        must("cron", TEXT).about("Empty: never"),
        must("timezone", TEXT),
        must("keep", COUNT),
        must("next_at", INSTANT.or_null()),
        must("revision", COUNT),
    ],
);
/// Another time for backups.
pub(in crate::console) const NEW_SCHEDULE: Shape = closed(
    "NewBackupSchedule",
    &[must("cron", text(0, 256)), may("timezone", text(1, 64)), may("keep", int(1, 1_000))],
);
/// What the doctor found.
pub(in crate::console) const CHECKS: Shape = list(&CHECK);
const CHECK: Shape = object(
    "Check",
    &[
        must("id", TEXT),
        must("status", words(&["ok", "warn", "fail"])),
        must("title", TEXT),
        must("detail", TEXT),
        must("fix", TEXT.or_null()),
    ],
);
/// Settings with their origins.
pub(in crate::console) const SETTINGS: Shape = list(&SETTING);
const SETTING: Shape = object(
    "Setting",
    &[
        must("key", TEXT),
        must("value", TEXT.or_null()).about("Secrets are ***"),
        must("origin", words(&["flag", "env", "file", "workspace", "default"])),
        must("env", TEXT),
        must("restart_required", FLAG),
        must("meaning", TEXT),
    ],
);
