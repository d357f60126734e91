//! Runs the entries of the fuzz targets over their seed corpus, so that both keep working without the fuzzer.

use std::fs;
use std::path::{Path, PathBuf};

// The entries name the language as `super::expr`, here and in the fuzz targets.
use crate::expr;

#[path = "../../../../../fuzz/entry.rs"]
mod entry;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).expect("the corpus is there").map(|file| file.expect("it can be listed").path());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    assert!(files.len() >= 8, "the corpus of {target} is too small");
    files.iter().map(|file| fs::read(file).expect("it can be read")).collect()
}

#[test]
fn the_seeds_pass_whole_and_cut_anywhere() {
    let targets = [
        ("expression", entry::expression as fn(&[u8])),
        ("template", entry::template),
        ("graph_expression", entry::graph_expression),
    ];
    for (target, entry) in targets {
        for seed in corpus(target) {
            (0..=seed.len()).for_each(|end| entry(&seed[..end]));
        }
    }
}
