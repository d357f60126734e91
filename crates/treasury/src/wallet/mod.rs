//! The wallet: its balances, funding, statement (Treasury contract, sections 2.4 and 10.4).
