use serde_json::Value;

use super::{hmac, same_hash};

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().expect("a text");
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
}

#[test]
fn keyed_hashes_are_those_of_wycheproof() {
    let file = include_str!("../../tests/data/crypto-wycheproof-hmac_sha256.json");
    let file: Value = serde_json::from_str(file).expect("JSON");
    let groups = file["testGroups"].as_array().expect("groups").iter().filter(|group| group["keySize"] == 256);
    let mut checked = 0;
    for test in groups.flat_map(|group| group["tests"].as_array().expect("tests")) {
        let key: [u8; 32] = bytes(&test["key"]).try_into().expect("256 bits");
        let (made, tag) = (hmac(&key, &bytes(&test["msg"])), bytes(&test["tag"]));
        let is_same = match <&[u8; 32]>::try_from(&tag[..]) {
            Ok(tag) => same_hash(&made, tag),
            // Tags that were cut to 128 bits.
            Err(_) => made[..16] == tag[..],
        };
        assert_eq!(is_same, test["result"] == "valid", "test {}", test["tcId"]);
        checked += 1;
    }
    assert_eq!(checked, 162);
}
