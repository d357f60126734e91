#![no_main]

use floe_engine::expr;

#[path = "../entry.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| entry::graph_expression(data));
