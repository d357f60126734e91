use super::*;
use crate::placements::screen::FontStyle;

/// A font file of these tables, laid out one after another.
fn font(tables: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut head = vec![0, 1, 0, 0];
    head.extend((tables.len() as u16).to_be_bytes());
    head.extend([0; 6]);
    let mut at = 12 + tables.len() * 16;
    let mut contents: Vec<u8> = Vec::new();
    for (tag, content) in tables {
        head.extend(*tag);
        head.extend([0; 4]);
        head.extend((at as u32).to_be_bytes());
        head.extend((content.len() as u32).to_be_bytes());
        at += content.len();
        contents.extend(content);
    }
    head.extend(contents);
    head
}

/// A table of names: platform, language, name, text.
fn names(records: &[(u16, u16, u16, &str)]) -> Vec<u8> {
    let mut table = Vec::new();
    let strings = 6 + records.len() * 12;
    for word in [0, records.len() as u16, strings as u16] {
        table.extend(word.to_be_bytes());
    }
    let mut texts: Vec<u8> = Vec::new();
    for (platform, language, name, text) in records {
        let bytes: Vec<u8> = match platform {
            1 => text.bytes().collect(),
            _ => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        };
        for word in [*platform, 1, *language, *name, bytes.len() as u16, texts.len() as u16] {
            table.extend(word.to_be_bytes());
        }
        texts.extend(bytes);
    }
    table.extend(texts);
    table
}

/// A whole font with these names, weight and bits of style.
fn whole(records: &[(u16, u16, u16, &str)], weight: u16, selection: u16) -> Vec<u8> {
    let mut head = vec![0; 54];
    head[12..16].copy_from_slice(&0x5F0F_3CF5_u32.to_be_bytes());
    let mut os2 = vec![0; 96];
    os2[4..6].copy_from_slice(&weight.to_be_bytes());
    os2[62..64].copy_from_slice(&selection.to_be_bytes());
    let some = || vec![1; 8];
    font(&[
        (b"OS/2", os2),
        (b"cmap", some()),
        (b"glyf", some()),
        (b"head", head),
        (b"hhea", some()),
        (b"hmtx", some()),
        (b"loca", some()),
        (b"maxp", some()),
        (b"name", names(records)),
    ])
}

#[test]
fn a_font_tells_its_family_weight_and_style() {
    const ENGLISH: u16 = 0x0409;
    for (file, family, weight, style) in [
        (
            whole(&[(3, ENGLISH, 1, "Inter SemiBold"), (3, ENGLISH, 16, "Inter")], 600, 0),
            Some("Inter"),
            600,
            FontStyle::Normal,
        ),
        (whole(&[(1, 0, 1, "Old Mac")], 400, 1), Some("Old Mac"), 400, FontStyle::Italic),
        (whole(&[(3, 0x0407, 1, "Schrift"), (3, ENGLISH, 1, "Font")], 50, 0), Some("Font"), 100, FontStyle::Normal),
        (whole(&[(3, ENGLISH, 4, "Full Name")], 1_000, 0), None, 900, FontStyle::Normal),
        (whole(&[(3, ENGLISH, 1, "  ")], 0, 0), None, 400, FontStyle::Normal),
    ] {
        let expected = FontFacts { family: family.map(str::to_owned), weight, style };
        assert_eq!(read_font(&file), Ok(expected));
    }
}

#[test]
fn a_font_that_is_cut_anywhere_is_refused_and_never_panics() {
    let file = whole(&[(3, 0x0409, 1, "Inter")], 400, 0);
    for length in 0..file.len() {
        assert!(read_font(&file[..length]).is_err(), "{length} bytes of {}", file.len());
    }
    // Whatever a byte is replaced by, the answer is a font or a refusal.
    for at in 0..file.len() {
        for byte in [0, 1, 0x7f, 0xff] {
            let mut file = file.clone();
            file[at] = byte;
            let _ = read_font(&file);
        }
    }
}

#[test]
fn other_files_are_no_fonts() {
    let mut no_magic = whole(&[(3, 0x0409, 1, "Inter")], 400, 0);
    no_magic[..4].copy_from_slice(b"OTTO");
    assert_eq!(read_font(&no_magic), Err(FontProblem::NotTrueType));
    assert_eq!(read_font(b"wOF2 and so on"), Err(FontProblem::NotTrueType));
    assert_eq!(read_font(&font(&[(b"head", vec![0; 54])])), Err(FontProblem::Incomplete));
}

#[test]
fn an_address_holds_the_digest_and_has_one_spelling() {
    let mut sha256 = [0_u8; 32];
    (sha256[0], sha256[31]) = (0xab, 0x09);
    for (path, folder) in [(font_path(&sha256), "fonts/"), (media_path(&sha256, MediaKind::Jpeg), "media/")] {
        let file = path.strip_prefix(folder).expect("its folder");
        let (digest, extension) = digest_of(file).expect("a digest");
        assert_eq!(digest, sha256);
        assert_eq!(extension, if folder == "fonts/" { "ttf" } else { "jpg" });
        for other in [file.to_uppercase(), file[1..].to_owned(), format!("0{file}"), file.replace('.', "")] {
            assert!(digest_of(&other).is_none_or(|(digest, _)| digest != sha256), "{other}");
        }
    }
    for kind in MediaKind::ALL {
        assert_eq!(extension_of(kind.mime_type()), Some(kind.extension()));
        assert_eq!(MediaKind::parse(kind.as_str()), Some(kind));
    }
    assert_eq!(extension_of(FONT_TYPE), Some("ttf"));
}

#[test]
fn names_of_icons_never_leave_their_folder() {
    for good in ["star", "heart.fill", "arrow-left_2", "9"] {
        assert!(is_icon_name(good), "{good}");
    }
    for bad in ["", ".", "..", "a/../b", "../a", "a..b", "/etc/passwd", "a\\b", "a b", "é", ".hidden", "a\0"] {
        assert!(!is_icon_name(bad), "{bad:?}");
    }
}
