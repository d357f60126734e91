//! Files: the node type `files` takes them as inputs; `fileDownload`, `fileRead`, `fileWrite` and `fileOperations` work on the private folder
//! of the run ([`folder`]).

pub(super) mod folder;
pub(super) mod input;
mod kinds;
mod operations;
mod source;

pub(super) use input::FileInput;
pub(super) use operations::{Download, Operations, Read, Write};
pub(super) use source::given;
