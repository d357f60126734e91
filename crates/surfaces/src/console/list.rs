//! Lists: limit, cursor, sort and total (console contract, section 4).

use floe_access::secret::sha256;
use floe_model::id::{parse_bits, to_base32};
use floe_model::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::http::Call;

const LIMIT_DEFAULT: i64 = 50;
pub(super) const LIMIT_MAX: i64 = 200;
/// Lists that are joined at most.
const JOINED_MAX: usize = 3;
/// Characters of an id in a cursor.
const ID_CHARS: usize = 26;

/// Which part of a list is asked for. Lists are in the order of ids, which is the order of creation.
#[derive(Debug)]
pub(super) struct Window {
    /// Records at most.
    pub(super) limit: usize,
    /// Id of the last record of the page before.
    pub(super) after: Option<u128>,
    /// The same for the second of the lists that are joined.
    pub(super) after_second: Option<u128>,
    /// The same for the third.
    pub(super) after_third: Option<u128>,
    /// What they are sorted by.
    pub(super) sort: &'static str,
    /// Whether the newest (or last) come first.
    pub(super) newest_first: bool,
    /// Whether the number of all records is asked for.
    pub(super) total: bool,
    mark: u128,
}

impl Window {
    /// Reads the parameters; `filters` are the names of those that belong into the cursor.
    ///
    /// # Errors
    /// 400 for a parameter out of range; 400 `invalid_cursor` for a cursor of another list or with other filters.
    pub(super) fn of(call: &Call, filters: &[&str]) -> Result<Self, Fault> {
        Self::sorted(call, filters, &["created_at"])
    }

    /// [`Window::of`] for a list that can be sorted by more than its records' age.
    ///
    /// # Errors
    /// As [`Window::of`].
    pub(super) fn sorted(call: &Call, filters: &[&str], sorts: &[&'static str]) -> Result<Self, Fault> {
        let limit = call.query.number("limit", 1, LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT);
        let asked = call.query.get("sort").unwrap_or("-created_at");
        let newest_first = asked.starts_with('-');
        let name = asked.strip_prefix('-').unwrap_or(asked);
        let Some(sort) = sorts.iter().find(|sort| **sort == name) else {
            let message = format!("sort must be {}, with - before it for descending", sorts.join(" or "));
            return Err(Fault::field("/sort", "value", message));
        };
        let mark = mark(call, filters, sort, newest_first);
        let places = call.query.get("cursor").map_or(Ok([None; JOINED_MAX]), |text| read_cursor(text, mark))?;
        let [after, after_second, after_third] = places;
        let total = call.query.flag("total")?.unwrap_or(false);
        let limit = usize::try_from(limit).unwrap_or(1);
        Ok(Self { limit, after, after_second, after_third, sort, newest_first, total, mark })
    }

    /// The newest records.
    pub(super) const fn first(limit: usize) -> Self {
        Self {
            limit,
            after: None,
            after_second: None,
            after_third: None,
            sort: "created_at",
            newest_first: true,
            total: false,
            mark: 0,
        }
    }

    /// Those whose time ends first.
    pub(super) const fn soonest(limit: usize) -> Self {
        Self { sort: "due_at", newest_first: false, ..Self::first(limit) }
    }

    /// A window at these places, for tests of what is shown in it.
    #[cfg(test)]
    pub(super) const fn at(limit: usize, [after, after_second]: [Option<u128>; 2], newest_first: bool) -> Self {
        let (sort, after_third) = ("created_at", None);
        Self { limit, after, after_second, after_third, sort, newest_first, total: false, mark: 0 }
    }

    /// The answer: records, cursor of the next page when there is one, total when asked for.
    pub(super) fn page(&self, data: Vec<Value>, last: Option<u128>, more: bool, total: Option<i64>) -> Value {
        let cursor = last.filter(|_| more).map(|id| format!("{}{}", to_base32(id), to_base32(self.mark)));
        json!({ "data": data, "next_cursor": cursor, "total": total.filter(|_| self.total) })
    }

    /// The answer of two or three lists that are joined; `last` are their last records up to here.
    pub(super) fn page_joined<const N: usize>(
        &self,
        data: Vec<Value>,
        last: [Option<u128>; N],
        more: bool,
        total: Option<i64>,
    ) -> Value {
        // No record has the id 0: it stands for the beginning.
        let places: String = last.iter().map(|id| to_base32(id.unwrap_or(0))).collect();
        let cursor = more.then(|| format!("{places}{}", to_base32(self.mark)));
        json!({ "data": data, "next_cursor": cursor, "total": total.filter(|_| self.total) })
    }
}

/// A digest of the list and its filters: a cursor is good for these only.
fn mark(call: &Call, filters: &[&str], sort: &str, newest_first: bool) -> u128 {
    let values: Vec<Option<&str>> = filters.iter().map(|name| call.query.get(name)).collect();
    let text = json!([call.route.path, sort, newest_first, values]).to_string();
    let digest = sha256(text.as_bytes());
    let mut head = [0; 16];
    head.copy_from_slice(&digest[..16]);
    u128::from_be_bytes(head)
}

/// The places in a cursor: one, or those of all the lists that are joined.
fn read_cursor(text: &str, mark: u128) -> Result<[Option<u128>; JOINED_MAX], Fault> {
    let wrong = || Fault::new(FaultKind::Invalid, "invalid_cursor", "The cursor is not of this list and these filters");
    let parts = text.len() / ID_CHARS;
    if !text.is_ascii() || !text.len().is_multiple_of(ID_CHARS) || !(2..=JOINED_MAX + 1).contains(&parts) {
        return Err(wrong());
    }
    let (ids, own) = text.split_at(text.len() - ID_CHARS);
    if parse_bits(own) != Ok(mark) {
        return Err(wrong());
    }
    let mut places = [None; JOINED_MAX];
    for (at, place) in places.iter_mut().enumerate().take(parts - 1) {
        let id = parse_bits(&ids[at * ID_CHARS..(at + 1) * ID_CHARS]).map_err(|_| wrong())?;
        *place = (id != 0).then_some(id);
    }
    Ok(places)
}
