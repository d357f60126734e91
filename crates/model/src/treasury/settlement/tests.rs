use super::{Answered, Asked, Next, Schedule, trips_breaker};
use crate::Timestamp;

const MINUTE: i64 = 60;

fn at(seconds: i64) -> Timestamp {
    Timestamp(0).plus_seconds(seconds)
}

#[test]
fn questions_follow_the_schedule_of_the_contract_until_people_are_asked() {
    let schedule = Schedule::default();
    assert_eq!(schedule.after_send(Answered::Unknown, at(0)), Next::Ask(at(30)));
    let (mut now, mut asked_at) = (at(30), Vec::new());
    let mut asked = Asked { sent_at: at(0), questions: 0, not_found_at: None };
    let end = loop {
        match schedule.after_question(Answered::Unknown, asked, now) {
            Next::Ask(next) => {
                asked_at.push(next.seconds() - now.seconds());
                (now, asked.questions) = (next, asked.questions + 1);
            }
            end => break end,
        }
    };
    assert_eq!(asked_at[..6], [MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, 60 * MINUTE]);
    assert_eq!(end, Next::FollowUp);
    assert!((24 * 3_600..25 * 3_600).contains(&now.seconds()), "after a day: {now}");
}

#[test]
fn what_the_rail_does_not_know_fails_after_two_answers_that_are_far_enough_apart() {
    let schedule = Schedule::default();
    let first = Asked { sent_at: at(0), questions: 0, not_found_at: None };
    assert_eq!(schedule.after_send(Answered::NotFound, at(0)), Next::Ask(at(30)));
    assert!(matches!(schedule.after_question(Answered::NotFound, first, at(30)), Next::Ask(_)));
    let early = Asked { questions: 3, not_found_at: Some(at(30)), ..first };
    assert!(matches!(schedule.after_question(Answered::NotFound, early, at(30 * MINUTE)), Next::Ask(_)));
    assert_eq!(schedule.after_question(Answered::NotFound, early, at(30 + 30 * MINUTE)), Next::Fail("not_arrived"));
}

#[test]
fn final_answers_are_final_and_nothing_else_is() {
    let schedule = Schedule::at_once();
    let asked = Asked { sent_at: at(0), questions: 0, not_found_at: None };
    for (answer, sent, question) in [
        (Answered::Success, Next::Succeed, Next::Succeed),
        (Answered::Refused, Next::Fail("refused"), Next::Fail("refused")),
        (Answered::Returned, Next::Reverse, Next::Reverse),
        (Answered::Unknown, Next::Ask(at(0)), Next::Ask(at(0))),
        (Answered::NotFound, Next::Ask(at(0)), Next::Ask(at(0))),
    ] {
        assert_eq!(schedule.after_send(answer, at(0)), sent);
        assert_eq!(schedule.after_question(answer, asked, at(0)), question);
    }
    let last = Asked { questions: 5, ..asked };
    assert_eq!(schedule.after_question(Answered::Unknown, last, at(0)), Next::FollowUp);
}

#[test]
fn a_missing_check_is_tried_for_an_hour_and_three_times_at_least() {
    let schedule = Schedule::default();
    assert_eq!(schedule.after_missing_check(at(0), 0, at(10)), Some(at(10 + MINUTE)));
    assert_eq!(schedule.after_missing_check(at(0), 30, at(59 * MINUTE)), Some(at(60 * MINUTE)));
    assert_eq!(schedule.after_missing_check(at(0), 60, at(60 * MINUTE)), None);
    assert_eq!(schedule.after_missing_check(at(0), 1, at(120 * MINUTE)), Some(at(121 * MINUTE)));
}

#[test]
fn the_breaker_needs_five_checks_of_which_more_than_half_failed() {
    for (done, failed, trips) in
        [(4, 4, false), (5, 2, false), (5, 3, true), (6, 3, false), (6, 4, true), (0, 0, false)]
    {
        assert_eq!(trips_breaker(done, failed), trips, "{failed} of {done}");
    }
}
