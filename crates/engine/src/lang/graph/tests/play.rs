//! A run of a plan against a world made by chance, to its end.

use std::sync::Arc;

use floe_model::Timestamp;
use floe_model::id::RunId;
use serde_json::{Map, Value, json};

use super::generate::Chance;
use crate::drive::drive;
use crate::event::{Answer, Beginning, Event, Happening, QuestionKind, StepError};
use crate::interpret::Moment;
use crate::machine::{Alarm, Command, Machine, Outcome};
use crate::plan::Plan;

/// Turns after which a run that has not come to its end never will.
const TURNS_MAX: usize = 200_000;

/// What a run came to.
pub(super) struct Played {
    pub(super) outcome: Outcome,
    pub(super) events: Vec<Event>,
    pub(super) plan: Arc<Plan>,
}

struct Game<'c> {
    machine: Machine,
    chance: &'c mut Chance,
    now: Timestamp,
    ids: u128,
    todo: Vec<Command>,
    alarms: Vec<(Timestamp, Alarm)>,
    events: Vec<Event>,
}

/// Plays a run of a plan by one of its entries.
pub(super) fn play(plan: Plan, chance: &mut Chance) -> Played {
    let entry = chance.below(plan.entries.len());
    let plan = Arc::new(plan);
    let machine = Machine::new(Arc::clone(&plan));
    let mut game = Game {
        machine,
        chance,
        now: Timestamp(1_767_225_600_000_000),
        ids: 0,
        todo: Vec::new(),
        alarms: Vec::new(),
        events: Vec::new(),
    };
    game.tell(Some(Happening::Began(Box::new(Beginning {
        run: RunId(7),
        entry,
        inputs: Map::from_iter([("list".to_owned(), json!([1, 2, 3])), ("text".to_owned(), json!("hello"))]),
        trigger_data: Value::Null,
        user: Value::Null,
        flow: json!({ "_id": "wf_x", "name": "Test", "version": 1 }),
        depth: 0,
        reuse: None,
        trigger: json!({ "body": { "number": 5 } }),
    }))));
    for _ in 0..TURNS_MAX {
        if let Some(outcome) = game.machine.outcome() {
            return Played { outcome: outcome.clone(), events: game.events, plan };
        }
        game.turn();
    }
    panic!("the run does not end: {:?}", plan);
}

impl Game<'_> {
    fn tell(&mut self, what: Option<Happening>) {
        let ids = &mut self.ids;
        let mut fresh = || {
            *ids += 1;
            *ids
        };
        let mut moment = Moment { now: self.now, fresh: &mut fresh, active_ms_max: i64::MAX };
        let driven = drive(&mut self.machine, what, &mut moment);
        self.events.extend(driven.events);
        self.todo.extend(driven.commands);
    }

    /// Carries one command out, in any order; without one answers a question or lets time pass.
    fn turn(&mut self) {
        if !self.todo.is_empty() {
            let at = self.chance.below(self.todo.len());
            let command = self.todo.swap_remove(at);
            return self.carry_out(command);
        }
        let review = self.machine.questions().find(|question| {
            matches!(question.kind, QuestionKind::Answer(_))
                && (self.alarms.is_empty() || question.body.contains_key("prompt"))
        });
        if let Some(question) = review {
            let wait = question.wait;
            let answer = Answer::Response(json!({ "approved": true }));
            return self.tell(Some(Happening::Answered { wait, answer, by: None }));
        }
        let next = (0..self.alarms.len()).min_by_key(|&at| self.alarms[at].0.0);
        let Some(next) = next else { panic!("nothing moves the run: {:?}", self.machine) };
        let (at, alarm) = self.alarms.swap_remove(next);
        self.now = self.now.max(at);
        self.tell(Some(match alarm {
            Alarm::Retry(place) => Happening::Retried { place },
            Alarm::Wait(wait) => Happening::Expired { wait },
            Alarm::Look(place) => Happening::Looked { place },
        }));
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Evaluate(_) => unreachable!("a drive evaluates by itself"),
            Command::Perform { place, attempt, .. } => {
                if self.chance.one_in(8) {
                    let retryable = self.chance.one_in(2);
                    let error = StepError { retryable, ..StepError::new("NETWORK", "by chance") };
                    return self.tell(Some(Happening::Failed { place, attempt, error, logs: Vec::new() }));
                }
                let number = self.chance.below(100);
                let route = *self.chance.pick(&["a", "b", "z"]);
                let result = json!({ "output": number, "text": format!("said {number}"), "selectedRoute": route, "data": [1, 2], "rows": [] });
                let port = self.machine.plan().node(place.node).port_after(&result);
                let result = Arc::new(result);
                self.tell(Some(Happening::Done { place, attempt, result, port, logs: Vec::new(), changes: None }));
            }
            Command::Wake { at, alarm } => self.alarms.push((at, alarm)),
            Command::Call { place, .. } => {
                let error = StepError::new("NOT_FOUND", "There is no such workflow");
                self.tell(Some(Happening::Failed { place, attempt: 1, error, logs: Vec::new() }));
            }
            Command::Script { place, scripts } => {
                let answers = scripts.iter().map(|_| Ok(json!(self.chance.below(9)))).collect();
                self.machine.scripted(place, answers);
                self.tell(None);
            }
            Command::Equip { .. } => self.tell(Some(Happening::Equipped { env: Map::new(), secrets: Vec::new() })),
            Command::Abandon(_) | Command::CancelChild(_) | Command::GiveUpCall { .. } => {}
        }
    }
}
