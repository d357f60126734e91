use super::*;

fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
    let networks: Vec<Network> = trusted.iter().map(|text| text.parse().expect("a network")).collect();
    let mut headers = HeaderMap::new();
    for line in forwarded {
        headers.append("x-forwarded-for", line.parse().expect("a header value"));
    }
    let peer = SocketAddr::new(peer.parse().expect("an address"), 4000);
    TrustedProxies::new(&networks).client(peer, &headers).ip().to_string()
}

#[test]
fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
    assert_eq!(client(&[], "192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
    assert_eq!(client(&["192.0.2.0/24"], "192.0.2.1", &["198.51.100.7"]), "198.51.100.7");
    assert_eq!(client(&["192.0.2.0/24"], "::ffff:192.0.2.1", &["198.51.100.7"]), "198.51.100.7");
    assert_eq!(client(&["2001:db8::/32"], "2001:db8::1", &["[2001:db9::5]:80"]), "2001:db9::5");
}

#[test]
fn what_the_client_wrote_itself_is_not_believed() {
    assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["1.2.3.4, 203.0.113.9, 10.0.0.2"]), "203.0.113.9");
    assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["1.2.3.4", "203.0.113.9"]), "203.0.113.9");
    assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["1.2.3.4, nonsense"]), "10.0.0.1");
}

#[test]
fn networks_are_parsed_strictly() {
    for bad in ["", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "host/8", "10.0.0.0/8/8"] {
        assert!(bad.parse::<Network>().is_err(), "{bad} was accepted");
    }
    assert!("0.0.0.0/0".parse::<Network>().is_ok_and(|all| all.contains(IpAddr::from([8, 8, 8, 8]))));
}
