use super::*;

#[test]
fn recipients_are_read_with_their_banks_and_tags() {
    let file = "name,account_number,bank_name,institution_code,narration_note,tags\n\
        Ada Obi,0108024071,GT Ikeja,058,October,\"staff; lagos|staff\"\n\
        Bola Ade,014579,,011,,\n\
        Chike,0000014579,First Bank,,,\n\
        Dayo,0000014579,,011,,\n";
    let imported = read_recipients(file.as_bytes(), Directory::shipped()).expect("a file");
    let read: Vec<_> = imported
        .rows
        .iter()
        .map(|row| (row.name.as_str(), row.institution_code.as_str(), row.bank_name.as_deref(), row.tags.join("+")))
        .collect();
    assert_eq!(
        read,
        [
            ("Ada Obi", "058", Some("GT Ikeja"), "staff+lagos".to_owned()),
            ("Chike", "011", Some("First Bank"), String::new()),
            ("Dayo", "011", Some("First Bank of Nigeria"), String::new()),
        ]
    );
    assert_eq!(
        imported.problems.iter().map(|note| (note.row, note.field)).collect::<Vec<_>>(),
        [(3, "account_number")]
    );
    assert_eq!(imported.duplicates, [super::super::Duplicate { row: 5, same_as_row: 4 }]);
    assert_eq!(
        read_recipients(b"account_number,bank_name\n", Directory::shipped()),
        Err(FileProblem::MissingColumn("name"))
    );
}

#[test]
fn too_many_tags_are_refused() {
    let tags: Vec<String> = (0..=TAGS_MAX).map(|tag| tag.to_string()).collect();
    let file = format!("name,account_number,bank_name,tags\nAda,0108024071,GTB,{}\n", tags.join("|"));
    let imported = read_recipients(file.as_bytes(), Directory::shipped()).expect("a file");
    assert_eq!(imported.problems.iter().map(|note| note.field).collect::<Vec<_>>(), ["tags"]);
}
