use super::*;
use crate::Timestamp;

#[test]
fn endpoints_get_what_they_picked() {
    let cases = [
        (Style::Treasury, &["payout.failed"][..], "treasury.payout.failed", true),
        (Style::Treasury, &["payout.failed"], "treasury.payout.succeeded", false),
        (Style::Treasury, &["run.failed"], "flows.run.failed", false),
        (Style::Treasury, &["run.failed"], "treasury.webhook.test", true),
        (Style::Standard, &["*"], "flows.run.failed", true),
        (Style::Standard, &["flows.*"], "flows.run.failed", true),
        (Style::Standard, &["flow.*"], "flows.run.failed", false),
        (Style::Standard, &["treasury.*"], "flows.run.failed", false),
        (Style::Standard, &["platform.key.created", "flows.run.failed"], "flows.run.failed", true),
        (Style::Standard, &[], "flows.run.failed", false),
        (Style::Standard, &["workflows.*"], "workflows.execution.failed", true),
        (Style::Workflow, &["execution.failed"], "workflows.execution.failed", true),
        (Style::Workflow, &["execution.failed"], "workflows.execution.started", false),
        (Style::Workflow, &["execution.failed"], "workflows.agent.execution.failed", false),
        (Style::Workflow, &["test"], "workflows.test", true),
    ];
    for (style, picked, kind, expected) in cases {
        assert_eq!(wants(style, picked.iter().copied(), kind), expected, "{style:?} {picked:?} {kind}");
    }
}

#[test]
fn only_events_that_exist_can_be_picked() {
    for name in TREASURY_EVENTS {
        assert!(is_known(Style::Treasury, name));
        assert!(is_known(Style::Standard, &format!("treasury.{name}")), "{name} is in the list of all events");
    }
    for name in WORKFLOW_EVENTS {
        assert!(is_known(Style::Workflow, name) && is_known(Style::Standard, &format!("workflows.{name}")));
    }
    assert!(!is_known(Style::Workflow, "*") && !is_known(Style::Workflow, WORKFLOW_TEST));
    assert!(!is_known(Style::Treasury, "*") && !is_known(Style::Treasury, "flows.run.failed"));
    assert!(is_known(Style::Standard, "*") && is_known(Style::Standard, "platform.*"));
    assert!(!is_known(Style::Callback, "*") && Style::parse("callback").is_none(), "no endpoint has that style");
    assert!(
        !is_known(Style::Standard, "plat.*")
            && !is_known(Style::Standard, ".*")
            && !is_known(Style::Standard, "run.failed")
    );
}

fn failed(attempt: u32, status_code: Option<u16>, chance: u16) -> Failed {
    Failed { attempt, status_code, retry_after_s: None, attempts_max: WORKFLOW_ATTEMPTS, chance }
}

#[test]
fn pauses_are_those_of_the_contract_give_or_take() {
    let treasury = [10, 60, 300, 1_800];
    for (attempt, seconds) in (1..).zip(treasury) {
        let at = |chance| after_failure(Style::Treasury, failed(attempt, Some(500), chance));
        assert_eq!(at(0), Next::Again(seconds * 800));
        assert_eq!(at(u16::MAX), Next::Again(seconds * 1_200));
        assert!(matches!(at(u16::MAX / 2), Next::Again(ms) if (ms - seconds * 1_000).abs() <= seconds));
    }
    assert_eq!(after_failure(Style::Treasury, failed(5, None, 0)), Next::Over, "five attempts in all");
    assert_eq!(after_failure(Style::Treasury, failed(1, Some(410), 0)), Next::Again(8_000));
    assert_eq!(after_failure(Style::Standard, failed(1, Some(410), 0)), Next::Over);
    assert!(matches!(after_failure(Style::Standard, failed(9, None, 0)), Next::Again(_)));
    assert_eq!(after_failure(Style::Standard, failed(10, None, 0)), Next::Over, "ten attempts in all");
    for (attempt, seconds) in (1..).zip([5, 30, 120, 600, 3_600]) {
        let at = |chance| after_failure(Style::Callback, failed(attempt, Some(500), chance));
        assert_eq!((at(0), at(u16::MAX)), (Next::Again(seconds * 800), Next::Again(seconds * 1_200)));
    }
    assert_eq!(after_failure(Style::Callback, failed(6, None, 0)), Next::Over, "six attempts in all");
    assert_eq!(after_failure(Style::Callback, failed(1, Some(410), 0)), Next::Over);
}

#[test]
fn style_workflow_tries_again_only_what_may_pass() {
    let after = |failed| after_failure(Style::Workflow, failed);
    for (attempt, seconds) in [(1, 120), (2, 240)] {
        let at = |chance| after(failed(attempt, Some(503), chance));
        assert_eq!((at(0), at(u16::MAX)), (Next::Again(seconds * 900), Next::Again(seconds * 1_100)));
    }
    assert_eq!(after(failed(3, Some(503), 0)), Next::Over, "three attempts in all");
    for code in [None, Some(408), Some(425), Some(429), Some(500), Some(599)] {
        assert!(matches!(after(failed(1, code, 0)), Next::Again(_)), "{code:?}");
    }
    for code in [301, 302, 307, 400, 401, 404, 410, 422, 600] {
        assert_eq!(after(failed(1, Some(code), 0)), Next::Over, "{code}");
    }
    let ten = |attempt| after(Failed { attempts_max: 10, ..failed(attempt, None, 0) });
    assert_eq!((ten(9), ten(10)), (Next::Again((120 << 8) * 900), Next::Over));
    let wished = |wish| after(Failed { retry_after_s: Some(wish), ..failed(1, Some(429), 0) });
    assert_eq!(wished(3_600), Next::Again(3_600_000), "later than the pause, within an hour");
    assert_eq!(
        (wished(3_601), wished(5), wished(-9)),
        (Next::Again(108_000), Next::Again(108_000), Next::Again(108_000))
    );
}

#[test]
fn five_failed_first_attempts_in_a_row_switch_an_endpoint_off() {
    let mut counter = Counter { failures: 0, failing_since: None };
    let at = |success, is_first| Counted { success, is_first, at: Timestamp(1) };
    for (attempt, failures, off) in [
        (at(false, true), 1, false),
        (at(false, false), 1, false),
        (at(false, true), 2, false),
        (at(true, false), 0, false),
        (at(false, true), 1, false),
        (at(false, true), 2, false),
        (at(false, true), 3, false),
        (at(false, true), 4, false),
        (at(false, false), 4, false),
        (at(false, true), 5, true),
    ] {
        let (after, is_off) = count(Style::Treasury, counter, attempt);
        assert_eq!((after.failures, is_off), (failures, off), "{attempt:?}");
        counter = after;
    }
}

#[test]
fn five_days_of_failures_switch_a_standard_endpoint_off() {
    let start = Timestamp(0);
    let failed = |at| Counted { success: false, is_first: true, at };
    let (counter, off) = count(Style::Standard, Counter { failures: 90, failing_since: None }, failed(start));
    assert!(!off && counter.failing_since == Some(start));
    let day = |days: i64| start.plus_seconds(days * 86_400);
    assert!(!count(Style::Standard, counter, failed(day(4))).1);
    assert!(count(Style::Standard, counter, failed(day(5))).1);
    let (cleared, _) = count(Style::Standard, counter, Counted { success: true, is_first: false, at: day(4) });
    assert_eq!(cleared.failing_since, None);
}
