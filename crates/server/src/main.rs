//! The binary `floe`.

fn main() {}
