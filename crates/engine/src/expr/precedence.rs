//! Which operators there are, and how tight they bind: the table of JavaScript.

use super::ast::{BinaryOp, LogicOp};

/// What stands between two operands.
#[derive(Clone, Copy)]
pub(super) enum Infix {
    Binary(BinaryOp),
    Logic(LogicOp),
}

/// The operator of a sign, with how tight it binds.
pub(super) fn infix(sign: &str) -> Option<(Infix, u8)> {
    use BinaryOp::{
        Add, Divide, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Multiply, NotEqual, NotSame, Remainder, Same,
        Subtract,
    };
    let op = match sign {
        "??" => return Some((Infix::Logic(LogicOp::Coalesce), 1)),
        "||" => return Some((Infix::Logic(LogicOp::Or), 2)),
        "&&" => return Some((Infix::Logic(LogicOp::And), 3)),
        "==" => Equal,
        "!=" => NotEqual,
        "===" => Same,
        "!==" => NotSame,
        "<" => Less,
        "<=" => LessOrEqual,
        ">" => Greater,
        ">=" => GreaterOrEqual,
        "+" => Add,
        "-" => Subtract,
        "*" => Multiply,
        "/" => Divide,
        "%" => Remainder,
        _ => return None,
    };
    Some((Infix::Binary(op), level(op)))
}

/// How tight an operator binds; operators of one level are evaluated from left to right.
pub(super) fn level(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Equal | BinaryOp::NotEqual | BinaryOp::Same | BinaryOp::NotSame => 4,
        BinaryOp::Less | BinaryOp::LessOrEqual | BinaryOp::Greater | BinaryOp::GreaterOrEqual => 5,
        BinaryOp::Add | BinaryOp::Subtract => 6,
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Remainder => 7,
    }
}
