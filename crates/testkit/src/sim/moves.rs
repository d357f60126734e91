//! The moves of a story: first with trouble, then without until everything has come to its end.

use floe_engine::event::{Answer, Happening, QuestionKind};
use floe_engine::machine::Alarm;
use floe_engine::plan::WaitKind;
use floe_model::Timestamp;
use floe_model::id::{RunId, WaitId};
use serde_json::json;

use super::disk::{Job, Shown};
use super::memory::Live;
use super::world;
use super::{Broken, MOVES_MAX, REST_MOVES_MAX, Sim};

impl Sim<'_> {
    pub(super) fn tell_story(&mut self) -> Result<(), Broken> {
        let mut starts_left = self.chance.between(1, 3);
        for _ in 0..MOVES_MAX {
            self.trouble(&mut starts_left)?;
            if starts_left == 0 && self.is_at_rest() {
                break;
            }
        }
        self.tell(|| "no more trouble".to_owned());
        self.calm_down()?;
        self.check_end()
    }

    /// One move of the troubled part.
    fn trouble(&mut self, starts_left: &mut usize) -> Result<(), Broken> {
        let weights = [8, 28, 22, 32, 8, 16, 16, 24, 1, 14, 14, 1, 4, 6, 5, 8, 12];
        match self.chance.weighted(&weights) {
            0 if *starts_left > 0 => {
                *starts_left -= 1;
                let flow = if self.chance.one_in(4) { self.chance.below(self.plans.len()) } else { 0 };
                self.start(flow)
            }
            1 => self.begin_write(),
            2 => {
                let succeeds = !self.chance.one_in(20);
                self.end_flush(succeeds)
            }
            3 => self.task(),
            4 => self.ghost(),
            5 => self.alarm(),
            6 if !self.memory.calls.is_empty() => {
                let at = self.chance.below(self.memory.calls.len());
                self.call(at)
            }
            7 => self.any_job(),
            8 => self.cancel_any(),
            9 => self.answer_any(),
            10 => {
                self.pass_time();
                Ok(())
            }
            11 => self.crash(),
            12 => {
                self.evict();
                Ok(())
            }
            13 => self.admit_any(),
            14 => self.rerun_any(),
            15 if !self.memory.scripts.is_empty() => {
                let at = self.chance.below(self.memory.scripts.len());
                self.script(at)
            }
            15 if !self.memory.equips.is_empty() => self.equip(0),
            16 if self.chance.one_in(2) => self.begin_payment().map(drop),
            16 => {
                self.end_payment();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// No more trouble: writes succeed, effects end, alarms ring, and questions are answered or expire.
    fn calm_down(&mut self) -> Result<(), Broken> {
        for _ in 0..REST_MOVES_MAX {
            if self.memory.flush.is_some() {
                self.end_flush(true)?;
            } else if self.memory.runs.values().any(Live::is_dirty) {
                self.start_flush();
            } else if !self.memory.tasks.is_empty() {
                self.task()?;
            } else if !self.memory.calls.is_empty() {
                self.call(0)?;
            } else if self.chance.one_in(2) && self.begin_payment()? {
            } else if !self.memory.scripts.is_empty() {
                self.script(0)?;
            } else if !self.memory.equips.is_empty() {
                self.equip(0)?;
            } else if let Some(job) = self.next_job() {
                self.job(job)?;
            } else if let Some(run) = self.queued_run() {
                self.admit(run)?;
            } else if self.begin_payment()? || self.end_payment() || self.chance.one_in(2) && self.answer_open()? {
            } else if !self.pass_to_next()? {
                return Ok(());
            }
        }
        Err(self.broken("a run never comes to its end"))
    }

    fn begin_write(&mut self) -> Result<(), Broken> {
        if self.memory.flush.is_none() && self.memory.runs.values().any(Live::is_dirty) {
            self.start_flush();
        }
        Ok(())
    }

    /// An effect begins or ends.
    fn task(&mut self) -> Result<(), Broken> {
        if self.memory.tasks.is_empty() {
            return Ok(());
        }
        let at = self.chance.below(self.memory.tasks.len());
        if !self.memory.tasks[at].begun {
            let task = self.memory.tasks[at].clone();
            // Between command and beginning an earlier call of the same effect may have been heard after all.
            let is_wanted = |live: &Live| live.machine.wants(task.place, task.attempt);
            if !self.memory.runs.get(&task.run).is_some_and(is_wanted) {
                self.memory.tasks.swap_remove(at);
                return Ok(());
            }
            self.memory.tasks[at].begun = true;
            self.tell(|| format!("begin {} attempt {}", task.key, task.attempt));
            if task.touches_world {
                let again = self.world.begin(&task, &self.disk).map_err(|why| self.broken(why))?;
                self.coverage.met("world begun");
                if again && task.attempt == 1 {
                    self.coverage.met("world begun again after a crash");
                }
            }
            return Ok(());
        }
        let task = self.memory.tasks.swap_remove(at);
        let what = world::outcome(&task, &mut self.chance);
        self.tell(|| format!("end {} attempt {}: {what:?}", task.key, task.attempt));
        if self.chance.one_in(6) {
            let again = if self.chance.one_in(2) { what.clone() } else { world::outcome(&task, &mut self.chance) };
            self.memory.ghosts.push((task.run, again));
        }
        self.result(task.run, what)
    }

    /// A result that comes again, or too late.
    fn ghost(&mut self) -> Result<(), Broken> {
        if self.memory.ghosts.is_empty() {
            return Ok(());
        }
        let at = self.chance.below(self.memory.ghosts.len());
        let (run, what) = self.memory.ghosts.swap_remove(at);
        self.coverage.met("world repeated result");
        self.result(run, what)
    }

    fn result(&mut self, run: RunId, what: Happening) -> Result<(), Broken> {
        match self.memory.runs.get(&run) {
            // As in the server: the result for a run that is not in memory was given up.
            None => {
                self.coverage.met("world late result");
                Ok(())
            }
            Some(live) => {
                if !live.machine.accepts(&what) {
                    self.coverage.met("world late result");
                }
                self.happen(run, Some(what))
            }
        }
    }

    /// An alarm rings, now and then twice.
    fn alarm(&mut self) -> Result<(), Broken> {
        let due: Vec<usize> =
            (0..self.memory.alarms.len()).filter(|at| self.memory.alarms[*at].0 <= self.now).collect();
        if due.is_empty() {
            return Ok(());
        }
        let at = *self.chance.pick(&due);
        let (_, run, alarm) = self.memory.alarms[at];
        if !self.chance.one_in(8) {
            self.memory.alarms.swap_remove(at);
        }
        self.ring(run, alarm)
    }

    fn ring(&mut self, run: RunId, alarm: Alarm) -> Result<(), Broken> {
        if !self.memory.runs.contains_key(&run) {
            return Ok(());
        }
        self.tell(|| format!("alarm {alarm:?} of {run}"));
        let what = match alarm {
            Alarm::Retry(place) => Happening::Retried { place },
            Alarm::Look(place) => Happening::Looked { place },
            Alarm::Wait(wait) => Happening::Expired { wait },
        };
        self.happen(run, Some(what))
    }

    fn any_job(&mut self) -> Result<(), Broken> {
        let jobs = self.due_jobs();
        if jobs.is_empty() {
            return Ok(());
        }
        let job = *self.chance.pick(&jobs);
        self.job(job)
    }

    fn next_job(&self) -> Option<Job> {
        self.due_jobs().first().copied()
    }

    /// Jobs whose time has come and that nobody is at.
    fn due_jobs(&self) -> Vec<Job> {
        let is_due = |job: &&Job| !matches!(job, Job::WaitDue { due, .. } if *due > self.now.micros());
        self.disk.jobs.iter().filter(is_due).filter(|job| !self.memory.jobs.contains(job)).copied().collect()
    }

    fn cancel_any(&mut self) -> Result<(), Broken> {
        let runs: Vec<RunId> = self.disk.runs.keys().chain(self.memory.runs.keys()).copied().collect();
        if runs.is_empty() {
            return Ok(());
        }
        let run = *self.chance.pick(&runs);
        self.cancel(run)
    }

    /// Somebody answers one of the questions that were ever shown, more often a new one.
    fn answer_any(&mut self) -> Result<(), Broken> {
        let asked = self.disk.asked.len();
        if asked == 0 {
            return Ok(());
        }
        let back = if self.chance.one_in(2) { 1 } else { self.chance.between(1, asked) };
        let (run, wait) = self.disk.asked[asked - back];
        self.load(run);
        let kinds = [WaitKind::UserApproval, WaitKind::ClientTool, WaitKind::ShowForm, WaitKind::Review];
        let kind = self.kind_of(run, wait).filter(|_| !self.chance.one_in(10));
        let kind = kind.unwrap_or_else(|| *self.chance.pick(&kinds));
        let answer = self.some_answer(kind);
        self.answer(run, wait, answer)
    }

    fn kind_of(&mut self, run: RunId, wait: WaitId) -> Option<WaitKind> {
        match self.memory.runs.get(&run)?.machine.question(wait)?.kind {
            QuestionKind::Answer(kind) => Some(kind),
            QuestionKind::Delay { .. } | QuestionKind::Poll => None,
        }
    }

    fn some_answer(&mut self, kind: WaitKind) -> Answer {
        match kind {
            WaitKind::UserApproval => {
                let comment = self.chance.one_in(3).then(|| "why not".to_owned());
                Answer::Decision { approve: self.chance.one_in(2), comment }
            }
            WaitKind::ClientTool if self.chance.one_in(4) => Answer::ToolResult { outcome: Err("no".to_owned()) },
            WaitKind::ClientTool => Answer::ToolResult { outcome: Ok(json!({ "n": self.chance.below(5) })) },
            WaitKind::ShowForm => Answer::FormData(json!({ "a": self.chance.below(5) })),
            WaitKind::Review | WaitKind::Hook => Answer::Response(json!(self.chance.below(5))),
        }
    }

    /// Answers one open question; says whether there was one.
    fn answer_open(&mut self) -> Result<bool, Broken> {
        for index in 0..self.disk.asked.len() {
            let (run, wait) = self.disk.asked[index];
            if self.disk.runs.get(&run).is_none_or(|row| row.shown == Shown::Over || row.answers.contains_key(&wait)) {
                continue;
            }
            self.load(run);
            if let Some(kind) = self.kind_of(run, wait) {
                let answer = self.some_answer(kind);
                self.answer(run, wait, answer)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn admit_any(&mut self) -> Result<(), Broken> {
        match self.queued_run() {
            Some(run) => self.admit(run),
            None => Ok(()),
        }
    }

    fn queued_run(&self) -> Option<RunId> {
        let in_memory =
            self.memory.runs.iter().find(|(_, live)| live.queued && live.shown.is_some()).map(|(run, _)| *run);
        let on_disk = |run: &RunId| self.disk.runs[run].shown == Shown::Queued && !self.memory.runs.contains_key(run);
        in_memory.or_else(|| self.disk.runs.keys().copied().find(on_disk))
    }

    /// The clock goes on a little, far, to what is next, or back.
    fn pass_time(&mut self) {
        let seconds = match self.chance.below(12) {
            0 => {
                self.coverage.met("fault clock goes back");
                -(self.chance.between(1, 100) as i64)
            }
            1 if self.chance.one_in(4) => 1_300,
            2 if self.chance.one_in(3) => 700_000,
            1..8 => return self.now = self.next_due().map_or(self.now, |due| due.max(self.now)),
            _ => self.chance.between(0, 10) as i64,
        };
        self.now = self.now.plus_seconds(seconds);
        self.tell(|| format!("{seconds} s pass"));
    }

    fn next_due(&self) -> Option<Timestamp> {
        let alarms = self.memory.alarms.iter().map(|(at, ..)| *at);
        let jobs = self.disk.jobs.iter().filter_map(|job| match job {
            Job::WaitDue { due, .. } => Some(Timestamp(*due)),
            _ => None,
        });
        alarms.chain(jobs).min()
    }

    /// Goes to the next alarm and lets it ring, or to the next job; says whether there was one.
    fn pass_to_next(&mut self) -> Result<bool, Broken> {
        let Some(due) = self.next_due() else { return Ok(false) };
        self.now = self.now.max(due);
        let now = self.now;
        if let Some(at) = self.memory.alarms.iter().position(|(at, ..)| *at <= now) {
            let (_, run, alarm) = self.memory.alarms.swap_remove(at);
            self.ring(run, alarm)?;
        }
        Ok(true)
    }

    fn is_at_rest(&self) -> bool {
        let over = self.disk.runs.values().all(|row| row.shown == Shown::Over);
        over && self.disk.jobs.is_empty()
            && self.memory.flush.is_none()
            && self.memory.runs.values().all(|live| !live.is_dirty())
    }
}
