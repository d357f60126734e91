//! Runs the entry of the fuzz target over its seed corpus, so that both keep working without the fuzzer.

use std::path::Path;

// The entry names the language as `super::graph`, here and in the fuzz target.
use crate::lang::graph;

#[path = "../../../../../../fuzz/graph.rs"]
mod entry;

#[test]
fn the_seeds_pass_whole_and_with_any_byte_changed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/graph");
    let files = std::fs::read_dir(&folder).expect("the corpus is there");
    let seeds: Vec<Vec<u8>> =
        files.map(|file| std::fs::read(file.expect("it can be listed").path()).expect("it can be read")).collect();
    assert!(seeds.len() >= 8, "the corpus is too small");
    for mut seed in seeds {
        entry::definition(&seed);
        for at in 0..seed.len() {
            let byte = std::mem::replace(&mut seed[at], b'a' + (at % 26) as u8);
            entry::definition(&seed);
            seed[at] = byte;
        }
    }
}
