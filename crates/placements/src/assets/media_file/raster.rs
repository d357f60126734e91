//! The block structure of pictures made of dots. Each function gives `None` for a file that is damaged or ends too early.

/// A PNG: its chunks from `IHDR` to `IEND`, with picture data between them.
pub(super) fn png(bytes: &[u8]) -> Option<()> {
    let mut at = 8;
    let (mut is_first, mut has_data) = (true, false);
    loop {
        let length = usize::try_from(u32_be(bytes, at)?).ok()?;
        let kind = bytes.get(at + 4..at + 8)?;
        // Length, kind and check sum are twelve bytes.
        let content = bytes.get(at + 8..(at + 8).checked_add(length)?)?;
        let next = at.checked_add(12)?.checked_add(length)?;
        bytes.get(..next)?;
        match kind {
            b"IHDR" if is_first && length == 13 => {
                (u32_be(content, 0)? > 0 && u32_be(content, 4)? > 0).then_some(())?;
            }
            _ if is_first => return None,
            b"IDAT" => has_data = true,
            b"IEND" => return has_data.then_some(()),
            _ => {}
        }
        is_first = false;
        at = next;
    }
}

/// A JPEG: its segments to the first scan, with the size of the picture among them, and the mark of its end.
pub(super) fn jpeg(bytes: &[u8]) -> Option<()> {
    let mut at = 2;
    let mut has_size = false;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        match marker {
            // Filling.
            0xff => at += 1,
            // Marks without content.
            0x01 | 0xd0..=0xd8 => at += 2,
            0xda => {
                let has_end = bytes.get(at..)?.windows(2).any(|pair| pair == [0xff, 0xd9]);
                return (has_size && has_end).then_some(());
            }
            // The end, before any scan.
            0xd9 => return None,
            _ => {
                let length = usize::from(u16_be(bytes, at + 2)?);
                let content = bytes.get(at + 4..at + 2 + length)?;
                if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
                    has_size = u16_be(content, 3)? > 0;
                }
                at += 2 + length;
            }
        }
    }
}

/// A WebP: as long as it says, and its first chunk one that holds or announces a picture.
pub(super) fn webp(bytes: &[u8]) -> Option<()> {
    let length = usize::try_from(u32_le(bytes, 4)?).ok()?;
    bytes.get(..length.checked_add(8)?)?;
    let chunk = usize::try_from(u32_le(bytes, 16)?).ok()?;
    bytes.get(20..20_usize.checked_add(chunk)?)?;
    let is_picture = matches!(bytes.get(12..16)?, b"VP8 " | b"VP8L" | b"VP8X");
    (is_picture && chunk > 0).then_some(())
}

/// A GIF: its blocks to the mark of its end, with a picture among them.
pub(super) fn gif(bytes: &[u8]) -> Option<()> {
    (u16_le(bytes, 6)? > 0 && u16_le(bytes, 8)? > 0).then_some(())?;
    let mut at = 13 + colours(*bytes.get(10)?);
    let mut has_picture = false;
    loop {
        match *bytes.get(at)? {
            0x21 => at = after_blocks(bytes, at + 2)?,
            0x2c => {
                let table = colours(*bytes.get(at + 9)?);
                // The place of the picture, its colours, and one byte before its data.
                at = after_blocks(bytes, at + 10 + table + 1)?;
                has_picture = true;
            }
            0x3b => return has_picture.then_some(()),
            _ => return None,
        }
    }
}

/// Bytes of a table of colours, by the byte that describes it.
fn colours(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Where a row of blocks ends, each of which begins with its length; one of length zero is the last.
fn after_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}

fn u16_be(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u16_le(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_be(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u32_le(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
