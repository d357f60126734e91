//! Knowledge bases as records (console contract, section 5.2).

use floe_model::access::Caller;
use floe_model::id::{KnowledgeBaseId, WorkspaceId, parse_bits};
use floe_model::{Fault, FieldProblem};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::agents::knowledge_bases::{self as rows, Base, Page};
use serde_json::json;

use super::uses::{self, Use};
use super::{reindex, sweep};
use crate::trail::{self, Note, Who};
use crate::{check_revision, stale};

/// Bases of a workspace at most.
const BASES_MAX: i64 = 1_000;
/// Characters of a chunk, unless said otherwise (workflow contract, section 8.6).
pub const CHUNK_SIZE_DEFAULT: u32 = 1_000;
/// Characters that a chunk repeats, unless said otherwise (workflow contract, section 8.6).
pub const CHUNK_OVERLAP_DEFAULT: u32 = 200;
/// Fewer characters hold no sentence.
pub const CHUNK_SIZE_MIN: u32 = 100;
/// More characters are too many for what a model is shown of each.
pub const CHUNK_SIZE_MAX: u32 = 8_000;
/// A chunk repeats at most this part of the one before.
const OVERLAP_PART: u32 = 2;
/// A chunk repeats this part of the one before when nothing is said and the chunks are small.
const OVERLAP_PART_DEFAULT: u32 = 5;

/// A base as asked for.
#[derive(Debug, Clone)]
pub struct NewBase {
    /// The id that it had elsewhere: one of ours in either spelling, or any text.
    pub id: Option<String>,
    /// Shown name.
    pub name: String,
    /// What is in it.
    pub description: Option<String>,
    /// Configured name of the model for its vectors; checked before.
    pub embedding_model: String,
    /// Characters of a chunk.
    pub chunk_size: Option<u32>,
    /// Characters that a chunk repeats.
    pub chunk_overlap: Option<u32>,
}

/// What shall be changed; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct BasePatch {
    /// Another name.
    pub name: Option<String>,
    /// Another description, or none.
    pub description: Option<Option<String>>,
    /// Another model; checked before.
    pub embedding_model: Option<String>,
    /// Characters of a chunk.
    pub chunk_size: Option<u32>,
    /// Characters that a chunk repeats.
    pub chunk_overlap: Option<u32>,
}

/// A base with those who use it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The record.
    pub base: Base,
    /// Who names it.
    pub used_by: Vec<Use>,
}

/// The base that a text names: an id in either spelling, or the one that it had elsewhere.
///
/// # Errors
/// 404.
pub fn resolve(tx: &mut Tx<'_>, workspace: WorkspaceId, text: &str) -> Result<KnowledgeBaseId, Fault> {
    if let Ok(bits) = parse_bits(text)
        && let Some(base) = rows::find(tx, workspace, KnowledgeBaseId(bits))?
    {
        return Ok(base.id);
    }
    let can_be_one = !text.is_empty() && !text.chars().any(char::is_control);
    let found = if can_be_one { rows::external(tx, workspace, text)? } else { None };
    found.ok_or_else(|| Fault::not_found("Knowledge base"))
}

/// A base of a workspace.
///
/// # Errors
/// 404.
pub fn require(tx: &mut Tx<'_>, workspace: WorkspaceId, id: KnowledgeBaseId) -> Result<Base, Fault> {
    rows::find(tx, workspace, id)?.ok_or_else(|| Fault::not_found("Knowledge base"))
}

/// A base with those who use it.
///
/// # Errors
/// 404.
pub fn show(tx: &mut Tx<'_>, caller: &Caller, text: &str) -> Result<Shown, Fault> {
    let id = resolve(tx, caller.workspace, text)?;
    let base = require(tx, caller.workspace, id)?;
    shown(tx, caller, base)
}

/// A page of bases, whether there are more, and how many there are when asked for.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    caller: &Caller,
    page: &Page,
    total: bool,
) -> Result<(Vec<Shown>, bool, Option<i64>), Fault> {
    let workspace = caller.workspace;
    let mut found = rows::list(tx, workspace, &Page { limit: page.limit + 1, ..page.clone() })?;
    let more = found.len() > page.limit;
    found.truncate(page.limit);
    let mut uses = if found.is_empty() { Default::default() } else { uses::all(tx, caller)? };
    let shown = found.into_iter().map(|base| Shown { used_by: uses.remove(&base.id).unwrap_or_default(), base });
    let total = if total { Some(rows::count(tx, workspace, page)?) } else { None };
    Ok((shown.collect(), more, total))
}

/// Every base of a workspace, newest first.
///
/// # Errors
/// Of the database.
pub fn all(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<Base>, Fault> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = Page { newest_first: true, after, limit: rows::PAGE_MAX, ..Page::default() };
        let found = rows::list(tx, workspace, &page)?;
        after = found.last().map(|base: &Base| base.id);
        let is_last = found.len() < rows::PAGE_MAX;
        all.extend(found);
        if is_last {
            return Ok(all);
        }
    }
}

/// Adds a base.
///
/// # Errors
/// 400 for sizes that do not fit together; 409 when the id is taken or there are too many.
pub fn create(tx: &mut Tx<'_>, ctx: &Ctx, new: &NewBase) -> Result<Shown, Fault> {
    let (workspace, now) = (ctx.caller.workspace, ctx.now());
    if rows::count(tx, workspace, &Page::default())? >= BASES_MAX {
        let message = format!("A workspace has at most {BASES_MAX} knowledge bases");
        return Err(Fault::conflict("conflict", message));
    }
    let chunk_size = new.chunk_size.unwrap_or(CHUNK_SIZE_DEFAULT);
    let chunk_overlap =
        new.chunk_overlap.unwrap_or_else(|| CHUNK_OVERLAP_DEFAULT.min(chunk_size / OVERLAP_PART_DEFAULT));
    check_sizes(chunk_size, chunk_overlap)?;
    let own = new.id.as_deref().map(parse_bits);
    let base = Base {
        workspace,
        id: match own {
            Some(Ok(bits)) => KnowledgeBaseId(bits),
            _ => ctx.ids.next(),
        },
        external_id: new.id.clone().filter(|_| matches!(own, Some(Err(_)))),
        name: new.name.clone(),
        description: new.description.clone(),
        embedding_model: new.embedding_model.clone(),
        index_model: new.embedding_model.clone(),
        dimensions: None,
        chunk_size,
        chunk_overlap,
        index_revision: 0,
        reindex_job: None,
        revision: 1,
        created_at: now,
        updated_at: now,
        documents: 0,
        chunks: 0,
    };
    if !rows::insert(tx, &base)? {
        return Err(Fault::conflict("conflict", "There is a knowledge base with this id"));
    }
    note(tx, ctx, "created_knowledge_base", &base)?;
    Ok(Shown { base, used_by: Vec::new() })
}

/// Changes a base. Another model holds from the next reindex on, other sizes for documents that are read from now on.
///
/// # Errors
/// 404; 412; 400 for sizes that do not fit together.
pub fn patch(tx: &mut Tx<'_>, ctx: &Ctx, text: &str, patch: &BasePatch, if_match: Option<i64>) -> Result<Shown, Fault> {
    let workspace = ctx.caller.workspace;
    let id = resolve(tx, workspace, text)?;
    hold(tx, workspace, id)?;
    let mut base = require(tx, workspace, id)?;
    check_revision(base.revision, if_match)?;
    let BasePatch { name, description, embedding_model, chunk_size, chunk_overlap } = patch.clone();
    base.name = name.unwrap_or(base.name);
    base.description = description.unwrap_or(base.description);
    base.embedding_model = embedding_model.unwrap_or(base.embedding_model);
    base.chunk_size = chunk_size.unwrap_or(base.chunk_size);
    base.chunk_overlap = chunk_overlap.unwrap_or(base.chunk_overlap);
    check_sizes(base.chunk_size, base.chunk_overlap)?;
    if !rows::update(tx, &base, ctx.now())? {
        return Err(stale());
    }
    if base.index_model != base.embedding_model {
        reindex::adopt_model(tx, &base)?;
    }
    note(tx, ctx, "changed_knowledge_base", &base)?;
    let changed = require(tx, workspace, id)?;
    shown(tx, &ctx.caller, changed)
}

/// Takes a base away with everything in it. A search finds nothing of it from then on; what it consists of follows by a job.
///
/// # Errors
/// 404; 412; 409 `in_use` with `used_by` while an agent or a flow names it.
pub fn delete(tx: &mut Tx<'_>, ctx: &Ctx, text: &str, if_match: Option<i64>) -> Result<(), Fault> {
    let workspace = ctx.caller.workspace;
    let id = resolve(tx, workspace, text)?;
    let base = require(tx, workspace, id)?;
    check_revision(base.revision, if_match)?;
    let users = uses::of(tx, &ctx.caller, id)?;
    if !users.is_empty() {
        let users: Vec<_> = users.iter().map(Use::to_value).collect();
        let fault = Fault::conflict("in_use", "The knowledge base is used; take it out there first");
        return Err(fault.with_details(json!({ "used_by": users })));
    }
    reindex::end_jobs(tx, &base, ctx.now())?;
    if !rows::delete(tx, workspace, id, base.revision)? {
        return Err(stale());
    }
    sweep::after_base(tx, ctx, id, workspace)?;
    note(tx, ctx, "deleted_knowledge_base", &base)
}

/// Holds a base until the end of the transaction, so that two changes of what is in it follow each other.
///
/// # Errors
/// 404.
pub(super) fn hold(tx: &mut Tx<'_>, workspace: WorkspaceId, id: KnowledgeBaseId) -> Result<(), Fault> {
    if rows::hold(tx, workspace, id)? { Ok(()) } else { Err(Fault::not_found("Knowledge base")) }
}

/// Counts a change of what a search can find; returns the revision that it makes.
///
/// # Errors
/// 404.
pub(super) fn touch(tx: &mut Tx<'_>, workspace: WorkspaceId, id: KnowledgeBaseId) -> Result<i64, Fault> {
    rows::touch(tx, workspace, id)?.ok_or_else(|| Fault::not_found("Knowledge base"))
}

fn shown(tx: &mut Tx<'_>, caller: &Caller, base: Base) -> Result<Shown, Fault> {
    Ok(Shown { used_by: uses::of(tx, caller, base.id)?, base })
}

fn check_sizes(size: u32, overlap: u32) -> Result<(), Fault> {
    let mut problems = Vec::new();
    if !(CHUNK_SIZE_MIN..=CHUNK_SIZE_MAX).contains(&size) {
        let message = format!("chunk_size must be a whole number from {CHUNK_SIZE_MIN} to {CHUNK_SIZE_MAX}");
        problems.push(FieldProblem::new("/chunk_size", "range", message));
    } else if overlap > size / OVERLAP_PART {
        let message = "chunk_overlap must be at most half of chunk_size";
        problems.push(FieldProblem::new("/chunk_overlap", "range", message));
    }
    if problems.is_empty() { Ok(()) } else { Err(Fault::validation(problems)) }
}

fn note(tx: &mut Tx<'_>, ctx: &Ctx, action: &str, base: &Base) -> Result<(), Fault> {
    let detail = json!({
        "embedding_model": base.embedding_model, "chunk_size": base.chunk_size, "chunk_overlap": base.chunk_overlap,
    });
    trail::note(tx, ctx, &Who::caller(ctx), Note::new(action, "knowledge_base", base.id.0, &base.name, detail))
}
