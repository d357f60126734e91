//! `/backups` and `/backup-schedule` (console contract, section 5.10): for those who own every workspace.

use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use floe_access::sessions::require_confirmed;
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::id::BackupId;
use floe_operation::backups::EXTENSION;
use floe_operation::schedule::{Current, KEEP_MAX, Schedule};
use floe_store::operation::backups::{self, Backup};
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH};
use http_body_util::channel::Channel;
use serde_json::{Value, json};

use super::list::Window;
use super::shapes::{BY_AGE, WINDOW, operation as shapes};
use super::{Rights, SURFACE};
use crate::http::shape::TEXT;
use crate::http::{Auth, Call, Reply, Route};

/// Bytes of one piece of a download.
const PIECE_BYTES: usize = 256 * 1024;
/// Pieces that wait for a slow reader.
const PIECES_WAITING: usize = 4;
/// What a backup is on the wire.
const MEDIA: &str = "application/octet-stream";

pub(super) fn routes() -> Vec<Route> {
    let routes = [
        Route::get(&SURFACE, "/console/v1/backups", Auth::MEMBER, list)
            .doc("List backups")
            .queries(WINDOW)
            .query("sort", BY_AGE, "Newest first unless given")
            .answers(200, shapes::BACKUPS),
        Route::post(&SURFACE, "/console/v1/backups", Auth::MEMBER, create)
            .doc("Take a backup")
            .about("It is done only after the copy was opened and every page of it was checked.")
            .takes(shapes::NEW_BACKUP)
            .answers(202, shapes::BACKUP_BEGUN),
        Route::get(&SURFACE, "/console/v1/backups/{id}", Auth::MEMBER, show)
            .doc("Show a backup")
            .answers(200, shapes::BACKUP),
        Route::delete(&SURFACE, "/console/v1/backups/{id}", Auth::MEMBER, remove)
            .doc("Delete a backup")
            .answers_nothing(204)
            .refuses(409, &["not_done"]),
        Route::get(&SURFACE, "/console/v1/backups/{id}/download", Auth::SESSION, download)
            .doc("Download a backup")
            .about("Needs a confirmed session: POST /console/v1/session/confirm.")
            .answers_media(200, MEDIA, TEXT)
            .refuses(403, &["confirmation_required"])
            .refuses(409, &["not_done"])
            .refuses(410, &["gone"]),
        Route::post(&SURFACE, "/console/v1/backups/{id}/verify", Auth::MEMBER, verify)
            .doc("Verify a backup")
            .about("Reads the file whole and compares it with what was written.")
            .answers(200, shapes::BACKUP)
            .refuses(409, &["not_done"])
            .refuses(410, &["gone"])
            .refuses(422, &["backup_damaged"]),
        Route::get(&SURFACE, "/console/v1/backup-schedule", Auth::MEMBER, show_schedule)
            .doc("Show the schedule of backups")
            .answers(200, shapes::SCHEDULE),
        Route::put(&SURFACE, "/console/v1/backup-schedule", Auth::MEMBER, change_schedule)
            .doc("Change the schedule of backups")
            .revised()
            .takes(shapes::NEW_SCHEDULE)
            .answers(200, shapes::SCHEDULE),
    ];
    // A backup holds every workspace: where there are several, no owner of one may take it.
    let common =
        |route: Route| route.needs(Permission::Own).refuses(403, &["forbidden"]).refuses(422, &["not_supported"]);
    routes.into_iter().map(common).collect()
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &[])?;
    let (operation, ctx) = (Arc::clone(&call.app.operation), call.ctx.clone());
    let (newest_first, after, limit) = (window.newest_first, window.after.map(BackupId), window.limit);
    let read = call.ctx.store.read(move |tx| {
        operation.may_back_up(tx, &ctx)?;
        Ok((backups::list(tx, newest_first, after, limit + 1)?, backups::count(tx)?))
    });
    let (mut found, total) = read.await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let data = found.iter().map(backup_object).collect();
    Reply::ok(&window.page(data, found.last().map(|backup| backup.id.0), more, Some(total)))
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let with_key = body.flag("with_key").unwrap_or(false);
    body.finish()?;
    let (operation, ctx) = (Arc::clone(&call.app.operation), call.ctx.clone());
    call.commit(
        move |tx| operation.ask(tx, &ctx, with_key),
        |(job, backup)| {
            let body = json!({ "job_id": job.prefixed(), "id": backup.id.prefixed(), "status": backup.status });
            let location = format!("/console/v1/backups/{}", backup.id.prefixed());
            Ok(Reply::value(StatusCode::ACCEPTED, &body).text_header(http::header::LOCATION, &location))
        },
    )
    .await
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let id: BackupId = call.id("id", "Backup")?;
    let (operation, ctx) = (Arc::clone(&call.app.operation), call.ctx.clone());
    let read = call.ctx.store.read(move |tx| {
        operation.may_back_up(tx, &ctx)?;
        backups::find(tx, id)
    });
    Reply::ok(&backup_object(&read.await?.ok_or_else(|| Fault::not_found("Backup"))?))
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let id: BackupId = call.id("id", "Backup")?;
    let (operation, ctx) = (Arc::clone(&call.app.operation), call.ctx.clone());
    call.ctx.store.write(move |tx| operation.forget(tx, &ctx, id)).await?;
    call.app.operation.remove_file(id);
    Ok(Reply::no_content())
}

async fn verify(call: Call) -> Result<Reply, Fault> {
    let id: BackupId = call.id("id", "Backup")?;
    Reply::ok(&backup_object(&call.app.operation.verify(&call.ctx, id).await?))
}

async fn download(call: Call) -> Result<Reply, Fault> {
    require_confirmed(call.identity.as_ref(), call.ctx.now())?;
    let id: BackupId = call.id("id", "Backup")?;
    let (operation, ctx) = (Arc::clone(&call.app.operation), call.ctx.clone());
    let (backup, path) = call
        .ctx
        .store
        .write(move |tx| {
            let found = operation.file_of(tx, &ctx, id)?;
            operation.note_download(tx, &ctx, id)?;
            Ok(found)
        })
        .await?;
    let name = format!("attachment; filename=\"{}.{EXTENSION}\"", id.prefixed());
    let reply = Reply::stream(MEDIA, pieces(path)).text_header(CONTENT_DISPOSITION, &name);
    Ok(match backup.bytes {
        Some(bytes) => reply.text_header(CONTENT_LENGTH, &bytes.to_string()),
        None => reply,
    })
}

/// The bytes of a file, piece by piece, as fast as the client takes them.
fn pieces(path: PathBuf) -> Body {
    let (mut sender, body) = Channel::<Bytes, io::Error>::new(PIECES_WAITING);
    let (give, mut take) = tokio::sync::mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        let read = || -> io::Result<()> {
            let mut file = std::fs::File::open(path)?;
            loop {
                let mut piece = vec![0; PIECE_BYTES];
                let length = file.read(&mut piece)?;
                piece.truncate(length);
                // The client went away, or this was the end.
                if length == 0 || give.blocking_send(Ok(piece)).is_err() {
                    return Ok(());
                }
            }
        };
        if let Err(error) = read() {
            let _ = give.blocking_send(Err(error));
        }
    });
    tokio::spawn(async move {
        while let Some(piece) = take.recv().await {
            let sent = match piece {
                Ok(piece) => sender.send_data(Bytes::from(piece)).await,
                Err(error) => return sender.abort(error),
            };
            if sent.is_err() {
                return;
            }
        }
    });
    Body::new(body)
}

async fn show_schedule(call: Call) -> Result<Reply, Fault> {
    let (operation, ctx) = (Arc::clone(&call.app.operation), call.ctx.clone());
    let read = call.ctx.store.read(move |tx| {
        operation.may_back_up(tx, &ctx)?;
        operation.schedule(tx)
    });
    schedule_reply(&read.await?)
}

async fn change_schedule(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let schedule = Schedule {
        cron: body.required_text("cron", 0, 256).trim().to_owned(),
        timezone: body.text("timezone", 1, 64).unwrap_or_else(|| "UTC".to_owned()),
        keep: body.number("keep", 1, i64::from(KEEP_MAX)).and_then(|keep| u32::try_from(keep).ok()).unwrap_or(7),
    };
    body.finish()?;
    let (operation, ctx, if_match) = (Arc::clone(&call.app.operation), call.ctx.clone(), call.if_match()?);
    call.commit(move |tx| operation.reschedule(tx, &ctx, &schedule, if_match), |current| schedule_reply(&current)).await
}

fn schedule_reply(current: &Current) -> Result<Reply, Fault> {
    let Schedule { cron, timezone, keep } = &current.schedule;
    let object = json!({ "cron": cron, "timezone": timezone, "keep": keep, "next_at": current.next_at,
        "revision": current.revision });
    Ok(Reply::ok(&object)?.revision(current.revision))
}

/// A backup on the wire; the same for the command line.
#[must_use]
pub fn backup_object(backup: &Backup) -> Value {
    json!({
        "id": backup.id.prefixed(),
        "kind": backup.kind,
        "status": backup.status,
        "with_key": backup.with_key,
        "bytes": backup.bytes,
        "sha256": backup.sha256,
        "schema_version": backup.schema_version,
        "problem": backup.problem,
        "created_by": backup.created_by.map(|member| member.prefixed()),
        "created_at": backup.created_at,
        "finished_at": backup.finished_at,
        "verified_at": backup.verified_at,
    })
}
