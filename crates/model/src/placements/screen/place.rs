//! Where in a schema something is, cheap while nothing is wrong: the JSON pointer is written only for a finding.

use std::fmt::Write as _;

/// A place, as a chain of steps back to the top.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    before: Option<&'a Place<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Top,
    Member(&'a str),
    Item(usize),
}

impl<'a> Place<'a> {
    /// The schema itself.
    pub(super) const TOP: Place<'static> = Place { before: None, step: Step::Top };

    /// A member of the object here.
    pub(super) fn member(&'a self, name: &'a str) -> Self {
        Self { before: Some(self), step: Step::Member(name) }
    }

    /// An item of the array here.
    pub(super) fn item(&'a self, index: usize) -> Self {
        Self { before: Some(self), step: Step::Item(index) }
    }

    /// The JSON pointer (RFC 6901).
    pub(super) fn pointer(&self) -> String {
        let mut steps = Vec::new();
        let mut here = Some(self);
        while let Some(place) = here {
            steps.push(place.step);
            here = place.before;
        }
        let mut pointer = String::new();
        for step in steps.into_iter().rev() {
            match step {
                Step::Top => {}
                Step::Member(name) => push_member(&mut pointer, name),
                Step::Item(index) => {
                    // Writing to a text cannot fail.
                    let _ = write!(pointer, "/{index}");
                }
            }
        }
        pointer
    }
}

/// Appends a member to a JSON pointer.
pub(super) fn push_member(pointer: &mut String, name: &str) {
    pointer.push('/');
    for character in name.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}
