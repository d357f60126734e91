use floe_model::id::{RequestId, RunId, WorkspaceId};
use floe_model::{Mode, Timestamp};
use floe_store::platform::audit::Target;

use super::*;

const VECTORS: &str = include_str!("../../../tests/data/audit-log-proofs.json");

/// The first place of a chain of the vectors that is wrong.
fn first_bad(chain: &[Value]) -> Option<usize> {
    let mut walk = Walk::after(-1, BEGINNING);
    chain.iter().position(|link| {
        let text = |name: &str| unhex(link[name].as_str().expect("a hash")).expect("a hash");
        let seq = link["seq"].as_i64().expect("a number");
        walk.step(seq, &text("prev"), &canonical_json(&link["entry"]), &text("hash")).is_err()
    })
}

#[test]
fn tampering_is_found_where_the_vectors_say() {
    let vectors: Value = serde_json::from_str(VECTORS).expect("JSON");
    let cases = vectors["hash_chain"]["cases"].as_array().expect("cases");
    let expected = [
        ("untouched", None),
        ("entry-edited", Some(3)),
        ("entry-edited-hash-redone", Some(4)),
        ("entry-dropped", Some(2)),
        ("swapped", Some(1)),
        ("duplicated", Some(3)),
        // What the chain alone cannot show; a head can.
        ("tail-cut", None),
        ("all-rewritten", None),
    ];
    assert_eq!(cases.len(), expected.len());
    for (case, (name, place)) in cases.iter().zip(expected) {
        assert_eq!(case["name"], name);
        let chain = case["chain"].as_array().expect("a chain");
        assert_eq!(first_bad(chain), place, "{name}: {}", case["expect"]);
    }
}

/// What is hashed of a sealed entry must never change: entries of years ago have to verify.
#[test]
fn the_canonical_form_of_an_entry_stays_as_it_is() {
    let entry = Entry {
        id: AuditId(1),
        workspace: WorkspaceId(2),
        seq: None,
        mode: Some(Mode::Test),
        product: "console".to_owned(),
        action: "created_key".to_owned(),
        actor: Actor { kind: "member".to_owned(), id: Some(3), name: "Ada \u{1f600}".to_owned() },
        target: Some(Target { kind: "flow".to_owned(), id: Some(4), name: None }),
        run_id: Some(RunId(5)),
        detail: r#"{"b":1.0,"a":[true,null]}"#.to_owned(),
        request_id: Some(RequestId(6)),
        ip: Some("::1".to_owned()),
        at: Timestamp(1_800_000_000_123_456),
    };
    let expected = concat!(
        r#"{"action":"created_key","actor":{"id":"mem_00000000000000000000000003","name":"Ada "#,
        "\u{1f600}",
        r#"","type":"member"},"agent_type":"human","at":"2027-01-15T08:00:00.123Z","detail":{"a":[true,null],"b":1},"#,
        r#""id":"aud_00000000000000000000000001","ip":"::1","mode":"test","#,
        r#""prev_hash":"0000000000000000000000000000000000000000000000000000000000000000","product":"console","#,
        r#""request_id":"req_00000000000000000000000006","run_id":"00000000-0000-0000-0000-000000000005","seq":7,"#,
        r#""target":{"id":"00000000-0000-0000-0000-000000000004","name":null,"type":"flow"}}"#,
    );
    let text = canonical(&entry, 7, &BEGINNING);
    assert_eq!(text, expected);

    let own = hash(&BEGINNING, &text);
    let sealed = Sealed {
        entry: Entry { seq: Some(7), ..entry },
        prev_hash: Some(BEGINNING.to_vec()),
        hash: Some(own.to_vec()),
    };
    let mut object = entry_object(&sealed);
    assert_eq!(object["hash"].as_str(), Some(hex::encode(&own).as_str()));
    object.as_object_mut().expect("an object").swap_remove("hash");
    assert_eq!(canonical_json(&object), text, "what is shown is what was hashed");
}
