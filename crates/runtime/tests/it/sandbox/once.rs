//! Work in a child of its own: what crashes, loops or takes all memory ends with the child.

use std::time::Duration;

use floe_runtime::sandbox::{Once, OnceConfig, OnceFailure, OnceLimits};
use tokio::time::Instant;

use super::child_program;

const LIMITS: OnceLimits =
    OnceLimits { time_ms: 1_000, memory_bytes: 64 << 20, input_bytes: 1_000_000, output_bytes: 1_000_000 };

fn config() -> OnceConfig {
    OnceConfig { program: child_program(), args: vec!["--once".to_owned()], children_max: 1, queue_wait_ms: 10_000 }
}

#[tokio::test]
async fn work_is_answered_or_ended() {
    let once = Once::new(config());
    type Case = (&'static [u8], Result<&'static [u8], OnceFailure>);
    let cases: &[Case] = &[
        (b"hello", Ok(b"HELLO")),
        (b"", Ok(b"")),
        (b"print", Ok(b"PRINT")),
        (b"file", Ok(b"refused")),
        (b"panic", Err(OnceFailure::Crashed)),
        (b"memory", Err(OnceFailure::Crashed)),
        (b"large", Err(OnceFailure::TooLarge)),
        (b"endless", Err(OnceFailure::Late(1_000))),
        (b"hello", Ok(b"HELLO")),
    ];
    for (input, expected) in cases {
        let begin = Instant::now();
        let answer = once.run(input, LIMITS).await;
        let shown = String::from_utf8_lossy(input);
        assert_eq!(answer.as_deref().map_err(Clone::clone), *expected, "{shown}");
        assert!(begin.elapsed() < Duration::from_secs(5), "{shown}: {:?}", begin.elapsed());
    }
    let large = vec![b'x'; LIMITS.input_bytes + 1];
    assert_eq!(once.run(&large, LIMITS).await, Err(OnceFailure::TooLarge));
}

#[tokio::test]
async fn work_waits_for_its_turn_but_not_for_ever() {
    let once = Once::new(OnceConfig { queue_wait_ms: 50, ..config() });
    let (long, short) = tokio::join!(once.run(b"endless", LIMITS), once.run(b"hello", LIMITS));
    assert_eq!((long, short), (Err(OnceFailure::Late(1_000)), Err(OnceFailure::Overloaded)));
    let missing = Once::new(OnceConfig { program: "/nowhere/child".into(), ..config() });
    assert!(matches!(missing.run(b"hello", LIMITS).await, Err(OnceFailure::Unavailable(_))));
}
