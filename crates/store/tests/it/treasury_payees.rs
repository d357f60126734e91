//! Recipients and the treasury's view of the audit log: pages against plain lists, in whatever order they are reached.

use floe_model::{
    Mode, Scope, Timestamp,
    id::{AuditId, RecipientId, RunId, WorkspaceId},
};
use floe_store::{
    Store,
    platform::{
        audit::{self, Actor, Entry},
        audit_chain::{self, Seal},
    },
    treasury::audit_view::{self, Filter},
    treasury::recipients::{self, Recipient},
};

use crate::on_both;

const WORKSPACE: WorkspaceId = WorkspaceId(1);
const LIVE: Scope = Scope { workspace: WORKSPACE, mode: Mode::Live };

fn recipient(id: u128, name: &str) -> Recipient {
    Recipient {
        id: RecipientId(id),
        name: name.to_owned(),
        account_number: format!("{id:010}"),
        institution_code: "058".to_owned(),
        bank_name: None,
        narration_note: None,
        tags: "[]".to_owned(),
        created_at: Timestamp(id as i64),
        updated_at: Timestamp(id as i64),
    }
}

fn entry(id: u128) -> Entry {
    let (kind, name) = match id % 3 {
        0 => ("agent", "risk"),
        1 => ("token", "Ada"),
        _ => ("key", "Server"),
    };
    Entry {
        id: AuditId(id),
        workspace: if id.is_multiple_of(11) { WorkspaceId(2) } else { WORKSPACE },
        seq: None,
        mode: (!id.is_multiple_of(7)).then_some(if id.is_multiple_of(5) { Mode::Test } else { Mode::Live }),
        product: if id.is_multiple_of(4) { "flows" } else { "treasury" }.to_owned(),
        action: if id.is_multiple_of(2) { "scored_candidates" } else { "created_run" }.to_owned(),
        actor: Actor { kind: kind.to_owned(), id: Some(id % 3), name: name.to_owned() },
        target: None,
        run_id: (id % 6 == 1).then_some(RunId(9)),
        detail: "{}".to_owned(),
        request_id: None,
        ip: None,
        at: Timestamp(id as i64),
    }
}

/// Seals up to `limit` entries of the workspace; what they hash to does not matter here.
async fn seal(store: &Store, limit: usize) {
    let sealing = store.write(move |tx| {
        audit_chain::seal(tx, WORKSPACE, limit, |end, entries| {
            let places = (end.seq + 1..).zip(entries);
            Ok(places.map(|(seq, entry)| Seal { id: entry.id, seq, prev_hash: [1; 32], hash: [1; 32] }).collect())
        })
    });
    sealing.await.expect("sealing works");
}

async fn page(store: &Store, filter: Filter, limit: usize, offset: i64) -> (Vec<u128>, i64) {
    let reading = store.read(move |tx| audit_view::list(tx, LIVE, &filter, limit, offset));
    let (entries, total) = reading.await.expect("reading works");
    (entries.iter().map(|entry| entry.id.0).collect(), total)
}

on_both! {
    async fn pages_of_recipients_are_parts_of_one_list(store: TestStore) {
        let names = ["Zed", "ada", "Ada", "Émile", "bola", "Bola", "émile", "a_b", "a%b", "a!b", "ñandu", "zed"];
        let rows: Vec<Recipient> = names.iter().zip(1..).map(|(name, id)| recipient(id, name)).collect();
        let mut expected = rows.clone();
        expected.sort_by_key(|one| (one.name.to_lowercase().into_bytes(), one.id));
        let other = Scope { workspace: WORKSPACE, mode: Mode::Test };
        store.write(move |tx| {
            recipients::insert(tx, LIVE, &rows)?;
            recipients::insert(tx, other, &[recipient(50, "Elsewhere")])
        }).await.expect("writing works");
        for limit in [1, 5, 200] {
            for offset in 0..=13_usize {
                let reading = store.read(move |tx| recipients::list(tx, LIVE, None, limit, offset as i64));
                let (rows, total) = reading.await.expect("reading works");
                let part: Vec<Recipient> = expected.iter().skip(offset).take(limit).cloned().collect();
                assert_eq!((rows, total), (part, 12), "{limit} from {offset}");
            }
        }
        for (text, expected) in [("É", 2), ("a_b", 1), ("%", 1), ("!", 1), ("ADA", 2), ("000000001", 4), ("nobody", 0)] {
            let reading = store.read(move |tx| recipients::list(tx, LIVE, Some(text), 50, 0));
            let (rows, total) = reading.await.expect("reading works");
            assert_eq!((rows.len(), total), (expected, expected as i64), "{text}");
        }
        let gone = store.write(|tx| {
            Ok((recipients::delete(tx, LIVE, RecipientId(1))?, recipients::delete(tx, LIVE, RecipientId(1))?))
        });
        assert_eq!(gone.await.expect("writing works"), (true, false));
        let (_, total) = store.read(|tx| recipients::list(tx, LIVE, None, 1, 0)).await.expect("reading works");
        assert_eq!(total, 11);
    }

    async fn the_log_shows_the_same_pages_sealed_or_not(store: TestStore) {
        let all: Vec<Entry> = (1..=400).map(entry).collect();
        let written = all.clone();
        store.write(move |tx| audit::record_all(tx, &written)).await.expect("writing works");
        let is_ours = |entry: &&Entry| entry.workspace == WORKSPACE && entry.mode == Some(Mode::Live) && entry.product == "treasury";
        let ours: Vec<&Entry> = all.iter().rev().filter(is_ours).collect();
        let ids = |entries: &[&Entry]| entries.iter().map(|entry| entry.id.0).collect::<Vec<_>>();
        for sealed in [0, 150, 1_000] {
            seal(&store, sealed).await;
            for (limit, offset) in [(50, 0), (7, 100), (50, ours.len() - 20), (1, ours.len() - 1), (50, ours.len()), (50, 9_999)] {
                let part: Vec<&Entry> = ours.iter().skip(offset).take(limit).copied().collect();
                let told = page(&store, Filter::default(), limit, offset as i64).await;
                assert_eq!(told, (ids(&part), ours.len() as i64), "{limit} from {offset}, {sealed} sealed");
            }
        }
        let word = |word: &str| Some(word.to_owned());
        type Holds = fn(&Entry) -> bool;
        let cases: [(Filter, Holds); 8] = [
            (Filter { action: word("created_run"), ..Filter::default() }, |entry| entry.id.0 % 2 == 1),
            (Filter { agent_type: word("risk"), ..Filter::default() }, |entry| entry.id.0 % 3 == 0),
            (Filter { agent_type: word("human"), ..Filter::default() }, |entry| entry.id.0 % 3 == 1),
            (Filter { agent_type: word("api"), ..Filter::default() }, |entry| entry.id.0 % 3 == 2),
            (Filter { agent_type: word("system"), ..Filter::default() }, |_| false),
            (Filter { run: Some(RunId(9)), agent_type: word("human"), ..Filter::default() }, |entry| entry.id.0 % 6 == 1),
            (Filter { actor_id: Some(1), actor_name: word("Ada"), ..Filter::default() }, |entry| entry.id.0 % 3 == 1),
            (Filter { from: Some(Timestamp(100)), to: Some(Timestamp(200)), ..Filter::default() }, |entry| (100..200).contains(&entry.id.0)),
        ];
        for (filter, holds) in cases {
            let found: Vec<&Entry> = ours.iter().copied().filter(|entry| holds(entry)).collect();
            let part: Vec<&Entry> = found.iter().skip(3).take(20).copied().collect();
            assert_eq!(page(&store, filter.clone(), 20, 3).await, (ids(&part), found.len() as i64), "{filter:?}");
        }
    }
}
