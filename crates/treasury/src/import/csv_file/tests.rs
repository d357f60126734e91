use super::*;

fn read(text: &[u8]) -> Result<Vec<(u32, Vec<String>)>, FileProblem> {
    rows(text).map(|rows| rows.into_iter().map(|row| (row.number, row.cells)).collect())
}

#[test]
fn separators_quotes_and_marks_are_read() {
    let expected = |second: &str| {
        vec![(1, vec!["name".to_owned(), "amount".to_owned()]), (2, vec!["Obi, Ada".to_owned(), second.to_owned()])]
    };
    for (text, second) in [
        ("name,amount\n\"Obi, Ada\",5\n", "5"),
        ("\u{feff}name,amount\r\n\"Obi, Ada\",5", "5"),
        ("name;amount\nObi, Ada;5,50\n", "5,50"),
        ("name\tamount\nObi, Ada\t=1+1\n", "=1+1"),
        ("name,amount\n\"Obi, Ada\",\"1,234.50\"\n", "1,234.50"),
        ("name,amount\n\"Obi, Ada\",\"say \"\"so\"\"\"\n", "say \"so\""),
    ] {
        assert_eq!(read(text.as_bytes()), Ok(expected(second)), "{text:?}");
    }
}

#[test]
fn rows_keep_their_numbers_over_empty_and_long_ones() {
    for end in ["\n", "\r\n", "\r"] {
        let text = "name,amount\n\n , \nAda,\"two\nlines\"\nBola,3\n".replace('\n', end);
        let rows = read(text.as_bytes()).expect("rows");
        assert_eq!(rows.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 4, 6], "{end:?}");
    }
}

#[test]
fn other_bytes_are_refused() {
    for bytes in [&b"name\0,amount"[..], b"\xff\xfen\0a\0", b"name,\xe9\n"] {
        assert_eq!(read(bytes), Err(FileProblem::Form));
    }
    assert_eq!(read(b""), Ok(Vec::new()));
    let long = "a\n".repeat(ROWS_MAX + 1);
    assert_eq!(read(long.as_bytes()).map(|rows| rows.len()), Ok(ROWS_MAX + 1));
    assert_eq!(read(format!("{long}a\n").as_bytes()), Err(FileProblem::TooManyRows));
    let wide = ",".repeat(100_000) + "a";
    assert_eq!(read(format!("a\nb{wide}").as_bytes()).map(|rows| rows[1].1.len()), Ok(COLUMNS_MAX));
}
