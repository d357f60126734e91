use std::fs;
use std::sync::Arc;

use floe_model::id::PaymentRunId;
use floe_model::treasury::{Answered, Kobo};
use floe_runtime::{Clock as _, SystemClock};
use floe_testkit::store::TestFolder;

use super::record::left;
use super::{FileRail, Look, Payment, Rail, Sent};

fn payment(reference: &str, name: &str) -> Payment {
    Payment {
        reference: reference.to_owned(),
        run: PaymentRunId(1),
        beneficiary_name: name.to_owned(),
        account_number: "0000014579".to_owned(),
        institution_code: "011".to_owned(),
        narration: Some("June, salary".to_owned()),
        amount: Kobo(35_000_000),
        leave_before: SystemClock.now().plus_seconds(3_600),
    }
}

fn sent(reference: &str, code: Option<&str>) -> Sent {
    Sent { reference: reference.to_owned(), code: code.map(str::to_owned) }
}

async fn ask(rail: &FileRail, asked: &[Sent]) -> Vec<Answered> {
    rail.ask(asked).await.into_iter().map(|answer| answer.answered).collect()
}

#[tokio::test]
async fn payments_go_out_in_whole_files_and_results_come_in() {
    let folder = TestFolder::create();
    let rail = FileRail::new(folder.path().to_owned(), Arc::new(SystemClock));
    let answers = rail.send(&[payment("1", "Ada"), payment("2", "=cmd"), payment("3", "Obi")]).await;
    assert!(answers.iter().all(|answer| answer.answered == Answered::Unknown), "the bank decides later");
    assert!(answers.iter().all(|answer| answer.code.as_deref() == Some("09")), "they are on their way");
    let written: Vec<_> = fs::read_dir(folder.path().join("out")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(written, [folder.path().join("out/1.csv")]);
    assert_eq!(
        fs::read_to_string(&written[0]).unwrap(),
        "reference,beneficiary_name,account_number,institution_code,amount,currency,narration\n\
         1,Ada,0000014579,011,350000.00,NGN,\"June, salary\"\n\
         2,\"'=cmd\",0000014579,011,350000.00,NGN,\"June, salary\"\n\
         3,Obi,0000014579,011,350000.00,NGN,\"June, salary\"\n"
    );

    let asked = ["1", "2", "3"].map(|reference| sent(reference, Some("09")));
    assert_eq!(ask(&rail, &asked).await, [Answered::Unknown; 3]);
    fs::create_dir_all(folder.path().join("in/folder.csv")).unwrap();
    fs::write(folder.path().join("in/a.csv"), "\u{feff}Reference;Code\r\n\"1\";00\r\n2;51\r\n").unwrap();
    fs::write(folder.path().join("in/b.csv"), "code,reference\nreturned,3\n").unwrap();
    assert_eq!(ask(&rail, &asked).await, [Answered::Success, Answered::Refused, Answered::Returned]);
    let look = Look { run: PaymentRunId(1), since: Default::default(), until: Default::default() };
    let moved = rail.movements(look).await.unwrap();
    assert_eq!(moved.iter().map(|movement| movement.reference.as_str()).collect::<Vec<_>>(), ["3"]);
}

#[tokio::test]
async fn what_never_left_is_told_and_never_leaves_later() {
    let folder = TestFolder::create();
    let rail = FileRail::new(folder.path().to_owned(), Arc::new(SystemClock));
    assert_eq!(
        ask(&rail, &[sent("7", None)]).await,
        [Answered::Unknown],
        "nothing is known of a folder that is not used"
    );
    rail.send(&[payment("1", "Ada"), payment("2", "Obi")]).await;
    let asked = [sent("1", None), sent("2", None), sent("3", None), sent("4", Some("09"))];
    let told = [Answered::Unknown, Answered::Unknown, Answered::NotFound, Answered::Unknown];
    assert_eq!(ask(&rail, &asked).await, told);

    // The process that had marked it wakes up.
    let late = rail.send(&[payment("3", "Uju"), payment("2", "Obi"), payment("5", "Ife")]).await;
    let codes: Vec<_> = late.iter().map(|answer| answer.code.as_deref()).collect();
    assert_eq!(codes, [None, None, Some("09")], "one was given up, one had left");
    assert!(!folder.path().join("out/3.csv").exists());
    let file = fs::read_to_string(folder.path().join("out/5.csv")).unwrap();
    assert_eq!(file.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect::<Vec<_>>(), ["5"]);
    assert_eq!(ask(&rail, &asked).await, told);
}

#[tokio::test]
async fn a_killed_process_has_sent_a_batch_or_nothing_of_it() {
    let folder = TestFolder::create();
    let rail = FileRail::new(folder.path().to_owned(), Arc::new(SystemClock));
    rail.send(&[payment("1", "Ada"), payment("2", "Obi")]).await;
    let (shown, hidden) = (folder.path().join("out/1.csv"), folder.path().join("out/.1.part"));
    // Killed before the last step: the batch is in the record, and its file has no name yet.
    fs::rename(&shown, &hidden).unwrap();
    assert_eq!(ask(&rail, &[sent("2", None)]).await, [Answered::Unknown]);
    assert!(shown.exists() && !hidden.exists());
    // People took it to the bank: it is not made again.
    fs::remove_file(&shown).unwrap();
    assert_eq!(ask(&rail, &[sent("2", None)]).await, [Answered::Unknown]);
    assert!(!shown.exists());
    // Killed before the record.
    let half = folder.path().join("out/.8.part");
    fs::write(&half, "half a file").unwrap();
    assert_eq!(ask(&rail, &[sent("8", None), sent("9", None)]).await, [Answered::NotFound; 2]);
    assert!(!half.exists());
    // While somebody sends, nobody says what did not leave.
    let held = fs::File::create(folder.path().join("log/lock")).unwrap();
    held.lock().unwrap();
    assert_eq!(left(folder.path(), &["10".to_owned()]).unwrap(), None);
}

#[tokio::test]
async fn nothing_leaves_when_its_time_is_over() {
    let folder = TestFolder::create();
    let rail = FileRail::new(folder.path().to_owned(), Arc::new(SystemClock));
    let late = Payment { leave_before: SystemClock.now(), ..payment("1", "Ada") };
    let answers = rail.send(&[late]).await;
    assert_eq!(answers.iter().map(|answer| answer.code.as_deref()).collect::<Vec<_>>(), [None]);
    assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 0);
    assert_eq!(ask(&rail, &[sent("1", None)]).await, [Answered::NotFound], "it never will");
}
