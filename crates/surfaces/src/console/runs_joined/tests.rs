//! Three lists put together, page by page, against one list of everything.

use serde_json::json;

use super::*;

/// What a list gives of `runs` after a place: at most `limit`, and it looks at `looks` runs at most, of which it shows the even ones.
fn part(runs: &[u128], after: Option<u128>, (limit, looks): (usize, usize), newest_first: bool) -> Part {
    let mut ordered = runs.to_vec();
    ordered.sort_unstable();
    if newest_first {
        ordered.reverse();
    }
    let is_after = |id: &u128| after.is_none_or(|after| if newest_first { *id < after } else { *id > after });
    let rest: Vec<u128> = ordered.into_iter().filter(is_after).collect();
    let (mut items, mut last, mut more) = (Vec::new(), after, rest.len() > looks);
    for id in rest.iter().take(looks) {
        if id % 2 == 0 {
            if items.len() == limit {
                more = true;
                last = items.last().map(|(id, _)| *id);
                break;
            }
            items.push((*id, json!(id.to_string())));
        }
        last = Some(*id);
    }
    Part::new(items, last, more, None)
}

fn window(limit: usize, newest_first: bool) -> Window {
    Window::at(limit, [None, None], newest_first)
}

#[test]
fn every_run_is_shown_once_in_order_however_short_the_parts_are() {
    let all: Vec<u128> = (1..120).collect();
    for (limit, looks, split) in [(1, 1, 3), (3, 2, 2), (5, 50, 7), (200, 200, 2), (4, 3, 40), (7, 7, 1)] {
        for newest_first in [true, false] {
            let list = |wanted: u128| -> Vec<u128> {
                let of = |id: u128| ((id / 2) % split).min(2);
                all.iter().copied().filter(|id| of(*id) == wanted).collect()
            };
            let lists = [list(0), list(1), list(2)];
            let (mut shown, mut places, mut pages) = (Vec::new(), [None; 3], 0);
            loop {
                let parts = [0, 1, 2].map(|at: usize| part(&lists[at], places[at], (limit, looks), newest_first));
                let (data, next, more) = join(parts, places, &window(limit, newest_first));
                assert!(data.len() <= limit);
                shown.extend(data.iter().map(|id| id.as_str().expect("a text").parse::<u128>().expect("a number")));
                pages += 1;
                assert!(pages < 500, "{limit} {looks} {split}: it does not come to its end");
                if !more {
                    break;
                }
                places = next;
            }
            let mut expected: Vec<u128> = all.iter().copied().filter(|id| id % 2 == 0).collect();
            if newest_first {
                expected.reverse();
            }
            assert_eq!(shown, expected, "{limit} {looks} {split} {newest_first}");
        }
    }
}
