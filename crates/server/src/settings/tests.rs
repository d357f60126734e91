use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;

/// A folder of its own for one test, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("floe-settings-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).expect("a file in the temporary folder");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn load(folder: &Path, flags: &[(&'static str, &str)], env: &[(&str, &str)]) -> Result<Settings, String> {
    let sources = Sources {
        flags: flags.iter().map(|(name, text)| (*name, (*text).to_owned())).collect(),
        config: None,
        env: env.iter().map(|(name, text)| (OsString::from(name), OsString::from(text))).collect(),
        working_dir: folder.to_path_buf(),
    };
    Settings::load(&sources).map_err(|error| error.to_string())
}

fn refused(env: &[(&str, &str)], part: &str) {
    let folder = Folder::new("refused");
    let problem = load(&folder.0, &[], env).expect_err("a refusal");
    assert!(problem.contains(part), "{env:?}: {problem}");
}

#[test]
fn every_default_is_valid_and_every_line_is_shown() {
    let folder = Folder::new("defaults");
    let settings = load(&folder.0, &[], &[]).expect("defaults");
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8700");
    assert!(settings.code_steps && settings.workers >= 1 && settings.runs_per_workspace == 50);
    let table = effective_table(&settings);
    assert_eq!(table.len(), SETTINGS.len());
    assert!(table.iter().all(|line| line["origin"] == "default"));
    assert_eq!(defaults_table().len(), SETTINGS.len());
}

#[test]
fn a_flag_wins_over_the_environment_which_wins_over_the_file() {
    let folder = Folder::new("order");
    folder.write(
        "floe.toml",
        "listen = \"127.0.0.1:1\"\nworkers = 3\nlog = \"debug\"\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n",
    );
    let env =
        [("FLOE_LISTEN", "127.0.0.1:2"), ("FLOE_WORKERS", "5"), ("PATH", "/bin"), ("FLOE_TEST_POSTGRES_URL", "x")];
    let settings = load(&folder.0, &[("FLOE_LISTEN", "localhost:3")], &env).expect("valid");
    assert_eq!(settings.listen.port(), 3);
    assert_eq!((settings.workers, settings.log.as_str()), (5, "debug"));
    assert_eq!(settings.trusted_proxies.len(), 2);
    let origin = |name: &str| settings.values.get(name).map(|value| value.origin.word());
    assert_eq!(
        [origin("FLOE_LISTEN"), origin("FLOE_WORKERS"), origin("FLOE_LOG"), origin("FLOE_MODE")],
        [Some("flag"), Some("env"), Some("file"), Some("default")]
    );
}

#[test]
fn the_file_of_the_data_folder_is_read_when_there_is_no_other() {
    let folder = Folder::new("data");
    std::fs::create_dir_all(folder.0.join("d")).expect("a folder");
    folder.write("d/floe.toml", "session_max_days = 7\n");
    let settings = load(&folder.0, &[("FLOE_DATA_DIR", "d")], &[]).expect("valid");
    assert_eq!(settings.session_max_days, 7);
}

#[test]
fn unknown_names_are_refused_with_the_nearest_known_one() {
    refused(&[("FLOE_LISTN", "x")], "FLOE_LISTN is not a setting; the nearest is FLOE_LISTEN");
    refused(&[("FLOE_LISTEN_FILE", "x")], "the nearest is FLOE_LISTEN");
    let folder = Folder::new("keys");
    folder.write("floe.toml", "sesion_idle_hours = 3\nLISTEN = \"x\"\n[log]\n");
    let problem = load(&folder.0, &[], &[]).expect_err("a refusal");
    for part in ["sesion_idle_hours: not a setting; the nearest is session_idle_hours", "LISTEN: not", "log: must be"] {
        assert!(problem.contains(part), "{problem}");
    }
}

#[test]
fn payouts_are_asked_about_as_the_contract_says_unless_the_settings_say_otherwise() {
    let folder = Folder::new("payouts");
    let usual = load(&folder.0, &[], &[]).expect("valid").treasury.payouts;
    assert_eq!(usual.schedule, floe_model::treasury::Schedule::default());
    let env = [("FLOE_PAYOUT_QUESTIONS", "0,1"), ("FLOE_PAYOUT_FOLLOWUP", "0"), ("FLOE_VIRTUAL_BANK", "035 Wema Bank")];
    let quick = load(&folder.0, &[], &env).expect("valid").treasury.payouts;
    assert_eq!((quick.schedule.questions_ms, quick.schedule.followup_ms), (vec![0, 1_000], 0));
    assert_eq!((quick.virtual_bank_code.as_str(), quick.virtual_bank_name.as_str()), ("035", "Wema Bank"));
}

#[test]
fn values_out_of_range_are_refused_by_name_all_at_once() {
    refused(&[("FLOE_WORKERS", "0")], "FLOE_WORKERS: must be a number from 1 to 1024");
    refused(&[("FLOE_LISTEN", "8700")], "FLOE_LISTEN: must be an address");
    refused(&[("FLOE_PUBLIC_URL", "https://a/b")], "FLOE_PUBLIC_URL");
    refused(&[("FLOE_PUBLIC_URL", "ftp://a")], "FLOE_PUBLIC_URL");
    refused(&[("FLOE_DATABASE_URL", "mysql://a")], "FLOE_DATABASE_URL: must begin with postgres://");
    refused(&[("FLOE_TRUSTED_PROXIES", "10.0.0.0/40")], "FLOE_TRUSTED_PROXIES");
    refused(&[("FLOE_RATE_LIMITS", "flows=many/min")], "FLOE_RATE_LIMITS");
    refused(&[("FLOE_RATE_LIMITS", "flow=1/min")], "FLOE_RATE_LIMITS");
    refused(&[("FLOE_RATE_LIMITS", "sdk-events=100000000/s")], "FLOE_RATE_LIMITS");
    refused(&[("FLOE_TLS_CERT", "c.pem")], "FLOE_TLS_KEY: must be given with FLOE_TLS_CERT");
    refused(&[("FLOE_BACKUP_CRON", "0 0 30 2 *")], "FLOE_BACKUP_CRON: cron never matches");
    refused(&[("FLOE_BACKUP_KEEP", "0")], "FLOE_BACKUP_KEEP");
    refused(&[("FLOE_PAYOUT_QUESTIONS", "30,soon")], "FLOE_PAYOUT_QUESTIONS: must be a number");
    refused(&[("FLOE_PAYOUT_INSTITUTION", "99")], "FLOE_PAYOUT_INSTITUTION: must be six digits");
    refused(&[("FLOE_VIRTUAL_BANK", "Floe")], "FLOE_VIRTUAL_BANK: must be a code");
    refused(&[("FLOE_FUNDING_SECRETS", "bank=short")], "FLOE_FUNDING_SECRETS: must be name=secret");
    refused(&[("FLOE_INSTITUTIONS_FILE", "/nowhere.json")], "FLOE_INSTITUTIONS_FILE: /nowhere.json");
    refused(&[("FLOE_PAYOUT_RAIL", "file")], "FLOE_PAYOUT_FILES: must be given with FLOE_PAYOUT_RAIL=file");
    refused(&[("FLOE_PAYOUT_FILES", "/payments")], "FLOE_PAYOUT_RAIL: must be file where");
    refused(&[("FLOE_WATCHLIST", "/nowhere.txt")], "FLOE_WATCHLIST: /nowhere.txt");
    refused(&[("FLOE_RUN_RETENTION_DAYS", "0")], "FLOE_RUN_RETENTION_DAYS");
    refused(&[("FLOE_EVENT_RETENTION_DAYS", "29")], "FLOE_EVENT_RETENTION_DAYS: must be a number from 30 to 3650");
    refused(&[("FLOE_USAGE_SINCE", "2025-02-30")], "FLOE_USAGE_SINCE: must be a date");
    refused(&[("FLOE_LOG", "a=b=c")], "FLOE_LOG");
    refused(
        &[("FLOE_MODE", "prod"), ("FLOE_CODE_STEPS", "maybe")],
        "FLOE_CODE_STEPS: must be on or off\nFLOE_MODE: must be",
    );
}

#[test]
fn rate_limits_are_words_or_numbers_per_kind() {
    let folder = Folder::new("rates");
    let parsed = |text: &str| load(&folder.0, &[], &[("FLOE_RATE_LIMITS", text)]).expect("valid").rate_limits;
    assert_eq!(parsed("off"), RateLimits::Off);
    let two = vec![("flows".to_owned(), 200), ("member".to_owned(), 0)];
    assert_eq!(parsed("flows=200/min, member=0/min"), RateLimits::PerMinute(two));
    let by_the_second = vec![("sdk-resolve".to_owned(), 600)];
    assert_eq!(parsed("sdk-resolve=10/s"), RateLimits::PerMinute(by_the_second));
}

#[test]
fn secrets_come_from_files_and_are_never_shown() {
    let folder = Folder::new("secrets");
    folder.write("token", "pat_secret\n");
    let env = [("FLOE_TOKEN_FILE", "token"), ("FLOE_DATABASE_URL", "postgres://u:secret@h/d")];
    let settings = load(&folder.0, &[], &env).expect("valid");
    assert_eq!(settings.token.as_deref(), Some("pat_secret"));
    let shown = serde_json::to_string(&effective_table(&settings)).expect("json");
    assert!(!shown.contains("secret@") && !shown.contains("pat_") && shown.contains("\"***\""), "{shown}");
    refused(&[("FLOE_TOKEN_FILE", "/nonexistent/file")], "FLOE_TOKEN_FILE");
    let both = [("FLOE_TOKEN_FILE", "token"), ("FLOE_TOKEN", "x")];
    assert!(load(&folder.0, &[], &both).is_err_and(|problem| problem.contains("both given")));
}

#[test]
fn the_key_is_made_once_and_only_the_owner_may_read_it() {
    let folder = Folder::new("key");
    let data = ensure_data_folder(&folder.0.join("new/data")).expect("a data folder");
    let mode = |path: &Path| std::fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    let made = load_secret_key(None, &data, || [7; 32]).expect("a key");
    assert_eq!(mode(&data.join("secret.key")), 0o600);
    assert_eq!(load_secret_key(None, &data, || [8; 32]).expect("the same key"), made);
    let given = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
    assert_eq!(load_secret_key(Some(given), &data, || [8; 32]).expect("the given key"), made);
    assert!(load_secret_key(Some("short"), &data, || [8; 32]).is_err());
    folder.write("new/data/secret.key", "broken");
    assert!(load_secret_key(None, &data, || [8; 32]).is_err());
}
