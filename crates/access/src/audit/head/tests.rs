use serde_json::Value;

use super::*;

const VECTORS: &str = include_str!("../../../tests/data/crypto-wycheproof-ed25519.json");

fn unhex_any(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hexadecimal")).collect()
}

#[test]
fn signatures_are_judged_as_the_vectors_say() {
    let vectors: Value = serde_json::from_str(VECTORS).expect("JSON");
    let mut judged = 0;
    for group in vectors["testGroups"].as_array().expect("groups") {
        let key = unhex_any(group["publicKey"]["pk"].as_str().expect("a key"));
        for test in group["tests"].as_array().expect("tests") {
            let bytes = |name: &str| unhex_any(test[name].as_str().expect("a text"));
            let valid = verify(&key, &bytes("msg"), &bytes("sig"));
            assert_eq!(valid, test["result"] == "valid", "test {} {}", test["tcId"], test["comment"]);
            judged += 1;
        }
    }
    assert_eq!(Some(judged), vectors["numberOfTests"].as_u64());
}

#[test]
fn a_head_says_what_was_signed() {
    let signer = Signer::new(&ServerSecret::new([7; 32]));
    let head = signer.sign(WorkspaceId(5), 9, [3; 32], Timestamp(1_800_000_000_123_456));
    assert_eq!(
        Signer::new(&ServerSecret::new([7; 32])).sign(WorkspaceId(5), 9, [3; 32], head.at),
        head,
        "the same on every node"
    );
    assert!(head.is_signed());
    assert_eq!(SignedHead::read(&head.object()), Ok(head.clone()));
    assert_eq!(SignedHead::of_stored(&head.to_stored()), Some(head.clone()));
    let changed = [
        SignedHead { workspace: WorkspaceId(6), ..head.clone() },
        SignedHead { seq: 10, ..head.clone() },
        SignedHead { hash: [4; 32], ..head.clone() },
        SignedHead { at: head.at.plus_millis(1), ..head.clone() },
        SignedHead { public_key: *Signer::new(&ServerSecret::new([8; 32])).public_key(), ..head.clone() },
    ];
    for other in changed {
        assert!(!other.is_signed(), "{other:?}");
    }
    for name in ["workspace_id", "seq", "hash", "at", "public_key", "signature"] {
        let mut object = head.object();
        object[name] = Value::Bool(true);
        assert_eq!(SignedHead::read(&object), Err(name));
    }
}
