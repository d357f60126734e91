//! Table `flows`: what a flow is called, who may do what with it, and which of its versions are special.

use floe_model::{
    Fault, Timestamp,
    flows::{Activity, Engine, Pointers, VersionStatus, Visibility},
    id::{FlowId, MemberId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// Flows of one page at most.
pub const PAGE_MAX: usize = 1_000;

/// A flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowRow {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: FlowId,
    /// The language of its definitions.
    pub engine: Engine,
    /// Whether it may be started; flows of steps are always active.
    pub activity: Activity,
    /// Shown name.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// A word, an emoji or an address.
    pub icon: Option<String>,
    /// JSON list of texts.
    pub tags: String,
    /// Who else sees it.
    pub visibility: Visibility,
    /// JSON: whom it is shared with.
    pub sharing: String,
    /// JSON: the settings in force; of a list, those that a read shows.
    pub settings: String,
    /// Who owns it.
    pub owner: Option<MemberId>,
    /// JSON: `{_id, name, email}` or null.
    pub created_by: String,
    /// Which versions are special.
    pub pointers: Pointers,
    /// Counts changes.
    pub revision: u64,
    /// JSON list: types of the triggers in the definition that a read shows.
    pub triggers: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// Which flows of steps a list shows; an empty filter shows all.
#[derive(Debug, Clone, Default)]
pub struct FlowFilter {
    /// Text in name or description, in lower case, not empty.
    pub text: Option<String>,
    /// Published or not.
    pub status: Option<VersionStatus>,
    /// Visibility.
    pub visibility: Option<Visibility>,
    /// A tag.
    pub tag: Option<String>,
    /// Type of a trigger.
    pub trigger: Option<String>,
    /// Who made it.
    pub created_by: Option<MemberId>,
    /// Only what this member owns, is shared with (or one of its groups is), or everyone sees; `None` shows all.
    pub seen_by: Option<MemberId>,
}

/// Orders of a list; ties are broken by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowOrder {
    /// By creation.
    Created {
        /// Newest first.
        descending: bool,
    },
    /// By the last change.
    Updated {
        /// Newest first.
        descending: bool,
    },
    /// By name, upper and lower case alike.
    Name {
        /// Z first.
        descending: bool,
    },
}

macro_rules! columns {
    ($head:literal, $settings:literal, $tail:literal) => {
        concat!(
            $head,
            "f.workspace_id, f.id, f.name, f.description, f.icon, f.tags, f.visibility, f.sharing, ",
            $settings,
            ", f.owner_id, f.created_by, f.latest_version, f.draft_version, f.next_version, f.revision, f.triggers,
                 f.created_at, f.updated_at, f.engine, f.activity ",
            $tail
        )
    };
}

/// What a list shows: parameters $1 to $9. The comparison comes before the test for null: from it PostgreSQL learns the
/// parameter's type.
macro_rules! filtered {
    ($head:expr, $tail:literal) => {
        concat!(
            $head,
            "where f.workspace_id = $1 and f.deleted_at is null and f.engine = 'flow'
                 and (replace(f.search, $2, '') <> f.search or $2 is null)
                 and (case when f.latest_version is null then 'draft' else 'published' end = $3 or $3 is null)
                 and (f.visibility = $4 or $4 is null)
                 and (replace(f.tags, $5, '') <> f.tags or $5 is null)
                 and (replace(f.triggers, $6, '') <> f.triggers or $6 is null)
                 and (replace(f.created_by, $7, '') <> f.created_by or $7 is null)
                 and (f.owner_id = $8 or $8 is null or f.visibility = 'public'
                     or (f.visibility = 'shared' and (replace(f.sharing, $9, '') <> f.sharing
                         or exists (select 1 from flow_groups fg join group_members gm
                                 on gm.workspace_id = fg.workspace_id and gm.group_id = fg.group_id
                             where fg.workspace_id = f.workspace_id and fg.flow_id = f.id and gm.member_id = $8)))) ",
            $tail
        )
    };
}

macro_rules! listed {
    ($order:literal) => {
        filtered!(
            columns!(
                "select ",
                "coalesce(v.settings, f.settings)",
                "from flows f left join flow_versions v
                     on v.workspace_id = f.workspace_id and v.flow_id = f.id and v.version = f.draft_version "
            ),
            $order
        )
    };
}

statements! {
    /// A new flow.
    INSERT = both(
        "insert into flows (workspace_id, id, name, description, search, icon, tags, visibility, sharing, settings, owner_id,
             created_by, latest_version, draft_version, next_version, revision, triggers, created_at, updated_at, engine,
             activity)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)"
    );
    /// One flow.
    FIND = both(columns!(
        "select ", "f.settings", "from flows f where f.workspace_id = $1 and f.id = $2 and f.deleted_at is null"
    )) -> [id, id, text, text, opt text, json, text, json, json, opt id, json, opt int, opt int, int, int, json, time, time, text, text];
    /// One flow, also when it was deleted: its runs are still read.
    FIND_ANY = both(columns!(
        "select ", "f.settings", "from flows f where f.workspace_id = $1 and f.id = $2"
    )) -> [id, id, text, text, opt text, json, text, json, json, opt id, json, opt int, opt int, int, int, json, time, time, text, text];
    /// One flow, held until the end of the transaction. SQLite has one writer, so nobody else can hold it.
    HOLD = split {
        sqlite: columns!(
            "select ", "f.settings", "from flows f where f.workspace_id = $1 and f.id = $2 and f.deleted_at is null"
        ),
        postgres: columns!(
            "select ", "f.settings",
            "from flows f where f.workspace_id = $1 and f.id = $2 and f.deleted_at is null for update"
        ),
    } -> [id, id, text, text, opt text, json, text, json, json, opt id, json, opt int, opt int, int, int, json, time, time, text, text];
    /// Everything that can change, when the revision is still the one before.
    UPDATE = both(
        "update flows set name = $3, description = $4, search = $5, icon = $6, tags = $7, visibility = $8, sharing = $9,
             settings = $10, owner_id = $11, latest_version = $12, draft_version = $13, next_version = $14, revision = $15,
             triggers = $16, updated_at = $17, activity = $18
         where workspace_id = $1 and id = $2 and revision = $15 - 1 and deleted_at is null"
    );
    /// Hides a flow.
    HIDE = both(
        "update flows set deleted_at = $3, updated_at = $3, revision = revision + 1
         where workspace_id = $1 and id = $2 and deleted_at is null"
    );
    /// How many a filter finds.
    COUNT = both(filtered!("select count(*) from flows f ", "")) -> [int];
    /// Newest first.
    LIST_NEWEST = both(listed!("order by f.created_at desc, f.id desc limit $10 offset $11"))
        -> [id, id, text, text, opt text, json, text, json, json, opt id, json, opt int, opt int, int, int, json, time, time, text, text];
    /// Oldest first.
    LIST_OLDEST = both(listed!("order by f.created_at, f.id limit $10 offset $11"))
        -> [id, id, text, text, opt text, json, text, json, json, opt id, json, opt int, opt int, int, int, json, time, time, text, text];
    /// Last changed first.
    LIST_CHANGED = both(listed!("order by f.updated_at desc, f.id desc limit $10 offset $11"))
        -> [id, id, text, text, opt text, json, text, json, json, opt id, json, opt int, opt int, int, int, json, time, time, text, text];
    /// Longest unchanged first.
    LIST_UNCHANGED = both(listed!("order by f.updated_at, f.id limit $10 offset $11"))
        -> [id, id, text, text, opt text, json, text, json, json, opt id, json, opt int, opt int, int, int, json, time, time, text, text];
    /// By name. The byte order of "C" is what SQLite has.
    LIST_BY_NAME = split {
        sqlite: listed!("order by f.search, f.id limit $10 offset $11"),
        postgres: listed!("order by f.search collate \"C\", f.id limit $10 offset $11"),
    } -> [id, id, text, text, opt text, json, text, json, json, opt id, json, opt int, opt int, int, int, json, time, time, text, text];
    /// By name, backwards.
    LIST_BY_NAME_BACKWARDS = split {
        sqlite: listed!("order by f.search desc, f.id desc limit $10 offset $11"),
        postgres: listed!("order by f.search collate \"C\" desc, f.id desc limit $10 offset $11"),
    } -> [id, id, text, text, opt text, json, text, json, json, opt id, json, opt int, opt int, int, int, json, time, time, text, text];
}

/// Adds a flow.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, flow: &FlowRow) -> Result<(), Fault> {
    let search = search_text(flow);
    tx.execute(
        &INSERT,
        params![
            flow.workspace,
            flow.id,
            &flow.name,
            &flow.description,
            &search,
            &flow.icon,
            &flow.tags,
            flow.visibility.as_str(),
            &flow.sharing,
            &flow.settings,
            flow.owner,
            &flow.created_by,
            flow.pointers.latest,
            flow.pointers.draft,
            flow.pointers.next,
            flow.revision,
            &flow.triggers,
            flow.created_at,
            flow.updated_at,
            flow.engine.as_str(),
            flow.activity.as_str()
        ],
    )?;
    Ok(())
}

/// One flow; none when it was deleted.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: FlowId) -> Result<Option<FlowRow>, Fault> {
    tx.row(&FIND, params![workspace, id], flow)
}

/// One flow, also when it was deleted.
///
/// # Errors
/// Of the database.
pub fn find_any(tx: &mut Tx<'_>, workspace: WorkspaceId, id: FlowId) -> Result<Option<FlowRow>, Fault> {
    tx.row(&FIND_ANY, params![workspace, id], flow)
}

/// One flow, which nobody else can change before the end of this transaction.
///
/// # Errors
/// Of the database.
pub fn hold(tx: &mut Tx<'_>, workspace: WorkspaceId, id: FlowId) -> Result<Option<FlowRow>, Fault> {
    tx.row(&HOLD, params![workspace, id], flow)
}

/// Writes everything that can change when `flow.revision` is one more than the row's; false otherwise.
///
/// # Errors
/// Of the database.
pub fn update(tx: &mut Tx<'_>, flow: &FlowRow) -> Result<bool, Fault> {
    let search = search_text(flow);
    let written = tx.execute(
        &UPDATE,
        params![
            flow.workspace,
            flow.id,
            &flow.name,
            &flow.description,
            &search,
            &flow.icon,
            &flow.tags,
            flow.visibility.as_str(),
            &flow.sharing,
            &flow.settings,
            flow.owner,
            flow.pointers.latest,
            flow.pointers.draft,
            flow.pointers.next,
            flow.revision,
            &flow.triggers,
            flow.updated_at,
            flow.activity.as_str()
        ],
    )?;
    Ok(written == 1)
}

/// Hides a flow: nothing here finds it any more. False when it is hidden already.
///
/// # Errors
/// Of the database.
pub fn hide(tx: &mut Tx<'_>, workspace: WorkspaceId, id: FlowId, now: Timestamp) -> Result<bool, Fault> {
    Ok(tx.execute(&HIDE, params![workspace, id, now])? == 1)
}

/// Up to `limit` ([`PAGE_MAX`] at most) flows from `skip` on, and how many there are. Their settings are those of the draft
/// when there is one.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    filter: &FlowFilter,
    order: FlowOrder,
    limit: usize,
    skip: usize,
) -> Result<(Vec<FlowRow>, u64), Fault> {
    let sql = match order {
        FlowOrder::Created { descending: true } => &LIST_NEWEST,
        FlowOrder::Created { descending: false } => &LIST_OLDEST,
        FlowOrder::Updated { descending: true } => &LIST_CHANGED,
        FlowOrder::Updated { descending: false } => &LIST_UNCHANGED,
        FlowOrder::Name { descending: true } => &LIST_BY_NAME_BACKWARDS,
        FlowOrder::Name { descending: false } => &LIST_BY_NAME,
    };
    // As they stand in the JSON of their columns, quotes included, so that no part of another word is found.
    let quoted = |text: &String| serde_json::Value::from(text.as_str()).to_string();
    let (tag, trigger) = (filter.tag.as_ref().map(quoted), filter.trigger.as_ref().map(quoted));
    let created_by = filter.created_by.map(|id| format!("\"{id}\""));
    let shared_with = filter.seen_by.map(|id| format!("\"{id}\""));
    let values = params![
        workspace,
        &filter.text,
        filter.status.map(VersionStatus::as_str),
        filter.visibility.map(Visibility::as_str),
        &tag,
        &trigger,
        &created_by,
        filter.seen_by,
        &shared_with,
        limit.min(PAGE_MAX),
        skip
    ];
    let rows = tx.rows(sql, values, flow)?;
    let total = tx.row(&COUNT, &values[..9], |row| row.int(0))?;
    Ok((rows, total.unwrap_or(0).unsigned_abs()))
}

fn search_text(flow: &FlowRow) -> String {
    format!("{}\n{}", flow.name.to_lowercase(), flow.description.to_lowercase())
}

/// Maps the columns of a flow.
pub(super) fn flow(row: &Row<'_>) -> Result<FlowRow, Fault> {
    Ok(FlowRow {
        workspace: WorkspaceId(row.id(0)?),
        id: FlowId(row.id(1)?),
        name: row.string(2)?,
        description: row.string(3)?,
        icon: row.opt_string(4)?,
        tags: row.string(5)?,
        visibility: Visibility::parse(row.text(6)?).ok_or_else(|| row.mismatch(6, "a visibility"))?,
        sharing: row.string(7)?,
        settings: row.string(8)?,
        owner: row.opt_id(9)?.map(MemberId),
        created_by: row.string(10)?,
        pointers: Pointers { latest: opt_u32(row, 11)?, draft: opt_u32(row, 12)?, next: row.u32(13)? },
        revision: u64::try_from(row.int(14)?).map_err(|_| row.mismatch(14, "a revision"))?,
        triggers: row.string(15)?,
        created_at: row.time(16)?,
        updated_at: row.time(17)?,
        engine: Engine::parse(row.text(18)?).ok_or_else(|| row.mismatch(18, "an engine"))?,
        activity: Activity::parse(row.text(19)?).ok_or_else(|| row.mismatch(19, "an activity"))?,
    })
}

/// A version number that may be missing.
pub(super) fn opt_u32(row: &Row<'_>, index: usize) -> Result<Option<u32>, Fault> {
    row.opt_int(index)?.map(|number| u32::try_from(number).map_err(|_| row.mismatch(index, "u32"))).transpose()
}
