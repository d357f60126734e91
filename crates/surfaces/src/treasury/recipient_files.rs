//! Recipients from a file (Treasury contract, section 10.7).

use floe_model::Fault;
use floe_store::Tx;
use floe_treasury::import::{Duplicate, Imported, RecipientRow, RowNote, read_recipients};
use floe_treasury::payees::recipients::{self, NewRecipient};
use http::StatusCode;
use serde::Serialize;

use super::shapes::recipients as shapes;
use super::{DASHBOARD, OWNER_OR_ANALYST, Rights, SURFACE, upload};
use crate::http::{Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post(&SURFACE, "/api/v1/recipients/import", DASHBOARD, import)
            .written_by(OWNER_OR_ANALYST)
            .body_limit(upload::LIMIT)
            .raw_body()
            .doc("Save the recipients of a file")
            .about(
                "CSV or XLSX, as the part `file` of a form or as the whole body. Columns: name, account_number, and \
                 institution_code or bank_name; narration_note and tags when they are there. At most 10,000 rows.",
            )
            .query(
                "on_error",
                upload::ON_ERROR,
                "`refuse` (the default) saves nothing of a file with a bad row; `skip` the good rows",
            )
            .takes_media("multipart/form-data", shapes::FILE)
            .answers(201, shapes::IMPORTED),
    ]
}

/// What became of a file.
#[derive(Serialize)]
struct ImportOut {
    recipients_added: usize,
    total_rows_parsed: u32,
    parse_errors: Vec<NoteOut>,
    duplicates: Vec<DuplicateOut>,
    repaired: Vec<NoteOut>,
}

#[derive(Serialize)]
struct NoteOut {
    row: u32,
    field: &'static str,
    message: String,
}

#[derive(Serialize)]
struct DuplicateOut {
    row: u32,
    same_as_row: u32,
}

impl From<RowNote> for NoteOut {
    fn from(RowNote { row, field, message, .. }: RowNote) -> Self {
        Self { row, field, message }
    }
}

impl From<Duplicate> for DuplicateOut {
    fn from(Duplicate { row, same_as_row }: Duplicate) -> Self {
        Self { row, same_as_row }
    }
}

async fn import(call: Call) -> Result<Reply, Fault> {
    let directory = call.app.treasury.directory;
    let file = upload::read(&call, move |bytes| read_recipients(bytes, directory)).await?;
    let Imported { rows, total_rows, problems, repaired, duplicates, .. } = file;
    let new: Vec<NewRecipient> = rows.into_iter().map(recipient).collect();
    let out = ImportOut {
        recipients_added: new.len(),
        total_rows_parsed: total_rows,
        parse_errors: problems.into_iter().map(NoteOut::from).collect(),
        duplicates: duplicates.into_iter().map(DuplicateOut::from).collect(),
        repaired: repaired.into_iter().map(NoteOut::from).collect(),
    };
    let ctx = call.ctx.clone();
    let act = move |tx: &mut Tx<'_>| recipients::create(tx, &ctx, directory, &new).map(|_| ());
    call.commit(act, move |()| Reply::json(StatusCode::CREATED, &out)).await
}

fn recipient(row: RecipientRow) -> NewRecipient {
    let RecipientRow { name, account_number, institution_code, bank_name, narration_note, tags, .. } = row;
    NewRecipient { name, account_number: account_number.to_string(), institution_code, bank_name, narration_note, tags }
}
