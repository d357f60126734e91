//! What came in with an exchange, and who asked, as its row keeps them.

use floe_model::access::{Caller, Credential, Member, Role, TreasuryRole};
use floe_model::agents::envelope::Finish;
use floe_model::agents::message::{Message, Role as Says};
use floe_model::id::{ExchangeId, KeyId, MemberId, MessageId, SessionId, ThreadId, TokenId, TriggerId, parse_bits};
use floe_model::{Fault, Scope};
use floe_store::Tx;
use floe_store::agents::exchanges::Exchange;
use floe_store::agents::{messages, thread_exchanges};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What came in.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// Each with the id under which it will be stored.
    pub(super) messages: Vec<(MessageId, Message)>,
    /// Given back in `metadata.custom`.
    pub(super) custom: Map<String, Value>,
    /// The exchange that stopped for approvals.
    pub(super) continues: Option<ExchangeId>,
    /// Id of the message in which the answer will be.
    pub(super) answer: Option<MessageId>,
    /// Whether what the agent says is kept piece by piece.
    pub(super) streamed: bool,
    /// The triggers whose runs led to it by events.
    pub(super) chain: Vec<TriggerId>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(default)]
    messages: Vec<Value>,
    #[serde(default)]
    custom: Map<String, Value>,
    #[serde(default)]
    continues: Option<ExchangeId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<MessageId>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    streamed: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    chain: Vec<TriggerId>,
}

impl Asked {
    /// As the row keeps it.
    pub(super) fn to_text(&self) -> Result<String, Fault> {
        let message = |(id, message): &(MessageId, Message)| {
            let mut kept = message.to_json();
            kept["id"] = json!(id);
            kept
        };
        let kept = Kept {
            messages: self.messages.iter().map(message).collect(),
            custom: self.custom.clone(),
            continues: self.continues,
            answer: self.answer,
            streamed: self.streamed,
            chain: self.chain.clone(),
        };
        serde_json::to_string(&kept).map_err(Fault::internal)
    }

    /// From a row.
    pub(super) fn read(text: &str) -> Result<Self, Fault> {
        let kept: Kept = serde_json::from_str(text).map_err(Fault::internal)?;
        let message = |kept: &Value| {
            let id = kept["id"].as_str().and_then(|id| MessageId::parse(id).ok());
            let message = Message::parse(kept).map_err(Fault::internal)?;
            Ok((id.ok_or_else(|| Fault::internal("a kept message has no id"))?, message))
        };
        let messages = kept.messages.iter().map(message).collect::<Result<_, Fault>>()?;
        let Kept { custom, continues, answer, streamed, chain, .. } = kept;
        Ok(Self { messages, custom, continues, answer, streamed, chain })
    }
}

/// Who asked.
#[derive(Debug, Default, Serialize, Deserialize)]
struct StartedBy {
    kind: String,
    id: String,
    name: String,
    #[serde(default)]
    member: Option<KeptMember>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptMember {
    id: MemberId,
    name: String,
    email: String,
    role: String,
    treasury_role: String,
}

/// Who asked, as the row keeps it: nothing by which anybody could sign in.
pub(super) fn started_by(caller: &Caller) -> Result<String, Fault> {
    let actor = caller.actor();
    let member = caller.member.as_ref().map(|member| KeptMember {
        id: member.id,
        name: member.name.clone(),
        email: member.email.clone(),
        role: member.role.as_str().to_owned(),
        treasury_role: member.treasury_role.as_str().to_owned(),
    });
    let kept = StartedBy { kind: actor.kind.to_owned(), id: actor.id, name: actor.name, member };
    serde_json::to_string(&kept).map_err(Fault::internal)
}

/// Who asked for an exchange, for what it does after the one who asked has gone: with the rights that it had then.
#[must_use]
pub fn caller_of(exchange: &Exchange) -> Caller {
    let kept: StartedBy = serde_json::from_str(&exchange.started_by).unwrap_or_default();
    let bits = parse_bits(&kept.id).unwrap_or(0);
    let member = kept.member.and_then(|member| {
        Some(Member {
            id: member.id,
            name: member.name,
            email: member.email,
            role: Role::parse(&member.role)?,
            treasury_role: TreasuryRole::parse(&member.treasury_role)?,
            groups: Vec::new(),
        })
    });
    let credential = match kept.kind.as_str() {
        "key" => Credential::AgentsKey(KeyId(bits)),
        "token" if member.is_some() => Credential::Token(TokenId(bits)),
        "member" if member.is_some() => Credential::Session(SessionId(0)),
        "system" => Credential::System,
        _ => Credential::Anonymous,
    };
    let mut caller = Caller::system(exchange.scope.workspace, exchange.scope.mode);
    (caller.credential, caller.member, caller.name) = (credential, member, kept.name);
    caller
}

/// Whether a message is the caller's to be judged: everything but what is said to be the agent's own.
pub(super) fn is_judged(message: &Message) -> bool {
    message.role != Says::Assistant
}

/// What a caller said in an exchange that is under way: the questions, each with the id under which it will be stored.
///
/// # Errors
/// Internal, when the row is damaged.
pub(crate) fn questions(exchange: &Exchange) -> Result<Vec<(MessageId, Message)>, Fault> {
    let asked = Asked::read(&exchange.asked)?;
    Ok(asked.messages.into_iter().filter(|(_, message)| matches!(message.role, Says::User | Says::System)).collect())
}

/// The triggers whose runs led to an exchange by events.
///
/// # Errors
/// Internal, when the row is damaged.
pub(crate) fn chain_of(exchange: &Exchange) -> Result<Vec<TriggerId>, Fault> {
    Ok(Asked::read(&exchange.asked)?.chain)
}

/// Id of the message in which a person's answer is waited for, in a thread that is in the hands of one.
///
/// # Errors
/// Of the database.
pub(crate) fn promised_answer(tx: &mut Tx<'_>, scope: Scope, thread: ThreadId) -> Result<Option<MessageId>, Fault> {
    let Some(last) = thread_exchanges::newest(tx, scope, thread)? else { return Ok(None) };
    let is_handed_over = last.ended.as_ref().and_then(|ended| ended.finish) == Some(Finish::Handoff);
    let answer = if is_handed_over { Asked::read(&last.asked)?.answer } else { None };
    let Some(answer) = answer else { return Ok(None) };
    Ok(messages::find(tx, scope.workspace, thread, answer)?.is_none().then_some(answer))
}
