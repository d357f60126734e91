//! Is an address on the public internet? Pure; knows nothing of names and of the operator's list.
//!
//! The tables follow the IANA IPv4 and IPv6 special-purpose address registries. IPv6 is judged the other way round
//! than IPv4: only the global unicast block `2000::/3` and forms that carry a public IPv4 address are accepted, so a
//! block that is given out later stays refused until it is added here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::refusal::AddressBlock;

/// True if `address` may be called without being on the operator's list.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    special_block(address).is_none()
}

/// The special-purpose block `address` lies in, after unwrapping mapped and translated forms; `None` if it is public.
#[must_use]
pub fn special_block(address: IpAddr) -> Option<AddressBlock> {
    match address {
        IpAddr::V4(v4) => block_v4(v4),
        IpAddr::V6(v6) => block_v6(v6),
    }
}

/// The same address with an IPv4-mapped IPv6 form (`::ffff:a.b.c.d`) written as IPv4: the kernel dials it over IPv4.
#[must_use]
pub fn unmapped(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// Blocks of IPv4: network, prefix length, what it is. The first match counts, so single addresses come first.
const BLOCKS_V4: &[([u8; 4], u32, AddressBlock)] = &[
    // Azure's control address lies in public space, and answers only from inside that cloud.
    ([168, 63, 129, 16], 32, AddressBlock::Metadata),
    // Alibaba Cloud and Oracle Cloud.
    ([100, 100, 100, 200], 32, AddressBlock::Metadata),
    ([192, 0, 0, 192], 32, AddressBlock::Metadata),
    ([0, 0, 0, 0], 8, AddressBlock::Unspecified),
    ([10, 0, 0, 0], 8, AddressBlock::Private),
    ([100, 64, 0, 0], 10, AddressBlock::Shared),
    ([127, 0, 0, 0], 8, AddressBlock::Loopback),
    ([169, 254, 0, 0], 16, AddressBlock::LinkLocal),
    ([172, 16, 0, 0], 12, AddressBlock::Private),
    ([192, 0, 0, 0], 24, AddressBlock::Reserved),
    ([192, 0, 2, 0], 24, AddressBlock::Reserved),
    // AS112 sinks and AMT relays are reachable, but no HTTP service lives there.
    ([192, 31, 196, 0], 24, AddressBlock::Reserved),
    ([192, 52, 193, 0], 24, AddressBlock::Reserved),
    ([192, 88, 99, 0], 24, AddressBlock::Reserved),
    ([192, 168, 0, 0], 16, AddressBlock::Private),
    ([192, 175, 48, 0], 24, AddressBlock::Reserved),
    ([198, 18, 0, 0], 15, AddressBlock::Reserved),
    ([198, 51, 100, 0], 24, AddressBlock::Reserved),
    ([203, 0, 113, 0], 24, AddressBlock::Reserved),
    ([224, 0, 0, 0], 4, AddressBlock::Multicast),
    ([255, 255, 255, 255], 32, AddressBlock::Multicast),
    ([240, 0, 0, 0], 4, AddressBlock::Reserved),
];

/// Blocks of IPv6: first four groups of the network, prefix length (at most 64), what it is.
const BLOCKS_V6: &[([u16; 4], u32, AddressBlock)] = &[
    ([0x64, 0xff9b, 1, 0], 48, AddressBlock::Translated),
    ([0x2001, 0, 0, 0], 32, AddressBlock::Translated),
    ([0x2001, 0, 0, 0], 23, AddressBlock::Reserved),
    ([0x2001, 0xdb8, 0, 0], 32, AddressBlock::Reserved),
    ([0x2002, 0, 0, 0], 16, AddressBlock::Translated),
    ([0x2620, 0x4f, 0x8000, 0], 48, AddressBlock::Reserved),
    ([0x3fff, 0, 0, 0], 20, AddressBlock::Reserved),
    ([0xfc00, 0, 0, 0], 7, AddressBlock::Private),
    ([0xfe80, 0, 0, 0], 10, AddressBlock::LinkLocal),
    ([0xfec0, 0, 0, 0], 10, AddressBlock::Private),
    ([0xff00, 0, 0, 0], 8, AddressBlock::Multicast),
];

fn block_v4(address: Ipv4Addr) -> Option<AddressBlock> {
    BLOCKS_V4
        .iter()
        .find(|(network, prefix, _)| (address.to_bits() ^ Ipv4Addr::from(*network).to_bits()) >> (32 - prefix) == 0)
        .map(|(_, _, block)| *block)
}

fn block_v6(address: Ipv6Addr) -> Option<AddressBlock> {
    if address.is_unspecified() {
        return Some(AddressBlock::Unspecified);
    }
    if address.is_loopback() {
        return Some(AddressBlock::Loopback);
    }
    // The two forms by which public IPv4 hosts are really reached: by the kernel, and by a network with only IPv6.
    if let Some(inner) = address.to_ipv4_mapped().or_else(|| nat64_well_known(address)) {
        return block_v4(inner);
    }
    let named = BLOCKS_V6
        .iter()
        .find(|(network, prefix, _)| ((address.to_bits() >> 64) as u64 ^ high_bits(*network)) >> (64 - prefix) == 0);
    if let Some((_, _, block)) = named {
        return Some(*block);
    }
    if let Some(inner) = isatap(address).filter(|inner| block_v4(*inner).is_some()) {
        return block_v4(inner);
    }
    let is_global_unicast = address.segments()[0] >> 13 == 1;
    if is_global_unicast {
        return None;
    }
    // `::/64` holds the IPv4-compatible and the IPv4-translated forms.
    let is_low = address.to_bits() >> 64 == 0;
    Some(if is_low { AddressBlock::Translated } else { AddressBlock::Reserved })
}

fn high_bits(groups: [u16; 4]) -> u64 {
    groups.iter().fold(0, |bits, group| bits << 16 | u64::from(*group))
}

/// The IPv4 address in `64:ff9b::/96` (RFC 6052).
fn nat64_well_known(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = address.to_bits();
    (bits >> 32 == 0x0064_ff9b_u128 << 64).then(|| low_v4(bits))
}

/// The IPv4 address in an ISATAP interface id, `…:0:5efe:a.b.c.d` or `…:200:5efe:a.b.c.d` (RFC 5214).
fn isatap(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let groups = address.segments();
    (groups[4] & !0x0300 == 0 && groups[5] == 0x5efe).then(|| low_v4(address.to_bits()))
}

fn low_v4(bits: u128) -> Ipv4Addr {
    #[expect(clippy::cast_possible_truncation, reason = "the low 32 bits are what is wanted")]
    Ipv4Addr::from_bits(bits as u32)
}
