//! The rail of files: payments go into files that people carry to their bank, and files with results come back.
//!
//! In the folder, `out` holds one file for each batch, written whole or not at all, and `log` what ever left ([`record`]). `in` takes
//! files with the columns `reference` and `code` ([`results`]): the reference of a payment, and a code of the NIP table or the word
//! `returned` for money that came back. Files may stay there; an answer that is known changes nothing. Nodes that share a database share
//! the folder.

mod record;
mod results;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use floe_model::treasury::Answered;
use floe_model::treasury::nip::Question;
use floe_runtime::Clock;

use super::{Account, Answer, Enquiry, Look, Movement, Payment, Rail, RailFuture, Sent};

/// The word for money that came back.
const RETURNED: &str = "returned";
/// The code of what is under way.
const IN_PROGRESS: &str = "09";
/// The code of what never left.
const NOT_FOUND: &str = "25";

/// The rail of files.
pub struct FileRail {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
}

impl FileRail {
    /// One that keeps its files in a folder, which is made when it is first needed.
    #[must_use]
    pub fn new(folder: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self { folder, clock }
    }

    /// Does slow work with files away from the threads that serve.
    async fn aside<T: Send + 'static>(&self, work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static) -> Option<T> {
        let folder = self.folder.clone();
        let done = tokio::task::spawn_blocking(move || work(&folder)).await;
        match done {
            Ok(Ok(done)) => Some(done),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the files of the payout rail cannot be used");
                None
            }
            Err(error) => {
                tracing::warn!(%error, "work with the files of the payout rail was interrupted");
                None
            }
        }
    }

    /// Which of some payments without a result left; none when that cannot be said now.
    async fn left(&self, asked: Vec<String>) -> Option<HashSet<String>> {
        if asked.is_empty() {
            return Some(HashSet::new());
        }
        self.aside(move |folder| record::left(folder, &asked)).await.flatten()
    }
}

/// The answer that a file with results gave.
fn told(code: &str) -> Answer {
    match code {
        RETURNED => Answer { answered: Answered::Returned, code: None },
        code => Answer::nip(code, Question::Status),
    }
}

/// The answer about a payment without a result. What was ever said to be under way is under way until there is one.
fn untold(one: &Sent, left: Option<&HashSet<String>>) -> Answer {
    let code = match left {
        _ if is_under_way(one) => IN_PROGRESS,
        Some(left) if left.contains(&one.reference) => IN_PROGRESS,
        Some(_) => NOT_FOUND,
        None => return Answer::none(),
    };
    Answer::nip(code, Question::Status)
}

fn is_under_way(one: &Sent) -> bool {
    one.code.as_deref() == Some(IN_PROGRESS)
}

impl Rail for FileRail {
    fn name(&self) -> &'static str {
        "file"
    }

    fn enquire<'a>(&'a self, accounts: &'a [Account]) -> RailFuture<'a, Vec<Enquiry>> {
        Box::pin(async move { accounts.iter().map(|_| Enquiry::Unsupported).collect() })
    }

    fn send<'a>(&'a self, payments: &'a [Payment]) -> RailFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            let (batch, clock) = (payments.to_vec(), Arc::clone(&self.clock));
            let left = self.aside(move |folder| record::send(folder, &batch, &*clock)).await.unwrap_or_default();
            let answer = |payment: &Payment| {
                let has_left = left.contains(&payment.reference);
                if has_left { Answer::nip(IN_PROGRESS, Question::Send) } else { Answer::none() }
            };
            payments.iter().map(answer).collect()
        })
    }

    fn ask<'a>(&'a self, sent: &'a [Sent]) -> RailFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            let Some(results) = self.aside(results::read).await else {
                return sent.iter().map(|_| Answer::none()).collect();
            };
            let is_open = |one: &&Sent| !results.contains_key(&one.reference) && !is_under_way(one);
            let left = self.left(sent.iter().filter(is_open).map(|one| one.reference.clone()).collect()).await;
            let answer = |one: &Sent| match results.get(&one.reference) {
                Some(code) => told(code),
                None => untold(one, left.as_ref()),
            };
            sent.iter().map(answer).collect()
        })
    }

    fn movements<'a>(&'a self, _look: Look) -> RailFuture<'a, Option<Vec<Movement>>> {
        Box::pin(async move {
            let results = self.aside(results::read).await?;
            let returned = results.into_iter().filter(|(_, code)| code == RETURNED);
            Some(returned.map(|(reference, _)| Movement { reference }).collect())
        })
    }
}

#[cfg(test)]
mod tests;
