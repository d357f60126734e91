use std::io::Read as _;

use floe_model::Timestamp;
use floe_model::id::{AppId, ScreenFlowId, ScreenVersionId, WorkspaceId};
use floe_store::placements::versions::{Head, Version};

use super::*;
use crate::serving::version::Bases;

fn version(bytes: usize) -> Arc<ServedVersion> {
    let head = Head {
        app: AppId(1),
        flow: ScreenFlowId(2),
        id: ScreenVersionId(3),
        number: 1,
        schema_version: 1,
        sha256: String::new(),
        bytes: 0,
        note: None,
        warnings: "[]".to_owned(),
        fonts: "[]".to_owned(),
        published_by: String::new(),
        published_at: Timestamp(0),
    };
    let schema = format!("\"{}\"", "x".repeat(bytes - 2));
    ServedVersion::new(Version { head, schema }, &Bases::new("https://h", WorkspaceId(4)))
}

fn script(sizes: &[usize], packs: bool) -> (Script, Vec<u8>) {
    let mut script = Script::with_room(0, packs);
    let mut expected = Vec::new();
    for &size in sizes {
        let version = version(size);
        script.text("[");
        script.flow(&version);
        script.text("]");
        expected.extend([&b"["[..], &version.schema, b"]"].concat());
    }
    assert_eq!(script.len(), expected.len());
    (script, expected)
}

#[test]
fn small_flows_are_copied_and_large_ones_are_pieces() {
    for (sizes, pieces) in [
        (&[][..], 1),
        (&[3_000], 1),
        (&[3_000; 10], 1),
        (&[COPIED_MAX], 1),
        (&[COPIED_MAX + 1], 3),
        (&[COPIED_MAX + 1, 3_000, COPIED_MAX + 1], 5),
        // Four are copied; the other three stand on their own, with the text between them.
        (&[COPIED_MAX; 7], 7),
    ] {
        let (script, expected) = script(sizes, false);
        let plain = script.plain();
        assert_eq!(plain.concat(), expected, "{sizes:?}");
        assert_eq!(plain.len(), pieces, "{sizes:?}");
    }
}

#[test]
fn packed_answers_unpack_to_the_same() {
    for sizes in [&[3_000][..], &[3_000, 40_000, 3_000]] {
        let (script, expected) = script(sizes, true);
        let packed = script.gzip().expect("it can be packed");
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&packed.concat()[..]).read_to_end(&mut unpacked).expect("gzip");
        assert_eq!(unpacked, expected, "{sizes:?}");
        assert_eq!(script.plain().concat(), expected, "{sizes:?}");
    }
}
