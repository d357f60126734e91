//! Several at once: nothing is published twice, nobody's draft is overwritten unseen, no key is given to two placements.

use floe_testkit::on_both;
use serde_json::json;

use super::{Desk, screen};

on_both! {
    async fn of_many_at_once_one_gets_its_way(store: TestStore) {
        let desk = Desk::new(store).await;
        let flow = desk.flow("Welcome").await;
        let publish = format!("{flow}/publish");
        let ask = || desk.post(&publish, json!({}));
        let answers = tokio::join!(ask(), ask(), ask(), ask());
        let answers = [answers.0, answers.1, answers.2, answers.3];
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!((made, answers.iter().filter(|answer| answer.status == 200).count()), (1, 3), "{answers:?}");
        assert!(answers.iter().all(|answer| answer.json["id"] == answers[0].json["id"]), "{answers:?}");
        assert_eq!(desk.get(&format!("{flow}/versions")).await["total"], 1);

        let (draft, seen) = (format!("{flow}/draft"), [("if-match", "\"1\"")]);
        let bodies = ["One", "Two", "Three", "Four"].map(screen);
        let [one, two, three, four] = &bodies;
        let put = |body| desk.call_with("PUT", &draft, Some(body), &seen);
        let answers = tokio::join!(put(one), put(two), put(three), put(four));
        let answers = [answers.0, answers.1, answers.2, answers.3];
        let kept = answers.iter().position(|answer| answer.status == 200).expect("one of them");
        assert_eq!(answers.iter().filter(|answer| answer.status == 412).count(), 3, "{answers:?}");
        assert_eq!(desk.get(&draft).await, bodies[kept]);

        let new = || desk.post("placements", json!({ "key": "onboarding", "platforms": ["ios"] }));
        let answers = tokio::join!(new(), new(), new());
        let mut statuses = [answers.0.status.as_u16(), answers.1.status.as_u16(), answers.2.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409]);
    }
}
