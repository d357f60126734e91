//! Schedules and the entries that settle their times.

use floe_model::flows::{Overlap, ScheduleSource};
use floe_model::id::{FlowId, LogId, RunId, WorkspaceId};
use floe_model::{Fault, Timestamp};
use floe_store::Tx;
use floe_store::flows::flow_logs::{self, LogFilter, LogRow};
use floe_store::flows::schedules::{self, Firing, ScheduleRow};

use crate::on_both;

const WORKSPACE: WorkspaceId = WorkspaceId(1);
const FLOW: FlowId = FlowId(2);

fn at(seconds: i64) -> Timestamp {
    Timestamp(0).plus_seconds(seconds)
}

fn schedule(flow: FlowId) -> ScheduleRow {
    ScheduleRow {
        workspace: WORKSPACE,
        flow,
        active: true,
        cron: "0 * * * *".to_owned(),
        timezone: "Africa/Lagos".to_owned(),
        data: "{\"inputs\":{}}".to_owned(),
        overlap: Overlap::Allow,
        source: ScheduleSource::Trigger,
        paused_reason: Some("because".to_owned()),
        next_at: Some(at(100)),
        last_at: None,
        last_run: None,
        last_status: Some("failed".to_owned()),
        created_at: at(1),
        updated_at: at(2),
    }
}

fn entry(id: u128, seconds: i64) -> LogRow {
    LogRow {
        workspace: WORKSPACE,
        flow: FLOW,
        at: at(seconds),
        id: LogId(id),
        level: "warn".to_owned(),
        event: "schedule.skipped".to_owned(),
        message: "Nothing was started".to_owned(),
        run: Some(RunId(9)),
        version: Some(3),
        actor: "{}".to_owned(),
        data: "{}".to_owned(),
    }
}

on_both! {
    async fn a_schedule_is_kept_replaced_and_moved_on_from_its_time_once(store: TestStore) {
        let act = |tx: &mut Tx<'_>| -> Result<(), Fault> {
            schedules::put(tx, &schedule(FLOW))?;
            schedules::put(tx, &schedule(FlowId(3)))?;
            assert_eq!(schedules::find(tx, WORKSPACE, FLOW)?, Some(schedule(FLOW)));
            assert_eq!(schedules::find(tx, WorkspaceId(7), FLOW)?, None);
            let some = schedules::of_flows(tx, WORKSPACE, &[FlowId(3), FlowId(4)])?;
            assert_eq!(some, [schedule(FlowId(3))]);
            let firing = Firing {
                workspace: WORKSPACE, flow: FLOW, due: at(100), next: Some(at(200)), at: at(101), run: Some(RunId(9)), status: None,
            };
            assert!(schedules::fired(tx, &firing)?);
            assert!(!schedules::fired(tx, &firing)?, "it waits for another time");
            assert!(!schedules::passed(tx, WORKSPACE, FLOW, at(100), None)?);
            let moved = schedules::find(tx, WORKSPACE, FLOW)?.expect("a schedule");
            assert_eq!((moved.next_at, moved.last_at, moved.last_run, moved.last_status), (Some(at(200)), Some(at(101)), Some(RunId(9)), None));
            assert!(schedules::passed(tx, WORKSPACE, FLOW, at(200), Some(at(300)))?);
            schedules::put(tx, &ScheduleRow { active: false, ..schedule(FLOW) })?;
            assert!(!schedules::passed(tx, WORKSPACE, FLOW, at(100), None)?, "it is cancelled");
            Ok(())
        };
        store.write(act).await.expect("schedules work");
    }

    async fn a_time_is_settled_by_one_entry_and_old_entries_go(store: TestStore) {
        let act = |tx: &mut Tx<'_>| -> Result<(), Fault> {
            assert!(flow_logs::insert(tx, &entry(1, 10), Some(at(5)))?);
            assert!(!flow_logs::insert(tx, &entry(2, 11), Some(at(5)))?, "the time is settled");
            assert!(flow_logs::insert(tx, &entry(3, 12), Some(at(6)))?);
            assert!(flow_logs::insert(tx, &entry(4, 13), None)? && flow_logs::insert(tx, &entry(5, 13), None)?);
            let ids = |rows: Vec<LogRow>| rows.into_iter().map(|row| row.id.0).collect::<Vec<_>>();
            let all = LogFilter::default();
            assert_eq!(flow_logs::list(tx, WORKSPACE, FLOW, &all, false, 1, 0)?, [entry(1, 10)]);
            assert_eq!(ids(flow_logs::list(tx, WORKSPACE, FLOW, &all, true, 2, 1)?), [4, 3]);
            let check = |tx: &mut Tx<'_>, filter: LogFilter, count: u64| -> Result<(), Fault> {
                assert_eq!(flow_logs::count(tx, WORKSPACE, FLOW, &filter)?, count, "{filter:?}");
                Ok(())
            };
            check(tx, all.clone(), 4)?;
            check(tx, LogFilter { levels: Some(",error,".to_owned()), ..all.clone() }, 0)?;
            check(tx, LogFilter { events: Some(",x,schedule.skipped,".to_owned()), ..all.clone() }, 4)?;
            check(tx, LogFilter { run: Some(RunId(8)), ..all.clone() }, 0)?;
            check(tx, LogFilter { from: Some(at(12)), to: Some(at(13)), ..all.clone() }, 1)?;
            assert_eq!(flow_logs::count(tx, WORKSPACE, FlowId(3), &all)?, 0);
            assert_eq!(flow_logs::prune(tx, WORKSPACE, FLOW, at(12))?, 1);
            check(tx, all, 3)
        };
        store.write(act).await.expect("logs work");
    }
}
