//! What a route says about itself beyond what the plumbing acts on: the part of the table that is for readers and tests.

use super::route::Route;
use super::shape::Shape;

/// What a route says about itself.
#[derive(Debug, Clone, Default)]
pub struct Doc {
    /// What it does, three to seven words, e.g. `List flows`. Unique in its surface: operation ids are made from it.
    pub summary: &'static str,
    /// More, where the summary is not enough.
    pub about: &'static str,
    /// Parameters of the query.
    pub query: Vec<Param>,
    /// Request headers that only this route looks at.
    pub headers: Vec<Param>,
    /// The body, when there is one.
    pub takes: Option<Body>,
    /// Another form of it, of another media type.
    pub takes_too: Option<Body>,
    /// Its answers, the usual one first.
    pub answers: Vec<Answer>,
    /// Statuses and codes of its own refusals; those of the plumbing are known.
    pub refuses: Vec<(u16, &'static [&'static str])>,
    /// Whether it looks at `If-Match` (412) and answers with an `ETag`.
    pub revised: bool,
}

/// A parameter.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub shape: Shape,
    /// What it does.
    pub about: &'static str,
}

/// A body.
#[derive(Debug, Clone, Copy)]
pub struct Body {
    /// Its media type.
    pub media: &'static str,
    /// Its shape.
    pub shape: Shape,
}

/// An answer that is not a refusal.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// What it carries; nothing, for 204 and redirects.
    pub body: Option<Body>,
}

const JSON: &str = "application/json";

impl Param {
    /// A parameter.
    #[must_use]
    pub const fn new(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self { name, shape, about }
    }
}

impl Route {
    /// What the route does, three to seven words; unique in its surface.
    #[must_use]
    pub fn doc(mut self, summary: &'static str) -> Self {
        self.doc.summary = summary;
        self
    }

    /// More about it, in whole sentences.
    #[must_use]
    pub fn about(mut self, about: &'static str) -> Self {
        self.doc.about = about;
        self
    }

    /// A parameter of the query.
    #[must_use]
    pub fn query(mut self, name: &'static str, shape: Shape, about: &'static str) -> Self {
        self.doc.query.push(Param::new(name, shape, about));
        self
    }

    /// Several parameters of the query, e.g. those of every list.
    #[must_use]
    pub fn queries(mut self, params: &[Param]) -> Self {
        self.doc.query.extend_from_slice(params);
        self
    }

    /// A request header that only this route looks at.
    #[must_use]
    pub fn header(mut self, name: &'static str, shape: Shape, about: &'static str) -> Self {
        self.doc.headers.push(Param::new(name, shape, about));
        self
    }

    /// Its body, as JSON.
    #[must_use]
    pub fn takes(self, shape: Shape) -> Self {
        self.takes_media(JSON, shape)
    }

    /// Its body, of another media type.
    #[must_use]
    pub fn takes_media(mut self, media: &'static str, shape: Shape) -> Self {
        self.doc.takes = Some(Body { media, shape });
        self
    }

    /// Another form of its body, of another media type.
    #[must_use]
    pub fn or_takes_media(mut self, media: &'static str, shape: Shape) -> Self {
        self.doc.takes_too = Some(Body { media, shape });
        self
    }

    /// An answer with JSON.
    #[must_use]
    pub fn answers(self, status: u16, shape: Shape) -> Self {
        self.answers_media(status, JSON, shape)
    }

    /// An answer of another media type.
    #[must_use]
    pub fn answers_media(mut self, status: u16, media: &'static str, shape: Shape) -> Self {
        self.doc.answers.push(Answer { status, body: Some(Body { media, shape }) });
        self
    }

    /// An answer without a body.
    #[must_use]
    pub fn answers_nothing(mut self, status: u16) -> Self {
        self.doc.answers.push(Answer { status, body: None });
        self
    }

    /// Codes of this route's own refusals under a status. What the plumbing refuses need not be named.
    #[must_use]
    pub fn refuses(mut self, status: u16, codes: &'static [&'static str]) -> Self {
        self.doc.refuses.push((status, codes));
        self
    }

    /// It looks at `If-Match` and answers with an `ETag`.
    #[must_use]
    pub fn revised(mut self) -> Self {
        self.doc.revised = true;
        self
    }
}
