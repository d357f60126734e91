use super::*;

const PAYEES: [SavedPayee<'static>; 7] = [
    payee("Adaeze Okonkwo", "0000000001"),
    payee("Adaeze", "0000000002"),
    payee("Bola", "0000000003"),
    payee("Ṣadé Bello-Musa", "0000000004"),
    // Saved twice: the same account.
    payee("Chike Obi", "0000000005"),
    payee("CHIKE OBI", "0000000005"),
    // Two people.
    payee("Musa Ali", "0000000006"),
];
const OTHER_MUSA: SavedPayee<'static> = payee("Musa Ali", "0000000007");

const fn payee(name: &'static str, account_number: &'static str) -> SavedPayee<'static> {
    SavedPayee { name, account_number, bank: "058" }
}

/// Payments as `index=naira`, then what was ignored.
fn read(objective: &str) -> (String, String) {
    let payees: Vec<SavedPayee<'_>> = PAYEES.into_iter().chain([OTHER_MUSA]).collect();
    let plan = read_objective(objective, &payees);
    let payments: Vec<String> = plan.payments.iter().map(|paid| format!("{}={}", paid.payee, paid.amount)).collect();
    let ignored: Vec<String> = plan.ignored.iter().map(|left| format!("{}:{}", left.reason, left.what)).collect();
    (payments.join(" "), ignored.join(" "))
}

#[test]
fn names_and_amounts_are_put_together() {
    for (objective, payments) in [
        ("Pay Adaeze Okonkwo 350,000", "0=350000.00"),
        ("pay Adaeze and Bola 50k each", "1=50000.00 2=50000.00"),
        ("pay adaeze, bola & Chike Obi ₦50k each.", "1=50000.00 2=50000.00 4=50000.00"),
        ("Pay Adaeze and Bola each 50k", "1=50000.00 2=50000.00"),
        ("Pay 50k each to Adaeze and Bola", "1=50000.00 2=50000.00"),
        ("Pay ₦350,000.50 to Sade Bello Musa", "3=350000.50"),
        ("Send SADÉ BELLO-MUSA NGN 2.5m for November", "3=2500000.00"),
        ("Bola 2.5 million, Chike Obi 20 thousand", "2=2500000.00 4=20000.00"),
        ("Bola 50000; Adaeze Okonkwo 350000 naira", "2=50000.00 0=350000.00"),
        ("Pay 20k to Bola and 30k to Chike Obi", "2=20000.00 4=30000.00"),
        ("Pay Bola 20k and 30k to Chike Obi", "2=20000.00 4=30000.00"),
        ("Pay Bola for November 2026 salaries 75000", "2=75000.00"),
        ("Pay Bola invoice 4512 75000", "2=75000.00"),
        ("Pay Bola 1,500", "2=1500.00"),
        ("Pay Bola 20k and Bola 5k", "2=20000.00 2=5000.00"),
    ] {
        assert_eq!(read(objective), (payments.to_owned(), String::new()), "{objective}");
    }
}

#[test]
fn what_can_be_read_in_two_ways_adds_nothing() {
    for (objective, payments, ignored) in [
        ("Pay November field staff", "", ""),
        ("Pay Adaeze and Bola 50k", "", "ambiguous_amount:50000.00"),
        ("Pay Zainab and Bola 50k", "", "ambiguous_amount:50000.00"),
        ("Pay Bola and Zainab 50k", "", "ambiguous_amount:50000.00"),
        ("Pay Bola or Adaeze 50k each", "", "ambiguous_amount:50000.00"),
        ("Pay Zainab 50k and Bola 20k", "2=20000.00", "no_name:50000.00"),
        ("Pay Musa Ali 50k", "", "ambiguous_name:musa ali"),
        ("Pay Musa Ali and Bola 50k each", "2=50000.00", "ambiguous_name:musa ali"),
        ("Pay Bola 50k 60k", "", "ambiguous_amount:50000.00 no_name:60000.00"),
        ("Pay 50k to Adaeze and Bola", "", "ambiguous_amount:50000.00"),
        ("Pay Bola", "", "no_amount:Bola"),
        ("Pay Bola on account 0123456789", "", "no_amount:Bola"),
        ("Pay Bola in 2026", "", "no_amount:Bola"),
        ("Pay Bola 3 times", "", "no_amount:Bola"),
        ("Pay Bola 10.005", "", "no_amount:Bola"),
        ("Pay Bola 1,23,000", "", "no_amount:Bola"),
        ("Pay Bolade 50k", "", "no_name:50000.00"),
        ("", "", ""),
    ] {
        assert_eq!(read(objective), (payments.to_owned(), ignored.to_owned()), "{objective}");
    }
}

#[test]
fn lookup_keys_hold_every_name_of_the_objective() {
    let keys = lookup_keys("Pay Ṣadé Bello-Musa 50k");
    for key in ["sade bello musa", "pay", "50k", "sade"] {
        assert!(keys.contains(&key.to_owned()), "{key}");
    }
    assert_eq!(lookup_keys(" "), Vec::<String>::new());
}

proptest::proptest! {
    #[test]
    fn any_text_is_read(text in "(Adaeze|Bola|and|each|to|50k|₦|,|2026|million|[a-z0-9,.₦]{0,6}| ){0,40}") {
        let (payments, _) = read(&text);
        proptest::prop_assert!(payments.len() <= text.len() * 24);
    }
}
