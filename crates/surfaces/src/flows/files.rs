//! Files: uploads and reading them back (Flow API contract, section 10).

use axum::body::Body;
use floe_flows::files::{self, FILE_BYTES_MAX, FILES_MAX, Received, Upload};
use floe_model::hex;
use floe_model::id::FileId;
use floe_model::{Fault, FaultKind};
use floe_store::Tx;
use floe_store::flows::files::FileRow;
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http_body_util::channel::Channel;
use serde_json::{Value, json};

use super::shapes::files as shapes;
use super::{DASHBOARD, SURFACE, share};
use crate::http::shape::TEXT;
use crate::http::{Auth, Begun, Call, Incoming, Reply, Route};

/// Bytes of a whole upload at most: every file, and what stands between them.
const UPLOAD_LIMIT: usize = FILES_MAX * FILE_BYTES_MAX as usize + 64 * 1024;
/// Media type of every download: what a file is stands in its record.
const BYTES: &str = "application/octet-stream";
/// Pieces of a file that are read ahead of a slow reader.
const READ_AHEAD: usize = 2;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post(&SURFACE, "/v1/flow/file", DASHBOARD, upload)
            .scope("flows.run")
            .body_limit(UPLOAD_LIMIT)
            .streamed_body()
            .doc("Upload files")
            .about("Parts named file, at most 10 of at most 25 MiB; or one file as the body, with X-File-Name.")
            .header("x-file-name", TEXT, "Name of a file that is the whole body; %-escapes are read")
            .takes_media("multipart/form-data", shapes::UPLOAD)
            .answers(201, shapes::UPLOADED)
            .refuses(429, &["rate_limited"]),
        Route::get(&SURFACE, "/v1/flow/file/{id}", DASHBOARD, download)
            .scope("flows.read")
            .doc("Download a file")
            .answers_media(200, BYTES, TEXT),
        Route::post(&SURFACE, "/v1/flow/share/file/{token}", Auth::PUBLIC, upload_by_link)
            .body_limit(UPLOAD_LIMIT)
            .streamed_body()
            .doc("Upload files by a share link")
            .header("x-file-name", TEXT, "Name of a file that is the whole body; %-escapes are read")
            .takes_media("multipart/form-data", shapes::UPLOAD)
            .answers(201, shapes::UPLOADED)
            .refuses(404, &["not_found"])
            .refuses(409, &["api_trigger_required"])
            .refuses(429, &["rate_limited"]),
    ]
}

async fn upload(call: Call) -> Result<Reply, Fault> {
    call.require(floe_model::access::Permission::Run)?;
    receive(&call).await
}

async fn upload_by_link(mut call: Call) -> Result<Reply, Fault> {
    let limit = share::count(&call, "share-file")?;
    if let Some(fault) = limit.refusal() {
        return Ok(limit.write(&call, share::refused(&call, &fault)));
    }
    let shared = share::enter(&mut call).await?;
    if !call.app.flows.share_takes_files(shared).await? {
        return Err(Fault::not_found("Share link"));
    }
    Ok(limit.write(&call, receive(&call).await?))
}

/// Receives every file of the upload, and makes them known together. When that fails, or was done before, nothing of them stays.
async fn receive(call: &Call) -> Result<Reply, Fault> {
    let mut begun = Vec::new();
    let outcome = match take_in(call, &mut begun).await {
        Ok(received) => make_known(call, received).await,
        Err(fault) => Err(fault),
    };
    match outcome {
        Ok((reply, true)) => Ok(reply),
        Ok((reply, false)) => {
            files::discard(&call.ctx, begun).await;
            Ok(reply)
        }
        Err(fault) => {
            files::discard(&call.ctx, begun).await;
            Err(fault)
        }
    }
}

/// Receives every file; what was begun is noted.
async fn take_in(call: &Call, begun: &mut Vec<FileId>) -> Result<Vec<Received>, Fault> {
    let mut incoming = Incoming::of(call)?;
    let mut received: Vec<Received> = Vec::new();
    while let Some(mut file) = incoming.next(call, "file").await? {
        if received.len() == FILES_MAX {
            let message = format!("An upload has at most {FILES_MAX} files");
            return Err(Fault::new(FaultKind::TooLarge, "payload_too_large", message));
        }
        let mut upload = Upload::begin(&call.ctx, &file.name).await?;
        begun.push(upload.id());
        while let Some(bytes) = file.bytes(call).await? {
            upload.push(&call.ctx, &bytes).await?;
        }
        received.push(upload.finish(&call.ctx).await?);
    }
    if received.is_empty() {
        return Err(Fault::field("/file", "required", "The upload has no part named file"));
    }
    Ok(received)
}

/// Makes the files known with the saved reply; false when they were before, by the first try of the same call.
async fn make_known(call: &Call, received: Vec<Received>) -> Result<(Reply, bool), Fault> {
    // The content was not known before; a repeat is told by its files, since the text between the parts differs.
    let repeat = call.repeat()?.map(|repeat| repeat.with_content(digest(&received)));
    let ctx = call.ctx.clone();
    let write = move |tx: &mut Tx<'_>| {
        if let Some(repeat) = &repeat
            && let Begun::Replay(reply) = repeat.begin(tx, None)?
        {
            return Ok((*reply, false));
        }
        let rows = files::complete(tx, &ctx, &received)?;
        let reply = uploaded(&rows);
        if let Some(repeat) = &repeat {
            repeat.complete(tx, &reply)?;
        }
        Ok((reply, true))
    };
    call.ctx.store.write(write).await
}

async fn download(call: Call) -> Result<Reply, Fault> {
    let id: FileId = call.id("id", "File")?;
    let file = files::find(&call.ctx, id).await?;
    let reply = Reply { body: crate::http::ReplyBody::Stream(content(&call, &file)), ..Reply::empty(StatusCode::OK) };
    // Whatever it is, it is never shown as a page of ours.
    Ok(reply
        .text_header(CONTENT_TYPE, BYTES)
        .text_header(CONTENT_LENGTH, &file.size.unwrap_or(0).to_string())
        .text_header(CONTENT_DISPOSITION, &attachment(&file.name))
        .text_header(CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"))
}

/// The bytes of a file, read as the client takes them.
fn content(call: &Call, file: &FileRow) -> Body {
    let (mut sender, body) = Channel::<bytes::Bytes, std::io::Error>::new(READ_AHEAD);
    let (ctx, file) = (call.ctx.clone(), file.clone());
    tokio::spawn(async move {
        for position in 0.. {
            match files::chunk(&ctx, &file, position).await {
                Ok(Some(bytes)) => {
                    if sender.send_data(bytes.into()).await.is_err() {
                        return;
                    }
                }
                Ok(None) => return,
                Err(fault) => {
                    tracing::error!(file.id = %file.id, %fault, "a file cannot be read to its end");
                    return sender.abort(std::io::Error::other("the file cannot be read"));
                }
            }
        }
    });
    Body::new(body)
}

/// `Content-Disposition` that saves a file under its name, in every browser (RFC 6266).
pub(super) fn attachment(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_graphic() && !"\"\\%".contains(c) { c } else { '_' }).collect();
    let mut escaped = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    if plain == name {
        return format!("attachment; filename=\"{plain}\"");
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{escaped}")
}

fn uploaded(rows: &[FileRow]) -> Reply {
    let records: Vec<Value> = rows.iter().map(record).collect();
    match records.as_slice() {
        [one] => Reply::value(StatusCode::CREATED, one),
        _ => Reply::value(StatusCode::CREATED, &json!({ "data": records })),
    }
}

fn record(file: &FileRow) -> Value {
    let expires_at = file.run.is_none().then_some(file.expires_at);
    json!({
        "_id": file.id, "fileId": file.id, "name": file.name, "mimeType": file.mime_type, "size": file.size,
        "sha256": hex::encode(&file.sha256), "createdAt": file.created_at, "expiresAt": expires_at,
    })
}

fn digest(received: &[Received]) -> [u8; 32] {
    let parts = received.iter().map(|file| format!("{} {}\n", hex::encode(file.sha256()), file.name()));
    floe_access::secret::sha256(parts.collect::<String>().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_in_a_header() {
        for (name, expected) in [
            ("a.pdf", "attachment; filename=\"a.pdf\""),
            ("a \"b\".pdf", "attachment; filename=\"a__b_.pdf\"; filename*=UTF-8''a%20%22b%22.pdf"),
            ("Ü\r\n.csv", "attachment; filename=\"___.csv\"; filename*=UTF-8''%C3%9C%0D%0A.csv"),
        ] {
            assert_eq!(attachment(name), expected);
        }
    }
}
