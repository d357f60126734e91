//! What a test run needs beside Rust. Each part looks first, installs if it may, and otherwise says in one line what is missing.

pub(crate) mod chromium;
pub(crate) mod dictionary;
pub(crate) mod model_server;
pub(crate) mod nextest;
pub(crate) mod postgresql;
pub(crate) mod python_client;
