//! Which names a piece of code can reach. It reaches those that it mentions; when it may use `inputs` or `variables` as a whole, all.

/// The names that code can reach.
pub(super) struct Reach<'a> {
    code: &'a str,
    all: bool,
}

impl<'a> Reach<'a> {
    /// Looks through the code. A mention in a text or comment counts too, since names can be built in many ways.
    pub(super) fn of(code: &'a str) -> Self {
        let all = ["inputs", "variables"].iter().any(|whole| is_used_whole(code, whole))
            || ["globalThis", "eval", "Function", "this", "\\u"].iter().any(|way| code.contains(way));
        Self { code, all }
    }

    /// Whether a name is among them.
    pub(super) fn has(&self, name: &str) -> bool {
        self.all || self.code.contains(name)
    }
}

/// Whether the object of this name is used other than by a member that is named: `inputs[key]`, `{...inputs}`, `f(inputs)`.
fn is_used_whole(code: &str, object: &str) -> bool {
    code.match_indices(object).any(|(at, _)| {
        let is_part = code[..at].chars().next_back().is_some_and(is_of_name);
        let rest = &code[at + object.len()..];
        if is_part || rest.starts_with(is_of_name) {
            return false;
        }
        let rest = rest.trim_start();
        let member = rest.strip_prefix("?.").or_else(|| rest.strip_prefix('.')).map(str::trim_start);
        !member.is_some_and(|member| member.starts_with(is_of_name))
    })
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_reached_when_it_is_mentioned_or_all_are() {
        for (code, reached) in [
            ("return inputs.order.id", false),
            ("return inputs?.order", false),
            ("const myinputs = 1; return inputs2", false),
            ("return other", true),
            ("return inputs.other", true),
            ("return inputs[key]", true),
            ("return { ...variables }", true),
            ("return Object.keys(inputs)", true),
            ("const { a } = inputs;", true),
            ("return globalThis['ot' + 'her']", true),
        ] {
            assert_eq!(Reach::of(code).has("other"), reached, "{code}");
        }
    }
}
