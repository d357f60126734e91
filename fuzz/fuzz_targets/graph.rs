#![no_main]

use floe_engine::lang::graph;

#[path = "../graph.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| entry::definition(data));
