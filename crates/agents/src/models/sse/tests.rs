use super::{BadStream, EVENT_BYTES_MAX, Event, Reader};

/// The events of a stream that arrives in pieces of so many bytes.
fn read(stream: &[u8], piece: usize) -> Result<Vec<(String, String)>, BadStream> {
    let (mut reader, mut events) = (Reader::default(), Vec::new());
    for piece in stream.chunks(piece) {
        reader.take(piece, &mut events)?;
    }
    Ok(events.into_iter().map(|Event { name, data }| (name, data)).collect())
}

#[test]
fn events_are_the_same_however_the_stream_is_cut() {
    let cases: [(&str, &[(&str, &str)]); 9] = [
        ("data: one\n\ndata: two\n\n", &[("", "one"), ("", "two")]),
        ("event: ping\ndata: {}\n\n", &[("ping", "{}")]),
        ("data: one\r\ndata:two\r\n\r\n", &[("", "one\ntwo")]),
        ("data: one\r\rdata: two\r\r", &[("", "one"), ("", "two")]),
        (": a comment\n\ndata: ü€𝄞\n\n", &[("", "ü€𝄞")]),
        ("event: nothing\n\ndata\n\n", &[("", "")]),
        ("id: 7\nretry: 10\nother: x\ndata: a: b\n\n", &[("", "a: b")]),
        ("\u{feff}data: marked\n\n", &[("", "marked")]),
        ("data: whole\n\ndata: half\n", &[("", "whole")]),
    ];
    for (stream, expected) in cases {
        let expected: Vec<(String, String)> =
            expected.iter().map(|(name, data)| ((*name).to_owned(), (*data).to_owned())).collect();
        for piece in [1, 2, 3, 5, 1_000] {
            assert_eq!(read(stream.as_bytes(), piece).as_ref(), Ok(&expected), "{stream:?} in pieces of {piece}");
        }
    }
}

#[test]
fn what_is_no_stream_of_events_is_refused() {
    assert_eq!(read(b"data: \xff\xfe\n\n", 4), Err(BadStream));
    let endless = vec![b'x'; EVENT_BYTES_MAX + 1];
    assert_eq!(read(&endless, 65_536), Err(BadStream));
    let many = "data: 0123456789\n".repeat(EVENT_BYTES_MAX / 10);
    assert_eq!(read(many.as_bytes(), 65_536), Err(BadStream));
}
