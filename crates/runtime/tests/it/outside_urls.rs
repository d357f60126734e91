//! The judge of URLs and addresses, without any connection.

use std::net::IpAddr;

use floe_runtime::outside::address::is_public;
use floe_runtime::outside::url::checked_addresses;
use floe_runtime::outside::{AddressBlock, AllowList, AllowListError, Refusal, URL_BYTES_MAX, judge};
use proptest::prelude::*;
use serde_json::Value;

const CASES: &str = include_str!("../data/ssrf-urls.json");

#[test]
fn every_case_of_the_url_list_is_judged_as_it_says() {
    let document: Value = serde_json::from_str(CASES).unwrap();
    let cases = document["cases"].as_array().unwrap();
    assert_eq!(cases.len() as u64, document["count"].as_u64().unwrap());
    let wrong: Vec<String> = cases.iter().filter_map(disagreement).collect();
    assert!(wrong.is_empty(), "{} cases are judged otherwise:\n{}", wrong.len(), wrong.join("\n"));
}

fn disagreement(case: &Value) -> Option<String> {
    let url = case["url"].as_str().unwrap();
    let verdict = judge(url, &AllowList::default());
    let is_right = match (case["expect"].as_str().unwrap(), &verdict) {
        ("refuse" | "refuse-or-exact-host", Err(_)) => true,
        ("allow" | "refuse-or-exact-host", Ok(target)) => target.host() == case["whatwg"]["host"].as_str().unwrap(),
        _ => false,
    };
    (!is_right).then(|| format!("{} {url:?} expected {}, got {verdict:?}", case["id"], case["expect"]))
}

#[test]
fn a_refusal_says_which_rule_applied() {
    let check = |url: &str, expected: &str| {
        let code = judge(url, &AllowList::default()).map_or_else(Refusal::code, |_| "accepted");
        assert_eq!(code, expected, "{url:?}");
    };
    check("http://127.0.0.1/", "loopback");
    check("http://0x7f.1/", "loopback");
    check("http://[::ffff:10.0.0.1]/", "private");
    check("http://[::10.0.0.1]/", "translated");
    check("http://[2002:a00:1::1]/", "translated");
    check("http://169.254.169.254/", "link_local");
    check("http://168.63.129.16/", "metadata");
    check("http://100.64.0.1/", "shared");
    check("http://0.0.0.0/", "unspecified");
    check("http://224.0.0.1/", "multicast");
    check("http://192.0.2.1/", "reserved");
    check("http://intranet/", "host_name");
    check("http://a.b.internal./", "host_name");
    check("http://internal.example.com/", "accepted");
    check("http://notlocalhost.com/", "accepted");
    check("https://example.com:8443/a?b=c d#e", "accepted");
    check("http://example.com:6379/", "port");
    check("http://example.com:0/", "port");
    check("ftp://example.com/", "scheme");
    check("http:example.com", "malformed");
    check("http://ex%61mple.com/", "malformed");
    check("http://", "malformed");
    check("", "malformed");
    check("http://a@example.com/", "userinfo");
    check("http://@example.com/", "userinfo");
    check("http://example.com\\a", "backslash");
    check("http://example.com/\u{85}", "control_character");
    check("http://example.com/\n", "control_character");
    check(" http://example.com/", "control_character");
    check(&format!("http://example.com/{}", "a".repeat(URL_BYTES_MAX)), "url_too_long");
    // Percent encoding makes the text longer than it was written.
    check(&format!("http://example.com/{}", " a".repeat(URL_BYTES_MAX / 3)), "url_too_long");
}

#[test]
fn addresses_that_carry_ipv4_are_judged_by_what_they_reach() {
    let check = |address: &str, expected: bool| {
        assert_eq!(is_public(address.parse().unwrap()), expected, "{address}");
    };
    check("::ffff:8.8.8.8", true);
    check("::ffff:127.0.0.1", false);
    // What an IPv6-only network makes of a public IPv4 host, and of a private one.
    check("64:ff9b::8.8.8.8", true);
    check("64:ff9b::10.0.0.1", false);
    check("64:ff9b:1::8.8.8.8", false);
    // Deprecated tunnels are refused whatever they carry.
    check("::8.8.8.8", false);
    check("2002:808:808::1", false);
    check("2001:0:4136:e378:8000:63bf:f7f7:f7f7", false);
    check("2606:4700::5efe:10.0.0.1", false);
    check("2606:4700::200:5efe:10.0.0.1", false);
    check("2606:4700::5efe:8.8.8.8", true);
    // Edges of the registries.
    check("2001:1ff:ffff::", false);
    check("2001:200::", true);
    check("3ffe:ffff::", true);
    check("3fff:1000::", true);
    check("4000::", false);
    check("1fff::", false);
    check("fd00:ec2::254", false);
    check("172.31.255.255", false);
    check("192.31.196.1", false);
    check("192.175.48.1", false);
}

#[test]
fn the_list_opens_exactly_what_it_names() {
    let check = |list: &str, url: &str, expected: &str| {
        let allow = AllowList::parse(list).unwrap();
        let code = judge(url, &allow).map_or_else(Refusal::code, |target| match target.is_listed() {
            true => "listed",
            false => "accepted",
        });
        assert_eq!(code, expected, "{list:?} {url:?}");
    };
    check("localhost:11434", "http://localhost:11434/", "listed");
    check("LOCALHOST:11434", "http://localhost.:11434/", "listed");
    check("localhost:11434", "http://localhost:11435/", "host_name");
    check("localhost:11434", "http://127.0.0.1:11434/", "loopback");
    check("localhost:11434", "https://example.com/", "accepted");
    check("127.0.0.1:8080", "http://127.0.0.1:8080/", "listed");
    check("127.0.0.1:8080", "http://[::ffff:127.0.0.1]:8080/", "listed");
    check("127.0.0.1:8080", "http://127.0.0.1:8081/", "loopback");
    check("[fd00::1]:80", "http://[fd00::1]/", "listed");
    check("10.0.0.0/8, fd00::/8", "http://10.255.0.1:6379/", "listed");
    check("10.0.0.0/8\nfd00::/8", "http://[fdff::1]/", "listed");
    check("10.0.0.0/8", "http://11.0.0.1:6379/", "port");
    check("0.0.0.0/0", "http://127.0.0.1/", "listed");
    check("0.0.0.0/0", "http://[::1]/", "loopback");
    check("::/0", "http://[::1]/", "listed");
    check("0.0.0.0/0", "http://127.0.0.1:0/", "loopback");
    check("example.com:2525", "http://example.com:2525/", "listed");
    check("10.0.0.5", "http://10.0.0.5:9000/", "listed");
    // The list never changes what a URL may look like.
    check("example.com:80", "http://a@example.com:80/", "userinfo");
}

#[test]
fn a_list_that_cannot_be_read_is_an_error() {
    let check = |list: &str, expected: AllowListError| {
        assert_eq!(AllowList::parse(list), Err(expected), "{list:?}");
    };
    for entry in ["localhost", "localhost:0", "localhost:99999", "10.0.0.0/33", "a/8", "::1:x", ":80", "http://a:80"] {
        check(entry, AllowListError::BadEntry(entry.to_owned()));
    }
    check("10.0.0.5/8", AllowListError::HostBits("10.0.0.5/8".to_owned()));
    check("fd00::1/64", AllowListError::HostBits("fd00::1/64".to_owned()));
    check(&"a.example:80 ".repeat(257), AllowListError::TooMany);
    assert_eq!(AllowList::parse(" , \n"), Ok(AllowList::default()));
}

#[test]
fn answers_of_a_name_server_are_checked_one_by_one() {
    let check = |list: &str, name: &str, port: u16, answers: &[&str], expected: Result<&[&str], Refusal>| {
        let parse = |texts: &[&str]| texts.iter().map(|ip| ip.parse().unwrap()).collect::<Vec<IpAddr>>();
        let allow = AllowList::parse(list).unwrap();
        let accepted = checked_addresses(name, port, &parse(answers), &allow);
        assert_eq!(accepted, expected.map(parse), "{list:?} {name} {answers:?}");
    };
    let private = Err(Refusal::Address(AddressBlock::Private));
    check("", "a.test", 80, &["10.0.0.1", "8.8.8.8", "::ffff:8.8.8.8", "::1"], Ok(&["8.8.8.8"]));
    check("", "a.test", 80, &["10.0.0.1", "::1"], private);
    check("", "a.test", 80, &[], Ok(&[]));
    // A network is open under any name, a name only under itself.
    check("10.0.0.0/8", "a.test", 80, &["10.0.0.1", "192.168.0.1"], Ok(&["10.0.0.1"]));
    check("10.0.0.0/8", "intranet", 80, &["10.0.0.1", "8.8.8.8"], Ok(&["10.0.0.1"]));
    check("10.0.0.0/8", "intranet", 80, &["8.8.8.8"], Err(Refusal::HostName));
    check("10.0.0.0/8", "a.test", 6379, &["8.8.8.8"], Err(Refusal::Port));
    check("intranet:80", "intranet", 80, &["10.0.0.1", "127.0.0.1"], Ok(&["10.0.0.1", "127.0.0.1"]));
    check("intranet:80", "intranet", 81, &["10.0.0.1"], private);
    // A listed name cannot be pointed at a metadata service by whoever runs its zone.
    let link_local = Err(Refusal::Address(AddressBlock::LinkLocal));
    check("intranet:80", "intranet", 80, &["169.254.169.254"], link_local);
    check("intranet:80 169.254.169.254:80", "intranet", 80, &["169.254.169.254"], Ok(&["169.254.169.254"]));
}

fn confusing_url() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("http://".to_owned()),
        Just("https://".to_owned()),
        "[@:/?#\\[\\]\\\\%.]{1,2}",
        "(127|0x7f|0177|2130706433|10|1|8)",
        "(localhost|example\\.com|a\\.internal|①②⑦|ｌocalhost|::1|::ffff:)",
        "\\PC{0,6}",
        "[\\x00-\\x7f]{0,4}",
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_is_accepted_reads_the_same_again(text in confusing_url(), prefix in prop::bool::ANY) {
        let text = if prefix { format!("http://{text}") } else { text };
        if let Ok(target) = judge(&text, &AllowList::default()) {
            let again = judge(target.url().as_str(), &AllowList::default());
            prop_assert_eq!(again.as_ref(), Ok(&target));
            let alone = url::Host::parse(target.host()).unwrap();
            prop_assert_eq!(alone.to_string(), target.host());
        }
    }

    #[test]
    fn any_list_is_read_without_a_panic(text in "\\PC{0,40}", network in "[0-9a-f.:]{1,12}/[0-9]{1,3}") {
        let _ = AllowList::parse(&text);
        let _ = AllowList::parse(&network);
    }
}
