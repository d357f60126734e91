use super::*;

fn read(json: &str) -> FeeSchedule {
    FeeSchedule::read(json).expect("a tariff")
}

#[test]
fn fees_are_exact_and_rounded_half_up() {
    let off = read(r#"{"kind":"off"}"#);
    let percent = read(r#"{"kind":"percent","percent":0.6,"minimum":50}"#);
    let bands = read(
        r#"{"kind":"bands","bands":[{"up_to":5000,"fee":10},{"up_to":50000,"fee":25},{"fee":50}],"vat_percent":7.5}"#,
    );
    for (schedule, amount, fee) in [
        (&off, "350000", "0.00"),
        (&percent, "350000", "2100.00"),
        (&percent, "8333.33", "50.00"),
        (&percent, "8334.16", "50.00"),
        (&percent, "8334.17", "50.01"),
        (&percent, "9999999999999.99", "60000000000.00"),
        (&bands, "5000", "10.75"),
        // 25 and 1.875 of tax.
        (&bands, "5000.01", "26.88"),
        (&bands, "50000", "26.88"),
        (&bands, "50000.01", "53.75"),
    ] {
        let amount = Kobo::read(amount).expect("amount");
        assert_eq!(schedule.fee_of(amount).map(|fee| fee.to_string()).as_deref(), Some(fee), "{schedule:?} {amount}");
    }
}

#[test]
fn tariffs_are_written_as_they_are_read() {
    for json in [
        r#"{"kind":"off"}"#,
        r#"{"kind":"percent","percent":0.6,"minimum":50.00}"#,
        r#"{"kind":"bands","bands":[{"up_to":5000.00,"fee":10.00},{"up_to":null,"fee":25.00}],"vat_percent":7.5}"#,
    ] {
        assert_eq!(serde_json::to_string(&read(json)).expect("json"), json);
    }
}

#[test]
fn a_wrong_tariff_names_its_field() {
    for (json, path, kind) in [
        ("7", "", "pattern"),
        (r#"{"kind":"free"}"#, "kind", "enum"),
        (r#"{"kind":"percent"}"#, "percent", "missing"),
        (r#"{"kind":"percent","percent":100.0001}"#, "percent", "less_than_equal"),
        (r#"{"kind":"percent","percent":0.00001}"#, "percent", "decimal_places"),
        (r#"{"kind":"percent","percent":"1"}"#, "percent", "number_type"),
        (r#"{"kind":"percent","percent":1,"minimum":-1}"#, "minimum", "greater_than_equal"),
        (r#"{"kind":"bands"}"#, "bands", "pattern"),
        (r#"{"kind":"bands","bands":[{"up_to":5,"fee":1}]}"#, "bands/0/up_to", "pattern"),
        (r#"{"kind":"bands","bands":[{"fee":1},{"fee":1}]}"#, "bands/0/up_to", "pattern"),
        (
            r#"{"kind":"bands","bands":[{"up_to":5,"fee":1},{"up_to":5,"fee":1},{"fee":1}]}"#,
            "bands/1/up_to",
            "greater_than",
        ),
        (r#"{"kind":"bands","bands":[{"fee":1.001}]}"#, "bands/0/fee", "decimal_places"),
        (r#"{"kind":"bands","bands":[{}]}"#, "bands/0/fee", "missing"),
    ] {
        let problem = FeeSchedule::read(json).expect_err(json);
        assert_eq!((problem.path.join("/").as_str(), problem.kind), (path, kind), "{json}");
    }
}
