//! The thread that hears what other nodes tell.

use std::{future::poll_fn, time::Duration};

use tokio::{runtime::Runtime, sync::watch};
use tokio_postgres::{AsyncMessage, Error};

use super::{connect::Address, news, open::Membership};
use crate::{Change, change::Announcer, node::Node};

/// Pause before a lost connection is made again.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// What the thread owns.
pub(super) struct Listener {
    pub(super) runtime: Runtime,
    pub(super) address: Address,
    pub(super) announcer: Announcer,
    /// There is nothing to hear before this process is a node.
    pub(super) membership: watch::Receiver<Membership>,
}

impl Listener {
    /// Serves until the store is closed.
    pub(super) fn run(self) {
        let Self { runtime, address, announcer, mut membership } = self;
        runtime.block_on(async {
            let known = membership.wait_for(|now| !matches!(now, Membership::Outside)).await;
            let Ok(Membership::Joined(own)) = known.map(|now| now.clone()) else { return };
            loop {
                tokio::select! {
                    ended = hear(&address, &announcer, &own) => {
                        if let Err(error) = ended {
                            tracing::warn!(%error, "what other nodes tell cannot be heard; connecting again");
                        }
                    }
                    _ = membership.changed() => return,
                }
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        });
    }
}

async fn hear(address: &Address, announcer: &Announcer, own: &Node) -> Result<(), Error> {
    let (client, mut connection) = address.connect().await?;
    let listening = client.batch_execute("listen floe");
    tokio::pin!(listening);
    let mut is_listening = false;
    loop {
        tokio::select! {
            done = &mut listening, if !is_listening => {
                done?;
                is_listening = true;
                // Whatever was told before is lost.
                announcer.hear(Change::Many);
            }
            message = poll_fn(|context| connection.poll_message(context)) => match message {
                Some(Ok(AsyncMessage::Notification(told))) => {
                    let (from, changes) = news::read(told.payload());
                    if from.is_some() && from == own.id() {
                        continue;
                    }
                    changes.into_iter().for_each(|change| announcer.hear(change));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
        }
    }
}
