//! Host names and ports that are refused by name, before anything is looked up.

/// True for names that stand for this machine, its network, a cluster or a metadata service. `host` is in the form the
/// URL parser gives: lower case, ASCII.
///
/// The address check after the lookup would catch most of them; this makes the answer the same wherever Floe runs, and
/// asks no name server about them.
#[must_use]
pub fn is_special_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let Some((_, _)) = host.rsplit_once('.') else {
        // A single label can only be answered by the hosts file, a search list or the local network.
        return true;
    };
    SPECIAL_SUFFIXES
        .iter()
        .any(|suffix| host.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// True for ports on which a well-known protocol other than HTTP is spoken. A request that reaches such a service can
/// be read by it as commands.
#[must_use]
pub fn is_refused_port(port: u16) -> bool {
    FETCH_BAD_PORTS.contains(&port) || DATA_STORE_PORTS.contains(&port)
}

/// Names under these are refused, and the names themselves (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`, and
/// names in common private use).
const SPECIAL_SUFFIXES: &[&str] = &[
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "home.arpa",
    "lan",
    "svc",
    "onion",
    "metadata.goog",
    "metadata.tencentyun.com",
];

/// The list of bad ports in the WHATWG Fetch standard.
const FETCH_BAD_PORTS: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
    110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531,
    532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060,
    5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

/// Databases, caches, queues, container and cluster daemons, remote desktops.
const DATA_STORE_PORTS: &[u16] = &[
    445, 873, 1433, 1521, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 4222, 5432, 5433, 5672, 5900, 6379, 6380, 6443,
    7000, 7001, 8086, 9042, 9092, 9200, 9300, 10250, 10255, 11211, 26257, 27017, 27018, 50000,
];
