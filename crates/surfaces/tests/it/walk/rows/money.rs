//! Rows of the wallet and its transactions.

use serde_json::json;

use super::{Row, Thing, row};

pub(super) fn all() -> Vec<Row> {
    use Thing::{None, Transaction};
    vec![
        row("GET", "/api/v1/public/wallet/balance", None),
        row("GET", "/api/v1/wallet", None),
        row("GET", "/api/v1/wallet/virtual-account", None),
        row("GET", "/api/v1/wallet/transactions", None).lists(Transaction),
        row("GET", "/api/v1/wallet/statement", None),
        row("POST", "/api/v1/wallet/topup", None)
            .body(|_| json!({ "amount": 5, "reference": "walk" }))
            .cannot_succeed("live mode takes no money by hand; see treasury_money.rs"),
        row("POST", "/api/v1/wallet/ai-credits", None)
            .body(|_| json!({ "credits": 5, "reference": "walk" }))
            .other(|_| json!({ "credits": 6, "reference": "other walk" })),
        row("POST", "/api/v1/inbound/funding/{provider}", None)
            .body(|_| json!({ "reference": "walk", "account_number": "0123456789", "amount": 5 }))
            .cannot_succeed("takes what is signed; see treasury_money.rs"),
        row("GET", "/api/v1/public/transactions", None).lists(Transaction),
        row("GET", "/api/v1/transactions", None).lists(Transaction),
        row("GET", "/api/v1/transactions/{id}", Transaction),
        row("POST", "/api/v1/transactions/{id}/requery", Transaction)
            .cannot_succeed("live mode has no rail here; see treasury_money.rs"),
        row("POST", "/api/v1/transactions/{id}/resolve", Transaction)
            .body(|_| json!({ "outcome": "success", "evidence": "A letter of the bank" }))
            .cannot_succeed("it is under way; see treasury_money.rs"),
    ]
}
