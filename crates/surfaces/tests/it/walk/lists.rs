//! Lists: a walk page by page sees every row once, in the order of the whole list, and cursors belong to their list.

use floe_surfaces::http::Route;
use floe_surfaces::http::shape::Kind;
use floe_testkit::on_both;
use serde_json::Value;

use super::rows::{Row, Thing};
use super::walk;
use super::world::{World, code};
use crate::app::Answer;

/// Rows that a list is given before it is walked.
const ROWS: usize = 3;
/// Pages that a walk may take.
const PAGES_MAX: usize = 60;

struct List<'a> {
    world: &'a World,
    route: &'a Route,
    path: String,
}

impl List<'_> {
    async fn get(&self, query: &str) -> Answer {
        let (answer, unlike) =
            self.world.call(self.route, &self.world.home, &format!("{}?{query}", self.path), None).try_send().await;
        assert_eq!(unlike, None);
        answer
    }

    fn has(&self, name: &str) -> bool {
        self.route.doc.query.iter().any(|param| param.name == name)
    }

    /// The largest page.
    fn limit_max(&self) -> i64 {
        let limit = self.route.doc.query.iter().find(|param| param.name == "limit").map(|param| param.shape.kind);
        let Some(Kind::Int { max, .. }) = limit else { panic!("{:?}: limit has no bounds", self.route) };
        max
    }

    async fn by_cursor(&self, sort: &str) -> Result<(), String> {
        let total = if self.has("total") { "&total=true" } else { "" };
        let whole = self.get(&format!("limit={}{total}{sort}", self.limit_max())).await;
        let rows = rows_of(&whole)?;
        if whole.json["next_cursor"] != Value::Null || self.has("total") && whole.json["total"] != rows.len() {
            return Err(format!(
                "the whole list has a next page or a wrong total: {} of {}",
                whole.json["total"],
                rows.len()
            ));
        }
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        for _ in 0..PAGES_MAX {
            let page = self.get(&format!("limit=1{sort}{cursor}")).await;
            if page.json["total"] != Value::Null {
                return Err("a total that nobody asked for".to_owned());
            }
            seen.extend(rows_of(&page)?);
            let Some(next) = page.json["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        if seen != rows {
            return Err(format!("page by page it shows {seen:?} and as a whole {rows:?}"));
        }
        self.wrong_cursors(sort).await
    }

    async fn wrong_cursors(&self, sort: &str) -> Result<(), String> {
        let first = self.get(&format!("limit=1{sort}")).await;
        let mut queries = vec![format!("cursor=x{sort}"), format!("cursor={}{sort}", "0".repeat(52))];
        if let Some(cursor) = first.json["next_cursor"].as_str() {
            let filter = self.route.doc.query.iter().find_map(|param| match param.shape.kind {
                Kind::Words(words) if param.name != "sort" => Some(format!("{}={}", param.name, words[0])),
                _ => None,
            });
            queries.extend(filter.map(|filter| format!("cursor={cursor}{sort}&{filter}")));
            if sort.is_empty() && self.has_sort("created_at") {
                queries.push(format!("cursor={cursor}&sort=created_at"));
            }
        }
        for query in queries {
            let answer = self.get(&query).await;
            if (answer.status.as_u16(), code(&answer)) != (400, "invalid_cursor") {
                return Err(format!("?{query} was answered {} {}", answer.status, code(&answer)));
            }
        }
        Ok(())
    }

    async fn by_page(&self) -> Result<(), String> {
        let whole = self.get("per_page=100").await;
        let rows = rows_of(&whole)?;
        for (at, row) in rows.iter().enumerate() {
            let page = self.get(&format!("per_page=1&page={}", at + 1)).await;
            let told = &page.json["pagination"];
            let is_right = told["total_count"] == rows.len()
                && told["total_pages"] == rows.len()
                && told["has_next"] == (at + 1 < rows.len())
                && told["has_prev"] == (at > 0);
            if !is_right || rows_of(&page)? != [row.clone()] {
                return Err(format!("page {} shows {} and not {row}", at + 1, page.json));
            }
        }
        let beyond = self.get(&format!("per_page=1&page={}", rows.len() + 1)).await;
        if rows_of(&beyond)?.is_empty() { Ok(()) } else { Err("there are rows behind the last".to_owned()) }
    }

    fn has_sort(&self, word: &str) -> bool {
        let sort = self.route.doc.query.iter().find(|param| param.name == "sort").map(|param| param.shape.kind);
        matches!(sort, Some(Kind::Words(words)) if words.contains(&word))
    }

    async fn by_offset(&self) -> Result<(), String> {
        let whole = self.get(&format!("limit={}", self.limit_max())).await;
        let rows = rows_of(&whole)?;
        for (at, row) in rows.iter().enumerate() {
            let page = self.get(&format!("limit=1&offset={at}")).await;
            let more = at + 1 < rows.len();
            let told = (rows_of(&page)?, &page.json["offset"], &page.json["total"], &page.json["has_more"]);
            if told != (vec![row.clone()], &Value::from(at), &Value::from(rows.len()), &Value::from(more)) {
                return Err(format!("offset {at} shows {told:?} and not {row} of {}", rows.len()));
            }
        }
        let beyond = self.get(&format!("offset={}", rows.len())).await;
        if !rows_of(&beyond)?.is_empty() || beyond.json["total"] != rows.len() {
            return Err(format!("behind the last row there is {}", beyond.json));
        }
        Ok(())
    }

    async fn by_skipping(&self) -> Result<(), String> {
        let whole = self.get(&format!("limit={}", self.limit_max())).await;
        let rows = rows_of(&whole)?;
        for (at, row) in rows.iter().enumerate() {
            for query in [format!("limit=1&skip={at}"), format!("limit=1&page={}", at + 1)] {
                let page = self.get(&query).await;
                let told = (rows_of(&page)?, &page.json["skip"], &page.json["page"], &page.json["total"]);
                if told != (vec![row.clone()], &Value::from(at), &Value::from(at + 1), &Value::from(rows.len())) {
                    return Err(format!("?{query} shows {told:?} and not {row}"));
                }
            }
        }
        let beyond = self.get(&format!("skip={}", rows.len())).await;
        if !rows_of(&beyond)?.is_empty() {
            return Err("there are rows behind the last".to_owned());
        }
        match self.get("skip=0&page=1").await.status.as_u16() {
            400 => Ok(()),
            status => Err(format!("skip and page at once were answered {status}")),
        }
    }
}

/// What tells the rows of an answer apart.
fn rows_of(answer: &Answer) -> Result<Vec<Value>, String> {
    let data = answer.json["data"].as_array().ok_or_else(|| format!("{} {}", answer.status, answer.json))?;
    Ok(data.iter().map(|row| row.get("id").or(row.get("_id")).or(row.get("stepId")).unwrap_or(row).clone()).collect())
}

async fn see(world: &World, route: &Route, row: &Row) -> Result<(), String> {
    let mut thing = Value::Null;
    for _ in 0..ROWS {
        // Of a path without a parameter each thing is a row; else the thing holds the rows.
        if row.lists != Thing::None || thing.is_null() {
            let made = if row.lists == Thing::None { row.thing } else { row.lists };
            thing = world.make(&world.home, made).await;
            world.app.pass_seconds(1);
        }
    }
    let list = List { world, route, path: world.path(row, &thing) };
    let filled = rows_of(&list.get("").await)?;
    if filled.len() < 2 {
        return Err(format!(
            "a list of {} rows proves nothing: give its row in rows.rs something that fills it",
            filled.len()
        ));
    }
    if list.has("cursor") {
        list.by_cursor("").await?;
        if list.has_sort("created_at") {
            list.by_cursor("&sort=created_at").await?;
        }
    }
    if list.has("offset") {
        list.by_offset().await?;
    }
    if list.has("per_page") {
        list.by_page().await?;
    }
    if list.has("skip") {
        list.by_skipping().await?;
    }
    Ok(())
}

on_both! {
    async fn a_list_shows_each_row_once_whatever_the_page(store: TestStore) {
        let world = World::new(store).await;
        let mut problems = Vec::new();
        let is_list = |route: &Route| route.doc.query.iter().any(|param| matches!(param.name, "limit" | "per_page"));
        for (route, row) in walk().into_iter().filter(|(route, row)| is_list(route) && row.not_walked.is_empty()) {
            if let Err(problem) = see(&world, &route, &row).await {
                problems.push(format!("{route:?}: {problem}"));
            }
        }
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}
