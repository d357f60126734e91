//! Repeat safety: the first answer to a request with an `Idempotency-Key` is saved in the transaction of its effect
//! and given again to repeats (Flow API contract, section 1; console contract, section 4).

use floe_model::access::Credential;
use floe_model::id::{NodeId, WorkspaceId};
use floe_model::{Fault, FaultKind, FieldProblem, Timestamp};
use floe_store::Tx;
use floe_store::platform::replies::{self, Begin, NewReply, ReplyKey};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde_json::{Map, Value};

use super::call::Call;
use super::json::check_syntax;
use super::reply::Reply;
use super::route::BodyKind;
use super::surface::FaultSite;

/// Days that a first answer is kept (console contract, section 11, row 16).
const KEPT_DAYS: i64 = 7;
/// Longest `Idempotency-Key`, characters.
const KEY_MAX: usize = 255;

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A request that may be a repeat: its key, the digest of its content, and its time.
#[derive(Debug, Clone)]
pub struct Repeat {
    key: ReplyKey,
    body_hash: [u8; 32],
    now: Timestamp,
    /// This process among those that share the database.
    node: Option<NodeId>,
}

/// What a request with an idempotency key turned out to be.
#[derive(Debug)]
pub enum Begun {
    /// The first one: do it.
    First,
    /// A repeat: this is the answer.
    Replay(Box<Reply>),
}

impl Call {
    /// The repeat that this request may be; `None` without the header, for other methods than POST, and for anonymous
    /// callers (see [`Repeat::of_anyone`]).
    ///
    /// # Errors
    /// 400 when the header is not 1 to 255 visible ASCII characters.
    pub fn repeat(&self) -> Result<Option<Repeat>, Fault> {
        let caller = match (self.ctx.caller.credential, self.ctx.caller.member_id()) {
            (Credential::Anonymous | Credential::System, _) => return Ok(None),
            _ if self.route.surface.customs.repeats_by_workspace => "workspace".to_owned(),
            (_, Some(member)) if self.route.surface.repeats_by_member => format!("member:{member}"),
            (Credential::Session(_), Some(member)) => format!("member:{member}"),
            (Credential::Session(id), None) => format!("session:{id}"),
            (Credential::Token(id), _) => format!("token:{id}"),
            (
                Credential::FlowsKey(id)
                | Credential::TreasuryKey(id)
                | Credential::PlacementsKey(id)
                | Credential::AgentsKey(id)
                | Credential::WorkflowsKey(id),
                _,
            ) => format!("key:{id}"),
            (Credential::Share(id), _) => format!("share:{id}"),
        };
        Repeat::of_anyone(self, self.ctx.caller.workspace, caller)
    }

    /// The saved answer of a request that is a repeat; for handlers that do something outside of the database before they
    /// [`Call::commit`], so that a repeat does not do it again.
    ///
    /// # Errors
    /// As [`Repeat::begin`].
    pub async fn answered(&self) -> Result<Option<Reply>, Fault> {
        let Some(repeat) = self.repeat()? else { return Ok(None) };
        let looked = self.ctx.store.read(move |tx| {
            let new = repeat.as_new(None);
            Ok(replies::look(tx, &new)?.map(|known| (known, repeat.clone())))
        });
        match looked.await? {
            None => Ok(None),
            Some((known, repeat)) => match repeat.told(known)? {
                Begun::First => Ok(None),
                Begun::Replay(reply) => Ok(Some(*reply)),
            },
        }
    }

    /// Runs an act and saves its answer in one transaction. A repeat is answered without running the act.
    ///
    /// The act may run more than once, so it has no effect outside of its transaction. The answer is rendered inside the
    /// transaction too, since it is saved with the effect.
    ///
    /// # Errors
    /// Whatever the act or the rendering returns, and nothing is written then; 409 `idempotency_in_progress`; 422
    /// `idempotency_mismatch`.
    pub async fn commit<T, A, R>(&self, mut act: A, render: R) -> Result<Reply, Fault>
    where
        A: FnMut(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
        R: Fn(T) -> Result<Reply, Fault> + Send + 'static,
    {
        let repeat = self.repeat()?;
        let run = move |tx: &mut Tx<'_>| {
            let Some(repeat) = &repeat else { return render(act(tx)?) };
            if let Begun::Replay(reply) = repeat.begin(tx, None)? {
                return Ok(*reply);
            }
            let reply = render(act(tx)?)?;
            repeat.complete(tx, &reply)?;
            Ok(reply)
        };
        let kept = self.repeat()?.filter(|_| self.route.surface.customs.repeats_by_workspace);
        match (self.ctx.store.write(run).await, kept) {
            (Err(refused), Some(repeat)) if is_final(&refused) => self.keep_refusal(repeat, refused).await,
            (outcome, _) => outcome,
        }
    }

    /// [`Call::commit`] for what came in as a form: a repeat is told by what was in it, since the text between its parts differs.
    ///
    /// # Errors
    /// As [`Call::commit`].
    pub(crate) async fn commit_content<T, A, R>(&self, content: &str, mut act: A, render: R) -> Result<Reply, Fault>
    where
        T: Send + 'static,
        A: FnMut(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
        R: Fn(T) -> Result<Reply, Fault> + Send + 'static,
    {
        let digest = floe_access::secret::sha256(content.as_bytes());
        let repeat = self.repeat()?.map(|repeat| repeat.with_content(digest));
        let write = move |tx: &mut Tx<'_>| {
            let Some(repeat) = &repeat else { return render(act(tx)?) };
            if let Begun::Replay(reply) = repeat.begin(tx, None)? {
                return Ok(*reply);
            }
            let reply = render(act(tx)?)?;
            repeat.complete(tx, &reply)?;
            Ok(reply)
        };
        self.ctx.store.write(write).await
    }

    /// Saves a refusal as the answer to repeats; nothing else was written.
    async fn keep_refusal(&self, repeat: Repeat, refused: Fault) -> Result<Reply, Fault> {
        let site = FaultSite { request_id: self.ctx.request_id, path: &self.path, at: self.ctx.now() };
        let reply = (self.route.surface.render)(&refused, &site);
        let keep = move |tx: &mut Tx<'_>| match repeat.begin(tx, None)? {
            // Another request with this key was quicker.
            Begun::Replay(first) => Ok(Some(*first)),
            Begun::First => repeat.complete(tx, &reply).map(|()| None),
        };
        self.ctx.store.write(keep).await?.ok_or(refused)
    }
}

/// Whether a refusal of a request whose fields were right is an answer that repeats get too (Treasury contract, section 1.5).
fn is_final(refused: &Fault) -> bool {
    match refused.kind() {
        FaultKind::NotFound | FaultKind::PaymentRequired => true,
        FaultKind::Conflict => refused.code() != "idempotency_in_progress",
        _ => false,
    }
}

/// On surfaces that want it: the answer to a repeat, found before the fields of the body are looked at.
///
/// # Errors
/// 400 for a key that is none or a body that is no JSON; as [`Repeat::begin`].
pub(super) async fn foresee(call: &Call) -> Result<Option<Reply>, Fault> {
    if !call.route.surface.customs.repeats_by_workspace || !call.headers.contains_key("idempotency-key") {
        return Ok(None);
    }
    if call.route.body == BodyKind::Json && !call.body.is_empty() {
        check_syntax(&call.body)?;
    }
    if call.route.body == BodyKind::Stream { Ok(None) } else { call.answered().await }
}

impl Repeat {
    /// The repeat of a caller under a name of its own, e.g. a share token, in a workspace. `None` without the header.
    ///
    /// # Errors
    /// As [`Call::repeat`].
    pub fn of_anyone(call: &Call, workspace: WorkspaceId, caller: String) -> Result<Option<Self>, Fault> {
        let of_workspace = call.route.surface.customs.repeats_by_workspace;
        let counts = call.method == Method::POST || of_workspace && !call.method.is_safe();
        let Some(value) = call.headers.get("idempotency-key").filter(|_| counts) else {
            return Ok(None);
        };
        let text = value.to_str().ok().filter(|text| (1..=KEY_MAX).contains(&text.len()));
        let text = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic() || of_workspace && byte == b' '));
        let Some(text) = text else {
            if of_workspace {
                return Err(Fault::new(FaultKind::Invalid, "invalid_idempotency_key", "Invalid Idempotency-Key."));
            }
            let message = "Idempotency-Key must be 1 to 255 visible ASCII characters";
            return Err(Fault::validation(vec![FieldProblem::new("", "idempotency_key", message)]));
        };
        let key = ReplyKey {
            workspace,
            caller,
            route: format!("{} {} {}", call.method, call.path, call.ctx.caller.mode.as_str()),
            idempotency_key: text.to_owned(),
        };
        let node = call.ctx.store.node().and_then(|node| node.id());
        Ok(Some(Self { key, body_hash: content_digest(call), now: call.ctx.now(), node }))
    }

    /// The same, for a request whose content is known by this digest only once it was read.
    #[must_use]
    pub(crate) fn with_content(mut self, digest: [u8; 32]) -> Self {
        self.body_hash = digest;
        self
    }

    /// Tells the requests of one key apart from all others, within this process.
    #[must_use]
    pub fn mark(&self) -> u128 {
        let ReplyKey { workspace, caller, route, idempotency_key } = &self.key;
        let digest =
            floe_access::secret::sha256(format!("{workspace}\n{caller}\n{route}\n{idempotency_key}").as_bytes());
        let mut head = [0; 16];
        head.copy_from_slice(&digest[..16]);
        u128::from_be_bytes(head)
    }

    /// Remembers the first request, or finds its answer. `subject` is the run whose end will be the answer, when the answer
    /// is saved later with [`Repeat::complete`].
    ///
    /// # Errors
    /// 422 `idempotency_mismatch` for the same key with another content; 409 `idempotency_in_progress`, with the run in
    /// `details.runId` when there is one.
    pub fn begin(&self, tx: &mut Tx<'_>, subject: Option<u128>) -> Result<Begun, Fault> {
        self.told(replies::begin(tx, &self.as_new(subject))?)
    }

    fn as_new(&self, subject: Option<u128>) -> NewReply {
        NewReply {
            key: self.key.clone(),
            body_hash: self.body_hash.to_vec(),
            subject_id: subject,
            node: self.node,
            created_at: self.now,
            expires_at: self.now.plus_seconds(KEPT_DAYS * 86_400),
        }
    }

    /// What the store knows of the key, as an answer.
    fn told(&self, known: Begin) -> Result<Begun, Fault> {
        match known {
            Begin::New => Ok(Begun::First),
            Begin::Replay(saved) => Ok(Begun::Replay(Box::new(replay(saved)?))),
            Begin::Mismatch => Err(Fault::new(
                FaultKind::Unprocessable,
                "idempotency_mismatch",
                "This Idempotency-Key was used with another request",
            )),
            // The run is not named when another node works on it: nobody here may take the call over.
            Begin::Running { subject_id, elsewhere } => Err(in_progress(subject_id.filter(|_| !elsewhere))),
        }
    }

    /// Saves the answer; does nothing when the request is not running any more. A streamed answer cannot be saved: the
    /// request is forgotten then, so that a repeat is done anew.
    ///
    /// # Errors
    /// Of the database.
    pub fn complete(&self, tx: &mut Tx<'_>, reply: &Reply) -> Result<(), Fault> {
        let Some(body) = reply.replay_body.as_ref().or_else(|| reply.full_body()) else {
            replies::release(tx, &self.key)?;
            return Ok(());
        };
        let saved = replies::Reply {
            status: reply.status.as_u16(),
            headers: headers_json(reply),
            body: String::from_utf8(body.to_vec()).map_err(Fault::internal)?,
        };
        replies::complete(tx, &self.key, &saved)?;
        Ok(())
    }

    /// Forgets a request that came to nothing that should be repeated.
    ///
    /// # Errors
    /// Of the database.
    pub fn release(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        replies::release(tx, &self.key).map(drop)
    }
}

fn in_progress(run: Option<u128>) -> Fault {
    let fault =
        Fault::conflict("idempotency_in_progress", "The first request with this Idempotency-Key is still going");
    match run {
        Some(run) => fault.with_details(serde_json::json!({ "runId": floe_model::id::RunId(run) })),
        None => fault,
    }
}

/// Digest of everything that makes two requests of one route the same: query and body.
fn content_digest(call: &Call) -> [u8; 32] {
    let mut text = Vec::with_capacity(call.body.len() + 64);
    for (name, value) in call.query.iter() {
        text.extend_from_slice(name.as_bytes());
        text.push(b'=');
        text.extend_from_slice(value.as_bytes());
        text.push(b'&');
    }
    text.push(0);
    text.extend_from_slice(&call.body);
    floe_access::secret::sha256(&text)
}

fn headers_json(reply: &Reply) -> String {
    let kept = reply.headers.iter().filter(|(name, _)| **name != http::header::SET_COOKIE);
    let pairs = kept.filter_map(|(name, value)| Some((name.as_str().to_owned(), Value::from(value.to_str().ok()?))));
    Value::Object(pairs.collect::<Map<_, _>>()).to_string()
}

fn replay(saved: replies::Reply) -> Result<Reply, Fault> {
    let status = StatusCode::from_u16(saved.status).map_err(Fault::internal)?;
    let mut reply = Reply::bytes(status, "application/json", saved.body);
    reply.headers.remove(CONTENT_TYPE);
    let headers: Map<String, Value> = serde_json::from_str(&saved.headers).map_err(Fault::internal)?;
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(Fault::internal)?;
        reply = reply.text_header(name, value.as_str().unwrap_or_default());
    }
    Ok(reply.header(REPLAYED, HeaderValue::from_static("true")))
}
