use super::*;

fn trailer() -> Trailer {
    Trailer {
        format: FORMAT,
        id: "bak_1".to_owned(),
        kind: "manual".to_owned(),
        taken_at: "2026-01-02T03:04:05.678Z".to_owned(),
        version: "0.1.0".to_owned(),
        schema_version: 12,
        rows: [("runs".to_owned(), 3)].into(),
        key_fingerprint: "0123456789abcdef".to_owned(),
        secret_key: None,
    }
}

struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("floe-archive-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_was_sealed_is_verified_and_comes_out_again() {
    let folder = Folder::new("sound");
    let path = folder.0.join("one");
    let content: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    std::fs::write(&path, &content).expect("written");
    let sealed = seal(&path, &trailer()).expect("sealed");
    let verified = verify(&path).expect("verified");
    assert_eq!(sealed, verified);
    assert_eq!(verified.trailer, trailer());
    let whole = std::fs::read(&path).expect("read");
    assert_eq!(verified.bytes, whole.len() as u64);
    assert_eq!(verified.sha256, hex::encode(&Sha256::digest(&whole)));
    let target = folder.0.join("out");
    extract(&path, &verified, &target).expect("extracted");
    assert_eq!(std::fs::read(&target).expect("read"), content);
    assert!(extract(&path, &verified, &target).is_err(), "a file that is there is not written over");
}

#[test]
fn any_changed_or_missing_byte_is_refused() {
    let folder = Folder::new("changed");
    let path = folder.0.join("one");
    std::fs::write(&path, [7; 5_000]).expect("written");
    seal(&path, &trailer()).expect("sealed");
    let whole = std::fs::read(&path).expect("read");
    let refused = |bytes: &[u8], what: &str| {
        std::fs::write(&path, bytes).expect("written");
        assert!(verify(&path).is_err(), "{what} was taken");
    };
    for at in (0..whole.len()).step_by(97).chain(5_000..whole.len()) {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        refused(&changed, &format!("byte {at}"));
    }
    for length in [0, 1, 47, 48, 4_999, 5_000, whole.len() - 1] {
        refused(&whole[..length], &format!("{length} bytes"));
    }
    refused(&[whole.as_slice(), b"x"].concat(), "a byte too many");
    refused(&[b"x", whole.as_slice()].concat(), "a byte before it");
    // A trailer that says that it is longer than the file.
    let mut long = whole;
    let at = long.len() - 48;
    long[at..at + 8].copy_from_slice(&u64::MAX.to_be_bytes());
    refused(&long, "an impossible length");
}

#[test]
fn another_format_is_named() {
    let folder = Folder::new("format");
    let path = folder.0.join("one");
    std::fs::write(&path, b"db").expect("written");
    seal(&path, &Trailer { format: 9, ..trailer() }).expect("sealed");
    assert!(matches!(verify(&path), Err(ArchiveError::Format(9))));
}
