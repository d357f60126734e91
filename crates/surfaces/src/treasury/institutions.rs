//! The directory of institutions, and the holder of an account (Treasury contract, sections 9.2 and 10.7).

use floe_model::Fault;
use floe_model::treasury::{AccountNumber, Institution, InstitutionKind};
use floe_treasury::payouts::rails::{Account, Enquiry};
use serde::Serialize;

use super::input::{self, Input};
use super::page::Page;
use super::shapes::{PAGING, institutions as shapes};
use super::{DASHBOARD, Rights, SURFACE};
use crate::http::shape::text;
use crate::http::{Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/api/v1/institutions", DASHBOARD, list)
            .any_reads()
            .doc("List institutions")
            .queries(PAGING)
            .query("search", text(0, 256), "Text in name, other names or codes; without regard to case")
            .answers(200, shapes::INSTITUTIONS),
        Route::post(&SURFACE, "/api/v1/institutions/resolve", DASHBOARD, resolve)
            .any_reads()
            .body_limit(super::BODY_LIMIT)
            .doc("Ask for the holder of an account")
            .about("Changes nothing. The name is null where the rail does not tell it; the check digit where it is not judged.")
            .takes(shapes::RESOLVE)
            .answers(200, shapes::RESOLVED)
            .refuses(409, &["no_rail"]),
    ]
}

/// A row of the directory.
#[derive(Serialize)]
struct InstitutionOut<'a> {
    code: &'a str,
    cbn_code: Option<&'a str>,
    nip_code: Option<&'a str>,
    name: &'a str,
    aliases: &'a [String],
    kind: InstitutionKind,
    active: bool,
}

/// What is known of an account.
#[derive(Debug, Clone, Serialize)]
struct ResolvedOut {
    account_name: Option<String>,
    check_digit_valid: Option<bool>,
}

impl<'a> From<&'a Institution> for InstitutionOut<'a> {
    fn from(row: &'a Institution) -> Self {
        Self {
            code: row.code(),
            cbn_code: row.cbn_code.as_deref(),
            nip_code: row.nip_code.as_deref(),
            name: &row.name,
            aliases: &row.aliases,
            kind: row.kind,
            active: row.active,
        }
    }
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let page = Page::of(&call.query);
    let wanted = call.query.get("search").unwrap_or_default().trim().to_lowercase();
    let holds = |row: &&Institution| {
        let codes = row.cbn_code.iter().chain(&row.nip_code);
        let mut texts = std::iter::once(&row.name).chain(&row.aliases).chain(codes);
        texts.any(|text| text.to_lowercase().contains(&wanted))
    };
    let found: Vec<&Institution> = call.app.treasury.directory.rows().iter().filter(holds).collect();
    let offset = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let rows: Vec<InstitutionOut<'_>> =
        found.iter().skip(offset).take(page.limit()).map(|&row| InstitutionOut::from(row)).collect();
    Reply::ok(&page.around(rows, i64::try_from(found.len()).unwrap_or(i64::MAX)))
}

async fn resolve(call: Call) -> Result<Reply, Fault> {
    let directory = call.app.treasury.directory;
    let mut body = Input::of(&call)?;
    let account_number = body.required_digits("account_number", 10);
    let institution_code = body.required_institution("institution_code", directory);
    body.finish()?;
    let account = AccountNumber::parse(&account_number);
    let check_digit_valid = account.and_then(|account| directory.check_digit(&institution_code, &account));
    let rail = call.app.treasury.rails.of(call.ctx.caller.mode)?;
    // No name is proposed: a rail that can only compare has none to tell.
    let asked = [Account { name: String::new(), account_number, institution_code }];
    let account_name = match rail.enquire(&asked).await.into_iter().next() {
        Some(Enquiry::Holder(name)) => Some(name).filter(|name| !name.is_empty()),
        Some(Enquiry::Invalid(_)) => {
            return Err(input::wrong("/body/account_number", "pattern", "is not an account at this institution"));
        }
        Some(Enquiry::Unavailable) => {
            return Err(Fault::new(floe_model::FaultKind::Overloaded, "overloaded", "The rail does not answer"));
        }
        Some(Enquiry::Unsupported) | None => None,
    };
    let resolved = ResolvedOut { account_name, check_digit_valid };
    call.commit(move |_| Ok(resolved.clone()), |resolved| Reply::ok(&resolved)).await
}
