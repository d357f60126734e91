//! Saved recipients, on both sides (Treasury contract, sections 2.3 and 10.7).

use floe_model::Fault;
use floe_model::id::RecipientId;
use floe_model::treasury::Directory;
use floe_store::Tx;
use floe_store::treasury::recipients::Recipient;
use floe_treasury::payees::recipients::{self, NewRecipient, RecipientPatch, RecipientView};
use http::StatusCode;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::input::Input;
use super::page::Page;
use super::shapes::{PAGING, recipients as shapes};
use super::wire::Seconds;
use super::{DASHBOARD, KEY, OWNER_OR_ANALYST, Rights, SURFACE};
use crate::http::shape::text;
use crate::http::{Call, Reply, Route};

/// Characters of a search.
const SEARCH_MAX: usize = 256;
/// Tags of one recipient, and characters of one.
const TAGS_MAX: usize = 20;
const TAG_MAX: usize = 40;

pub(super) fn routes() -> Vec<Route> {
    const FOUND: &str = "Text in name or account number; without regard to case";
    vec![
        Route::get(&SURFACE, "/api/v1/public/recipients", KEY, list_public)
            .scope("recipients:read")
            .doc("List recipients with a key")
            .queries(PAGING)
            .query("search", text(0, SEARCH_MAX), FOUND)
            .answers(200, shapes::RECIPIENTS),
        Route::post(&SURFACE, "/api/v1/public/recipients", KEY, create_public)
            .scope("recipients:write")
            .body_limit(super::BODY_LIMIT)
            .doc("Save a recipient with a key")
            .takes(shapes::NEW_RECIPIENT)
            .answers(201, shapes::RECIPIENT),
        Route::delete(&SURFACE, "/api/v1/public/recipients/{recipient_id}", KEY, delete_public)
            .scope("recipients:write")
            .doc("Delete a recipient with a key")
            .about("Past runs keep their own copy of the payee.")
            .answers(200, shapes::DELETED),
        Route::get(&SURFACE, "/api/v1/recipients", DASHBOARD, list)
            .any_reads()
            .doc("List recipients")
            .queries(PAGING)
            .query("search", text(0, SEARCH_MAX), FOUND)
            .answers(200, shapes::FULL_RECIPIENTS),
        Route::post(&SURFACE, "/api/v1/recipients", DASHBOARD, create)
            .written_by(OWNER_OR_ANALYST)
            .doc("Save a recipient")
            .takes(shapes::NEW_FULL_RECIPIENT)
            .answers(201, shapes::FULL_RECIPIENT),
        Route::get(&SURFACE, "/api/v1/recipients/{id}", DASHBOARD, show)
            .any_reads()
            .doc("Show a recipient")
            .answers(200, shapes::FULL_RECIPIENT),
        Route::patch(&SURFACE, "/api/v1/recipients/{id}", DASHBOARD, change)
            .written_by(OWNER_OR_ANALYST)
            .doc("Change a recipient")
            .about("What is not there stays; null takes a note or tags away, and gives back the bank's own name.")
            .takes(shapes::RECIPIENT_PATCH)
            .answers(200, shapes::FULL_RECIPIENT),
        Route::delete(&SURFACE, "/api/v1/recipients/{id}", DASHBOARD, delete)
            .written_by(OWNER_OR_ANALYST)
            .doc("Delete a recipient")
            .answers(200, shapes::DELETED),
    ]
}

/// A recipient on the public side.
#[derive(Serialize)]
struct RecipientOut {
    id: RecipientId,
    name: String,
    account_number: String,
    institution_code: String,
    bank_name: Option<String>,
    narration_note: Option<String>,
    created_at: Seconds,
}

/// A recipient on the dashboard side.
#[derive(Serialize)]
struct FullRecipientOut {
    id: RecipientId,
    name: String,
    account_number: String,
    institution_code: String,
    bank_name: Option<String>,
    narration_note: Option<String>,
    created_at: Seconds,
    payment_count: i64,
    last_paid_at: Option<Seconds>,
    tags: Box<RawValue>,
}

impl From<Recipient> for RecipientOut {
    fn from(one: Recipient) -> Self {
        let Recipient { id, name, account_number, institution_code, bank_name, narration_note, created_at, .. } = one;
        let created_at = Seconds(created_at);
        Self { id, name, account_number, institution_code, bank_name, narration_note, created_at }
    }
}

impl TryFrom<RecipientView> for FullRecipientOut {
    type Error = Fault;

    fn try_from(view: RecipientView) -> Result<Self, Fault> {
        let RecipientView { recipient: one, payment_count, last_paid_at } = view;
        Ok(Self {
            id: one.id,
            name: one.name,
            account_number: one.account_number,
            institution_code: one.institution_code,
            bank_name: one.bank_name,
            narration_note: one.narration_note,
            created_at: Seconds(one.created_at),
            payment_count,
            last_paid_at: last_paid_at.map(Seconds),
            tags: RawValue::from_string(one.tags).map_err(Fault::internal)?,
        })
    }
}

async fn list_public(call: Call) -> Result<Reply, Fault> {
    let (page, search, ctx) = (Page::of(&call.query), search(&call), call.ctx.clone());
    let reading = move |tx: &mut Tx<'_>| recipients::list(tx, &ctx, search.as_deref(), page.limit(), page.offset);
    let (rows, total) = call.ctx.store.read(reading).await?;
    Reply::ok(&page.around(rows.into_iter().map(RecipientOut::from).collect(), total))
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (page, search, ctx) = (Page::of(&call.query), search(&call), call.ctx.clone());
    let directory = call.app.treasury.directory;
    let reading = move |tx: &mut Tx<'_>| {
        let (rows, total) = recipients::list(tx, &ctx, search.as_deref(), page.limit(), page.offset)?;
        let views = rows.into_iter().map(|row| recipients::view(tx, &ctx, directory, row));
        Ok((views.collect::<Result<Vec<_>, Fault>>()?, total))
    };
    let (views, total) = call.ctx.store.read(reading).await?;
    let rows = views.into_iter().map(FullRecipientOut::try_from).collect::<Result<Vec<_>, Fault>>()?;
    Reply::ok(&page.around(rows, total))
}

/// The text that is looked for; none when it is empty.
fn search(call: &Call) -> Option<String> {
    call.query.get("search").map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

async fn create_public(call: Call) -> Result<Reply, Fault> {
    let directory = call.app.treasury.directory;
    let new = read_new(&call, directory, false)?;
    let ctx = call.ctx.clone();
    call.commit(
        move |tx| one(recipients::create(tx, &ctx, directory, std::slice::from_ref(&new))?),
        |made| Reply::json(StatusCode::CREATED, &RecipientOut::from(made)),
    )
    .await
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let directory = call.app.treasury.directory;
    let new = read_new(&call, directory, true)?;
    let ctx = call.ctx.clone();
    let act = move |tx: &mut Tx<'_>| {
        let made = one(recipients::create(tx, &ctx, directory, std::slice::from_ref(&new))?)?;
        recipients::view(tx, &ctx, directory, made)
    };
    call.commit(act, |view| Reply::json(StatusCode::CREATED, &FullRecipientOut::try_from(view)?)).await
}

fn one(made: Vec<Recipient>) -> Result<Recipient, Fault> {
    made.into_iter().next().ok_or_else(|| Fault::internal("a recipient that was saved is not there"))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let id: RecipientId = super::input::path_id(&call, "id")?;
    let (ctx, directory) = (call.ctx.clone(), call.app.treasury.directory);
    let view = call.ctx.store.read(move |tx| recipients::get(tx, &ctx, directory, id)).await?;
    Reply::ok(&FullRecipientOut::try_from(view)?)
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let id: RecipientId = super::input::path_id(&call, "id")?;
    let directory = call.app.treasury.directory;
    let patch = read_patch(&call, directory)?;
    let ctx = call.ctx.clone();
    call.commit(
        move |tx| recipients::patch(tx, &ctx, directory, id, &patch),
        |view| Reply::ok(&FullRecipientOut::try_from(view)?),
    )
    .await
}

async fn delete_public(call: Call) -> Result<Reply, Fault> {
    let id = super::input::path_id(&call, "recipient_id")?;
    remove(call, id).await
}

async fn delete(call: Call) -> Result<Reply, Fault> {
    let id = super::input::path_id(&call, "id")?;
    remove(call, id).await
}

async fn remove(call: Call, id: RecipientId) -> Result<Reply, Fault> {
    let ctx = call.ctx.clone();
    call.commit(
        move |tx| recipients::delete(tx, &ctx, id),
        move |()| Ok(Reply::value(StatusCode::OK, &json!({ "status": "deleted", "id": id }))),
    )
    .await
}

fn read_new(call: &Call, directory: &Directory, with_tags: bool) -> Result<NewRecipient, Fault> {
    let mut body = Input::of(call)?;
    let new = NewRecipient {
        name: body.required_text("name", 1, 256),
        account_number: body.required_digits("account_number", 10),
        institution_code: body.required_institution("institution_code", directory),
        bank_name: body.text("bank_name", 0, 128).filter(|name| !name.is_empty()),
        narration_note: body.text("narration_note", 0, 100).filter(|note| !note.is_empty()),
        tags: if with_tags { body.texts("tags", 0, TAGS_MAX, TAG_MAX).unwrap_or_default() } else { Vec::new() },
    };
    body.finish()?;
    Ok(new)
}

fn read_patch(call: &Call, directory: &Directory) -> Result<RecipientPatch, Fault> {
    let mut body = Input::of(call)?;
    let gone = |body: &Input<'_>, name: &str| body.is_null(name).then_some(None);
    let patch = RecipientPatch {
        name: body.text("name", 1, 256),
        account_number: body.digits("account_number", 10),
        institution_code: body.institution("institution_code", directory),
        bank_name: gone(&body, "bank_name").or_else(|| body.text("bank_name", 1, 128).map(Some)),
        narration_note: gone(&body, "narration_note").or_else(|| body.text("narration_note", 1, 100).map(Some)),
        tags: if body.is_null("tags") { Some(Vec::new()) } else { body.texts("tags", 0, TAGS_MAX, TAG_MAX) },
    };
    body.finish()?;
    Ok(patch)
}
