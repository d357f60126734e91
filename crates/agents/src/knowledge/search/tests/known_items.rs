//! How often a search finds the one text that is meant: headwords of a real dictionary (`FLOE_TEST_DICTIONARY`), whose definitions are
//! searched without them, and a few words that somebody remembers of a definition.

use std::io::Read as _;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::*;

/// Definitions that are searched, evenly from the whole dictionary, and questions of each kind.
const ITEMS: usize = 3_000;
const QUESTIONS: usize = 100;
/// Words of a definition, and those that somebody remembers.
const WORDS_MIN: usize = 20;
const REMEMBERED: usize = 4;
/// Least hit rates at the first five places, well below what was seen (0.7 and 0.98): whoever makes searches worse has to notice.
const HEADWORDS_MIN: f64 = 0.5;
const REMEMBERED_MIN: f64 = 0.9;

struct Item {
    headword: String,
    definition: String,
}

/// Digits of the index of a dictionary.
fn number(text: &str) -> usize {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text.bytes().fold(0, |sum, digit| {
        sum * DIGITS.len() + DIGITS.iter().position(|known| *known == digit).expect("a digit of the index")
    })
}

/// Every entry that says something, in the order of the dictionary.
fn items(folder: &Path) -> Vec<Item> {
    let packed = std::fs::File::open(folder.join("foldoc.dict.dz")).expect("the dictionary");
    let mut texts = Vec::new();
    MultiGzDecoder::new(packed).read_to_end(&mut texts).expect("the dictionary unpacks");
    let index = std::fs::read_to_string(folder.join("foldoc.index")).expect("its index");
    let mut places: Vec<(usize, usize)> = index
        .lines()
        .filter(|line| !line.starts_with("00-"))
        .map(|line| {
            let mut parts = line.split('\t').skip(1).map(number);
            (parts.next().expect("a place"), parts.next().expect("a length"))
        })
        .collect();
    places.sort_unstable();
    places.dedup();
    let entry = |(at, length): (usize, usize)| {
        let text = String::from_utf8_lossy(&texts[at..at + length]).into_owned();
        // Headwords stand at the margin, definitions do not.
        let headword = text.lines().find(|line| line.starts_with(|c: char| !c.is_whitespace()))?.trim().to_owned();
        let lines = text.lines().filter(|line| line.starts_with(' ')).map(str::trim);
        let definition = lines.collect::<Vec<_>>().join(" ");
        (definition.split_whitespace().count() >= WORDS_MIN).then_some(Item { headword, definition })
    };
    let all: Vec<Item> = places.into_iter().filter_map(entry).collect();
    let step = all.len() / ITEMS;
    all.into_iter().step_by(step.max(1)).take(ITEMS).collect()
}

/// Words of a definition that somebody might remember: spread over it, none twice.
fn remembered(definition: &str) -> Option<String> {
    let mut words: Vec<&str> = definition
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|word| word.len() > 3 && !words::telling(word).is_empty() && !words::is_stop_word(&words::of(word)[0]))
        .collect();
    let mut seen = std::collections::HashSet::new();
    words.retain(|word| seen.insert(word.to_lowercase()));
    let step = words.len() / REMEMBERED;
    (step >= 2).then(|| words.into_iter().skip(1).step_by(step).take(REMEMBERED).collect::<Vec<_>>().join(" "))
}

/// A question, and the item that is meant.
type Question = (usize, String);

/// Share of questions whose text is the first hit, and among the first five.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rates {
    at_1: f64,
    at_5: f64,
}

async fn rates(search: &Search, way: Way, questions: &[Question]) -> Rates {
    let (mut first, mut among) = (0, 0);
    for (item, question) in questions {
        let hits = search.run_by(way, SCOPE, &[BASE], &asked(question)).await.expect("hits");
        let place = hits.iter().position(|hit| hit.chunk == chunk_of(*item));
        first += usize::from(place == Some(0));
        among += usize::from(place.is_some());
    }
    let share = |count: usize| count as f64 / questions.len() as f64;
    Rates { at_1: share(first), at_5: share(among) }
}

/// The chunk that [`World::document`] makes of an item.
fn chunk_of(item: usize) -> ChunkId {
    ChunkId((item / 1_000 + 1) as u128 * 1_000_000 + 100 + (item % 1_000) as u128)
}

async fn measure(store: TestStore, database: &str) {
    let Some(folder) = std::env::var_os("FLOE_TEST_DICTIONARY") else {
        assert!(std::env::var_os("CI").is_none(), "FLOE_TEST_DICTIONARY names no dictionary");
        eprintln!("the quality of searches is not measured: FLOE_TEST_DICTIONARY names no dictionary");
        return;
    };
    let items = items(Path::new(&folder));
    assert_eq!(items.len(), ITEMS);
    let world = World::new(store);
    world.base(SCOPE.workspace, BASE, "hash-256").await;
    for (number, some) in items.chunks(1_000).enumerate() {
        let chunks: Vec<(&str, Value)> = some.iter().map(|item| (item.definition.as_str(), json!({}))).collect();
        world.document(place((number as u128 + 1) * 1_000), "hash-256", json!({}), &chunks).await;
    }
    let every = ITEMS / QUESTIONS;
    let headwords = (0..QUESTIONS).map(|at| (at * every, items[at * every].headword.clone())).collect();
    let memories = (0..ITEMS)
        .skip(every / 2)
        .step_by(every)
        .filter_map(|at| Some((at, remembered(&items[at].definition)?)))
        .take(QUESTIONS)
        .collect();
    let kinds: [(&str, Vec<Question>, f64); 2] =
        [("headwords", headwords, HEADWORDS_MIN), ("remembered words", memories, REMEMBERED_MIN)];
    for (kind, questions, least) in kinds {
        assert!(questions.len() > QUESTIONS / 2, "{kind}: {}", questions.len());
        let mut seen = Vec::new();
        for way in [Way::Text, Way::Vectors, Way::Hybrid] {
            let Rates { at_1, at_5 } = rates(&world.search, way, &questions).await;
            println!("{database}, {kind} ({}): {way:?} hits at 1 {at_1:.3}, at 5 {at_5:.3}", questions.len());
            seen.push(Rates { at_1, at_5 });
        }
        let [text, vectors, hybrid] = seen[..] else { unreachable!("three ways were tried") };
        assert!(hybrid.at_1 >= text.at_1 && hybrid.at_5 >= text.at_5, "{kind}: {hybrid:?} is worse than {text:?}");
        assert!(hybrid.at_5 >= vectors.at_5 && hybrid.at_5 >= least, "{kind}: {hybrid:?}, {vectors:?}");
    }
}

on_both! {
    async fn known_items_are_found(store: TestStore) {
        let database = format!("{:?}", store.dialect());
        measure(store, &database).await;
    }
}
