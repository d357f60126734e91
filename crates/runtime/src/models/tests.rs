use super::{Price, Usage};

#[test]
fn a_price_counts_calls_tools_and_tokens_and_rounds_up() {
    let price = Price { per_call: 1_000, per_tool_call: 50, per_1k_input: 3, per_1k_output: 2_000 };
    let usage = |input_tokens, output_tokens| Usage { input_tokens, output_tokens };
    for (used, tools, expected) in [
        (usage(0, 0), 0, 1_000),
        (usage(0, 0), 3, 1_150),
        (usage(1, 0), 0, 1_001),
        (usage(1_000, 1_000), 0, 3_003),
        (usage(1_001, 1), 1, 1_056),
        (usage(-5, -5), 0, 1_000),
        (usage(i64::MAX, i64::MAX), u32::MAX, i64::MAX),
    ] {
        assert_eq!(price.of(used, tools), expected, "{used:?} {tools}");
    }
    let free = Price { per_call: 0, per_tool_call: 0, per_1k_input: 0, per_1k_output: 0 };
    assert_eq!(free.of(usage(i64::MAX, i64::MAX), u32::MAX), 0);
}
