//! The rail of live mode, as the doctor looks at it.

use std::path::PathBuf;
use std::pin::Pin;

use floe_operation::doctor::{Check, Examine};

/// The folder of payment files, which is the rail of live mode.
pub struct LiveRail {
    /// Where it is; none: live mode has no rail.
    pub folder: Option<PathBuf>,
}

impl Examine for LiveRail {
    fn examine(&self) -> Pin<Box<dyn Future<Output = Check> + Send + '_>> {
        Box::pin(async move {
            const TITLE: &str = "Live rail";
            let Some(folder) = &self.folder else {
                return Check::ok("live_rail", TITLE, "none is set up: payment runs of live mode cannot be released");
            };
            let shown = folder.display();
            match std::fs::metadata(folder) {
                Ok(found) if found.is_dir() && !found.permissions().readonly() => {
                    Check::ok("live_rail", TITLE, format!("payment files in {shown}"))
                }
                Ok(_) => {
                    let fix = "Make it a folder into which the server may write, or set FLOE_PAYOUT_FILES to one";
                    Check::fail("live_rail", TITLE, format!("{shown} is no folder that can be written"), fix)
                }
                // It is made with the first payment file.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    Check::ok("live_rail", TITLE, format!("payment files in {shown}, where there is none yet"))
                }
                Err(error) => {
                    let fix = "Look at the permissions of the folder that FLOE_PAYOUT_FILES names";
                    Check::fail("live_rail", TITLE, format!("{shown}: {error}"), fix)
                }
            }
        })
    }
}
