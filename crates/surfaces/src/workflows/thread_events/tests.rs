use floe_agents::threads::Shown;
use floe_model::agents::message::Role;
use floe_model::id::ExchangeId;
use floe_runtime::models::Usage;

use super::*;

const CURRENT: Current = Current { exchange: ExchangeId(1), arrival: 1, answer: MessageId(2) };

fn end(text: &str) -> End {
    let shown = Shown {
        id: MessageId(2),
        role: Role::Assistant,
        text: text.to_owned(),
        calls: Vec::new(),
        rounds: 1,
        exchange: Some(ExchangeId(1)),
        created_at: Timestamp(0),
    };
    End::Completed(Box::new(shown), Usage::default())
}

/// Kind, number and data of what was sent.
fn read(sent: &[String]) -> Vec<(String, u64, Value)> {
    let one = |text: &String| {
        let line = |name: &str| {
            let start = format!("{name}: ");
            text.lines().find_map(|line| line.strip_prefix(start.as_str())).expect("a line").to_owned()
        };
        let number = line("id").rsplit_once('-').expect("a number").1.parse().expect("a number");
        (line("event"), number, serde_json::from_str(&line("data")).expect("JSON"))
    };
    sent.iter().map(one).collect()
}

/// Tokens since the last beginning, together.
fn text_of(read: &[(String, u64, Value)]) -> String {
    let from = read.iter().rposition(|(kind, ..)| kind == "message:started").map_or(0, |at| at + 1);
    let tokens = read[from..].iter().filter(|(kind, ..)| kind == "message:token");
    tokens.map(|(.., data)| data["token"].as_str().expect("a token")).collect()
}

fn tell(after: u64, told: &[Event], text: &str) -> Vec<(String, u64, Value)> {
    let mut all = Told::new(ThreadId(1), &CURRENT, after);
    let mut sent = all.started(Timestamp(0));
    sent.extend(told.iter().flat_map(|event| all.event(Timestamp(0), event)).collect::<Vec<_>>());
    sent.extend(all.end(Timestamp(0), &end(text)));
    read(&sent)
}

#[test]
fn tokens_are_the_text_whatever_was_told_before_the_end() {
    let token = |text: &str| Event::Token(text.to_owned());
    for (told, text) in [
        (vec![token("Hello "), token("world")], "Hello world"),
        (vec![token("Hello ")], "Hello big world"),
        (Vec::new(), "All at once"),
        (vec![token("Another "), token("thing")], "Something else"),
        (vec![token("Hel"), Event::Restart, token("Goodbye")], "Goodbye"),
        (vec![token("x")], ""),
    ] {
        let read = tell(0, &told, text);
        assert_eq!(text_of(&read), text, "{told:?}");
        let (kind, _, last) = read.last().expect("an end");
        assert_eq!((kind.as_str(), &last["content"]), ("message:completed", &json!(text)));
        let numbers: Vec<u64> = read.iter().map(|(_, number, _)| *number).collect();
        assert_eq!(numbers, (1..=read.len() as u64).collect::<Vec<_>>(), "{told:?}");
        let from = read.iter().rposition(|(kind, ..)| kind == "message:started").expect("a beginning");
        let sequence: Vec<&Value> = read[from..]
            .iter()
            .filter(|(kind, ..)| kind == "message:token")
            .map(|(.., data)| &data["sequence"])
            .collect();
        assert_eq!(sequence, (1..=sequence.len()).map(Value::from).collect::<Vec<_>>().iter().collect::<Vec<_>>());
    }
}

#[test]
fn a_reader_goes_on_where_he_was() {
    let told = [Event::Token("a ".to_owned()), Event::Token("b".to_owned())];
    let all = tell(0, &told, "a b c");
    for after in 0..all.len() {
        assert_eq!(tell(after as u64, &told, "a b c"), all[after..], "{after}");
    }
}
