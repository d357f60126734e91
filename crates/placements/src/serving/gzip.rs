//! Gzip streams put together from parts that were packed before (RFC 1951, RFC 1952).
//!
//! A deflate stream is a row of blocks. A part that was packed ends on a byte (a full flush) and refers to nothing before it, so it can
//! stand between blocks of plain text. Only the checksum is over everything; that of a part is joined by one multiplication, with a
//! factor that depends on its length alone.

use std::io;

use bytes::{BufMut as _, Bytes, BytesMut};
use flate2::{Compress, Compression, FlushCompress, Status};

use super::script::COPIED_MAX;

/// How hard a part is packed. It is done once and sent for as long as the version is served.
const LEVEL: u32 = 6;
/// Bytes of a block of plain text at most.
const STORED_MAX: usize = 0xffff;
/// Bytes by which a text that cannot be packed may grow.
const GROWTH: usize = 1_024;
/// Magic number, deflate, no flags, no time, no extra flags, unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// The polynomial of the checksum, bits reversed.
const POLYNOMIAL: u32 = 0xedb8_8320;

/// A part that was packed.
#[derive(Debug)]
pub(super) struct Packed {
    blocks: Bytes,
    checksum: u32,
    /// What the checksum of everything before is multiplied by.
    factor: u32,
    length: usize,
}

/// A stream that is being put together.
pub(super) struct Stream {
    /// What stands before `bytes`.
    pieces: Vec<Bytes>,
    bytes: BytesMut,
    checksum: u32,
    length: usize,
}

impl Packed {
    /// Packs a text.
    ///
    /// # Errors
    /// When the library fails, which it has no reason to.
    pub(super) fn pack(text: &[u8]) -> io::Result<Self> {
        let mut blocks = Vec::with_capacity(text.len() + text.len() / 8 + GROWTH);
        let mut packing = Compress::new(Compression::new(LEVEL), false);
        let status = packing.compress_vec(text, &mut blocks, FlushCompress::Full)?;
        let is_whole = packing.total_in() == text.len() as u64 && blocks.len() < blocks.capacity();
        if !matches!(status, Status::Ok) || !is_whole {
            return Err(io::Error::other("a text was not packed whole"));
        }
        let checksum = crc32fast::hash(text);
        Ok(Self { blocks: blocks.into_boxed_slice().into(), checksum, factor: factor(text.len()), length: text.len() })
    }

    /// Bytes that it takes in a stream; none where it is not copied.
    pub(super) fn copied_len(&self) -> usize {
        if self.is_long() { 0 } else { self.blocks.len() }
    }

    /// Whether sending a piece of its own is cheaper than copying it.
    fn is_long(&self) -> bool {
        self.blocks.len() > COPIED_MAX
    }
}

impl Stream {
    /// An empty stream with room for so many bytes of blocks, those of long parts not counted.
    pub(super) fn with_room(bytes: usize) -> Self {
        let mut stream = BytesMut::with_capacity(bytes + HEADER.len() + 64);
        stream.put_slice(&HEADER);
        Self { pieces: Vec::new(), bytes: stream, checksum: 0, length: 0 }
    }

    /// Adds plain text.
    pub(super) fn text(&mut self, text: &[u8]) {
        for part in text.chunks(STORED_MAX) {
            self.block(part, false);
        }
        let mut checksum = crc32fast::Hasher::new_with_initial(self.checksum);
        checksum.update(text);
        self.checksum = checksum.finalize();
        self.length += text.len();
    }

    /// Adds a packed part; a long one is not copied.
    pub(super) fn packed(&mut self, part: &Packed) {
        if part.is_long() {
            self.pieces.push(self.bytes.split().freeze());
            self.pieces.push(part.blocks.clone());
        } else {
            self.bytes.put_slice(&part.blocks);
        }
        self.checksum = multiply(part.factor, self.checksum) ^ part.checksum;
        self.length += part.length;
    }

    /// Ends it: the stream in as few pieces as are worth while.
    pub(super) fn finish(mut self) -> Vec<Bytes> {
        self.block(&[], true);
        self.bytes.put_u32_le(self.checksum);
        // The length counts modulo 2^32.
        self.bytes.put_u32_le(self.length as u32);
        self.pieces.push(self.bytes.freeze());
        self.pieces
    }

    fn block(&mut self, text: &[u8], is_last: bool) {
        let length = text.len() as u16;
        self.bytes.put_u8(u8::from(is_last));
        self.bytes.put_u16_le(length);
        self.bytes.put_u16_le(!length);
        self.bytes.put_slice(text);
    }
}

/// x to the power of the bits of so many bytes, modulo the polynomial.
fn factor(bytes: usize) -> u32 {
    // x^8, the factor of one byte; bit 31 is x^0.
    let (mut square, mut result) = (1_u32 << 23, 1_u32 << 31);
    let mut left = bytes;
    while left > 0 {
        if left & 1 == 1 {
            result = multiply(square, result);
        }
        square = multiply(square, square);
        left >>= 1;
    }
    result
}

/// The product of two polynomials, modulo the polynomial of the checksum.
fn multiply(one: u32, mut other: u32) -> u32 {
    let mut product = 0;
    for bit in (0..32).rev() {
        if one >> bit & 1 == 1 {
            product ^= other;
        }
        other = if other & 1 == 1 { other >> 1 ^ POLYNOMIAL } else { other >> 1 };
    }
    product
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn unpacked(bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        // One member and nothing behind it: clients read no further.
        let mut reader = flate2::bufread::GzDecoder::new(bytes);
        reader.read_to_end(&mut text).expect("a gzip stream with the right checksum and length");
        assert!(reader.into_inner().is_empty());
        text
    }

    #[test]
    fn a_stream_of_parts_unpacks_to_their_texts() {
        let noise: Vec<u8> = (0..200_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let texts: [&[u8]; 5] = [b"", b"{", &b"a text that repeats ".repeat(5_000), &noise, &noise[..70_000]];
        for first in texts {
            for second in texts {
                let mut stream = Stream::with_room(0);
                stream.text(b"{\"flow_schema\":");
                stream.packed(&Packed::pack(first).expect("packed"));
                stream.text(second);
                stream.packed(&Packed::pack(second).expect("packed"));
                let expected = [b"{\"flow_schema\":", first, second, second].concat();
                assert!(unpacked(&stream.finish().concat()) == expected, "{} and {} bytes", first.len(), second.len());
            }
        }
    }

    #[test]
    fn texts_that_repeat_are_packed_well() {
        let text = br#"{"id":"r","type":"screenRoot","children":[]},"#.repeat(1_000);
        assert!(Packed::pack(&text).expect("packed").blocks.len() < text.len() / 20);
    }
}
