use floe_model::id::PaymentRunId;
use floe_model::treasury::{Answered, Kobo};
use floe_testkit::store::TestFolder;

use super::{FileRail, Look, Payment, Rail};

fn payment(reference: &str, name: &str) -> Payment {
    Payment {
        reference: reference.to_owned(),
        run: PaymentRunId(1),
        beneficiary_name: name.to_owned(),
        account_number: "0000014579".to_owned(),
        institution_code: "011".to_owned(),
        narration: Some("June, salary".to_owned()),
        amount: Kobo(35_000_000),
    }
}

#[tokio::test]
async fn payments_go_out_in_whole_files_and_results_come_in() {
    let folder = TestFolder::create();
    let rail = FileRail::new(folder.path().to_owned());
    let sent = rail.send(&[payment("1", "Ada"), payment("2", "=cmd"), payment("3", "Obi")]).await;
    assert!(sent.iter().all(|answer| answer.answered == Answered::Unknown), "the bank decides later");
    let written: Vec<_> =
        std::fs::read_dir(folder.path().join("out")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(written, [folder.path().join("out/1.csv")]);
    assert_eq!(
        std::fs::read_to_string(&written[0]).unwrap(),
        "reference,beneficiary_name,account_number,institution_code,amount,currency,narration\n\
         1,Ada,0000014579,011,350000.00,NGN,\"June, salary\"\n\
         2,\"'=cmd\",0000014579,011,350000.00,NGN,\"June, salary\"\n\
         3,Obi,0000014579,011,350000.00,NGN,\"June, salary\"\n"
    );

    let asked = ["1", "2", "3", "4"].map(str::to_owned);
    let nothing_yet = rail.ask(&asked).await;
    assert!(nothing_yet.iter().all(|answer| answer.answered == Answered::Unknown));
    std::fs::create_dir_all(folder.path().join("in")).unwrap();
    std::fs::write(folder.path().join("in/a.csv"), "\u{feff}Reference;Code\r\n\"1\";00\r\n2;51\r\n").unwrap();
    std::fs::write(folder.path().join("in/b.csv"), "code,reference\nreturned,3\n").unwrap();
    let answers = rail.ask(&asked).await.into_iter().map(|answer| answer.answered).collect::<Vec<_>>();
    assert_eq!(answers, [Answered::Success, Answered::Refused, Answered::Returned, Answered::Unknown]);
    let look = Look { run: PaymentRunId(1), since: Default::default(), until: Default::default() };
    let moved = rail.movements(look).await.unwrap();
    assert_eq!(moved.iter().map(|movement| movement.reference.as_str()).collect::<Vec<_>>(), ["3"]);
}
