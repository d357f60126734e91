//! The shape of JSON as data: what a body may hold and what an answer holds.
//!
//! A handler reads its body by hand, because one answer names every problem of it, and many answers are put together from
//! parts. So shapes stand beside the code instead of being derived from it, as constants: the OpenAPI documents and the
//! tests are made from them, and a test that sees an answer of another shape fails (docs/adr/0022).
//!
//! ```ignore
//! pub(super) const TAG: Shape = object("Tag", &[
//!     must("_id", ID),
//!     must("name", text(1, 40)).about("Unique in its workspace"),
//!     must("color", words(&["red", "blue"]).or_null()),
//!     may("flows", list(&ID)),
//! ]);
//! ```

/// What a JSON value may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Its kind, when it is not null.
    pub kind: Kind,
    /// Whether it may be null.
    pub null: bool,
}

/// The kinds of shapes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Any JSON value.
    Any,
    /// Text of a number of characters.
    Text {
        /// Characters at least.
        min: usize,
        /// Characters at most; `usize::MAX` is no limit.
        max: usize,
    },
    /// Text of a form that JSON Schema has a name for, e.g. `date-time`.
    Format(&'static str),
    /// Text that matches an expression (ECMA 262, anchored by itself).
    Pattern(&'static str),
    /// An id: as a hyphenated UUID, or prefix and base32; both are taken everywhere (console contract, section 1.2).
    Id,
    /// A whole number.
    Int {
        /// Least.
        min: i64,
        /// Greatest; `i64::MAX` is no limit.
        max: i64,
    },
    /// Any number.
    Number,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Words(&'static [&'static str]),
    /// A list.
    List {
        /// Of what.
        of: &'static Shape,
        /// Entries at most; `usize::MAX` is no limit.
        max: usize,
    },
    /// An object whose names are not known beforehand.
    Map(&'static Shape),
    /// An object.
    Object(Object),
    /// One of several shapes.
    AnyOf(&'static [Shape]),
}

/// An object with known names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Object {
    /// Its name in the documents, unique over all surfaces; an object without one is written where it stands.
    pub name: &'static str,
    /// The members of the object that it extends.
    pub base: &'static [Field],
    /// Its own members.
    pub own: &'static [Field],
    /// What it is for.
    pub role: Role,
}

/// What an object is for, and so how much of it a reader may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Part of an answer: it holds its members and no others.
    Answer,
    /// Part of an answer that can hold more than is declared.
    Open,
    /// Part of a body: null is as good as not given, and other members are ignored.
    Input,
    /// The same, and other members are refused.
    Closed,
}

/// A member of an object.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub shape: Shape,
    /// Whether it is always there.
    pub required: bool,
    /// What it means, where the name does not say it.
    pub about: &'static str,
}

/// Any JSON value.
pub const ANY: Shape = shape(Kind::Any);
/// Any text.
pub const TEXT: Shape = text(0, usize::MAX);
/// An id in either spelling.
pub const ID: Shape = shape(Kind::Id);
/// An instant: RFC 3339, UTC, milliseconds.
pub const INSTANT: Shape = shape(Kind::Format("date-time"));
/// A whole number from zero.
pub const COUNT: Shape = int(0, i64::MAX);
/// Any number.
pub const NUMBER: Shape = shape(Kind::Number);
/// `true` or `false`.
pub const FLAG: Shape = shape(Kind::Flag);
/// An object of which nothing is known.
pub const JSON_OBJECT: Shape = map(&ANY);

const fn shape(kind: Kind) -> Shape {
    Shape { kind, null: false }
}

/// Text of `min` to `max` characters.
#[must_use]
pub const fn text(min: usize, max: usize) -> Shape {
    shape(Kind::Text { min, max })
}

/// Text of a form that JSON Schema names, e.g. `email`.
#[must_use]
pub const fn format(name: &'static str) -> Shape {
    shape(Kind::Format(name))
}

/// Text that matches an expression.
#[must_use]
pub const fn pattern(expression: &'static str) -> Shape {
    shape(Kind::Pattern(expression))
}

/// A whole number from `min` to `max`.
#[must_use]
pub const fn int(min: i64, max: i64) -> Shape {
    shape(Kind::Int { min, max })
}

/// One of these words.
#[must_use]
pub const fn words(words: &'static [&'static str]) -> Shape {
    shape(Kind::Words(words))
}

/// A list of values of one shape.
#[must_use]
pub const fn list(of: &'static Shape) -> Shape {
    shape(Kind::List { of, max: usize::MAX })
}

/// An object with values of one shape under names that are not known beforehand.
#[must_use]
pub const fn map(of: &'static Shape) -> Shape {
    shape(Kind::Map(of))
}

/// An object in an answer. With a name it is a component of the documents; with `""` it is written where it stands.
#[must_use]
pub const fn object(name: &'static str, fields: &'static [Field]) -> Shape {
    shape(Kind::Object(Object { name, base: &[], own: fields, role: Role::Answer }))
}

/// An object in an answer that can hold more than is declared.
#[must_use]
pub const fn open(name: &'static str, fields: &'static [Field]) -> Shape {
    shape(Kind::Object(Object { name, base: &[], own: fields, role: Role::Open }))
}

/// An object as input that is read with `Fields::finish_ignoring_unknown` (every body of the Flow API).
#[must_use]
pub const fn input(name: &'static str, fields: &'static [Field]) -> Shape {
    shape(Kind::Object(Object { name, base: &[], own: fields, role: Role::Input }))
}

/// An object as input that is read with `Fields::finish` (every body of the console).
#[must_use]
pub const fn closed(name: &'static str, fields: &'static [Field]) -> Shape {
    shape(Kind::Object(Object { name, base: &[], own: fields, role: Role::Closed }))
}

/// An object with everything that another one has, and more.
///
/// # Panics
/// While compiling, when the other shape is no object.
#[must_use]
pub const fn extend(name: &'static str, base: Shape, own: &'static [Field]) -> Shape {
    match base.kind {
        Kind::Object(object) => shape(Kind::Object(Object { name, base: object.own, own, role: object.role })),
        _ => panic!("only an object can be extended"),
    }
}

/// One of several shapes.
#[must_use]
pub const fn any_of(shapes: &'static [Shape]) -> Shape {
    shape(Kind::AnyOf(shapes))
}

/// A member that is always there (as input: must be given).
#[must_use]
pub const fn must(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: true, about: "" }
}

/// A member that may be left out.
#[must_use]
pub const fn may(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: false, about: "" }
}

impl Shape {
    /// The same, as a list of at most so many entries.
    #[must_use]
    pub const fn at_most(mut self, entries: usize) -> Self {
        if let Kind::List { max, .. } = &mut self.kind {
            *max = entries;
        }
        self
    }

    /// The same, or null. Members of an input that may be left out may be null anyway.
    #[must_use]
    pub const fn or_null(mut self) -> Self {
        self.null = true;
        self
    }
}

impl Object {
    /// Its members in order.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> {
        self.base.iter().chain(self.own)
    }
}

impl Field {
    /// Says what it means, in a few words.
    #[must_use]
    pub const fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }
}
