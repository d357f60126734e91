//! Saved audiences inside filters: no cycles, and the limits hold with everything in place (section 8).

use std::collections::HashMap;
use std::sync::Arc;

use super::{CONDITIONS_MAX, DEPTH_MAX, Filter, Node};
use crate::FieldProblem;
use crate::id::AudienceId;

/// The saved audiences of an app, as they are read.
#[derive(Debug, Default)]
pub struct Saved {
    filters: HashMap<AudienceId, Filter>,
}

/// Why a filter cannot use the saved audiences that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkProblem {
    /// The app has no such audience.
    Unknown(AudienceId),
    /// The audience leads back to itself.
    Cycle(AudienceId),
    /// Deeper than [`DEPTH_MAX`] with everything in place.
    TooDeep,
    /// More than [`CONDITIONS_MAX`] with everything in place.
    TooMany,
}

impl LinkProblem {
    /// As a wrong field of a request.
    #[must_use]
    pub fn at(self, path: &str) -> FieldProblem {
        let (code, message) = match self {
            Self::Unknown(id) => ("unknown", format!("There is no audience {id} in this app")),
            Self::Cycle(id) => ("cycle", format!("The audience {id} would use itself")),
            Self::TooDeep => ("range", format!("With its saved audiences the filter is more than {DEPTH_MAX} deep")),
            Self::TooMany => {
                ("range", format!("With its saved audiences the filter has more than {CONDITIONS_MAX} conditions"))
            }
        };
        FieldProblem::new(path, code, message)
    }
}

impl Saved {
    /// The audiences of an app.
    #[must_use]
    pub fn new(filters: HashMap<AudienceId, Filter>) -> Self {
        Self { filters }
    }

    /// Puts an audience in place, or another filter in its place.
    pub fn insert(&mut self, id: AudienceId, filter: Filter) {
        self.filters.insert(id, filter);
    }

    /// The audiences that name others, or `id` itself: those that a change of `id` can break.
    pub fn with_links(&self) -> impl Iterator<Item = (AudienceId, &Filter)> {
        self.filters.iter().map(|(id, filter)| (*id, filter)).filter(|(_, filter)| filter.has_audience())
    }

    /// Whether a filter can use what it names.
    ///
    /// # Errors
    /// The first [`LinkProblem`].
    pub fn check(&self, filter: &Filter) -> Result<(), LinkProblem> {
        Walk { saved: self, within: Vec::new(), conditions: 0 }.filter(filter, 1)
    }

    /// Whether an audience can use what it names: as [`Saved::check`], and it does not lead back to itself.
    ///
    /// # Errors
    /// The first [`LinkProblem`].
    pub fn check_audience(&self, id: AudienceId, filter: &Filter) -> Result<(), LinkProblem> {
        Walk { saved: self, within: vec![id], conditions: 0 }.filter(filter, 1)
    }

    /// Whether an audience can be used by itself: it is there, and so is what it names.
    ///
    /// # Errors
    /// The first [`LinkProblem`].
    pub fn check_use(&self, id: AudienceId) -> Result<(), LinkProblem> {
        let filter = self.filters.get(&id).ok_or(LinkProblem::Unknown(id))?;
        self.check_audience(id, filter)
    }

    /// Every audience with those that it names joined in. One that is missing, or leads back to itself, matches nobody there.
    #[must_use]
    pub fn link(&self) -> HashMap<AudienceId, Arc<Filter>> {
        let mut linking = Linking { saved: self, done: HashMap::with_capacity(self.filters.len()), within: Vec::new() };
        for id in self.filters.keys() {
            linking.audience(*id);
        }
        linking.done
    }
}

impl Filter {
    fn has_audience(&self) -> bool {
        self.nodes.iter().any(|node| match node {
            Node::Audience(..) => true,
            Node::Group(group) => group.has_audience(),
            Node::Condition(_) | Node::Unreadable => false,
        })
    }
}

/// A walk over a filter with its audiences in place. Each audience counts as one condition at least, which bounds the walk.
struct Walk<'a> {
    saved: &'a Saved,
    within: Vec<AudienceId>,
    conditions: usize,
}

impl Walk<'_> {
    fn filter(&mut self, filter: &Filter, depth: usize) -> Result<(), LinkProblem> {
        if depth > DEPTH_MAX {
            return Err(LinkProblem::TooDeep);
        }
        for node in &filter.nodes {
            match node {
                Node::Condition(_) | Node::Unreadable => self.count(1)?,
                Node::Group(group) => {
                    self.count(usize::from(group.nodes.is_empty()))?;
                    self.filter(group, depth + 1)?;
                }
                Node::Audience(id, _) => self.audience(*id, depth)?,
            }
        }
        Ok(())
    }

    fn audience(&mut self, id: AudienceId, depth: usize) -> Result<(), LinkProblem> {
        if self.within.contains(&id) {
            return Err(LinkProblem::Cycle(id));
        }
        let saved = self.saved;
        let filter = saved.filters.get(&id).ok_or(LinkProblem::Unknown(id))?;
        let before = self.conditions;
        self.within.push(id);
        self.filter(filter, depth + 1)?;
        self.within.pop();
        self.count(usize::from(self.conditions == before))
    }

    fn count(&mut self, conditions: usize) -> Result<(), LinkProblem> {
        self.conditions += conditions;
        if self.conditions > CONDITIONS_MAX { Err(LinkProblem::TooMany) } else { Ok(()) }
    }
}

struct Linking<'a> {
    saved: &'a Saved,
    done: HashMap<AudienceId, Arc<Filter>>,
    within: Vec<AudienceId>,
}

impl Linking<'_> {
    fn audience(&mut self, id: AudienceId) -> Option<Arc<Filter>> {
        if let Some(done) = self.done.get(&id) {
            return Some(Arc::clone(done));
        }
        // What was saved has neither cycles nor more than a few levels; a row that was changed otherwise must not end the process.
        if self.within.contains(&id) || self.within.len() > DEPTH_MAX {
            return None;
        }
        let filter = self.saved.filters.get(&id)?.clone();
        self.within.push(id);
        let linked = Arc::new(filter.link(&mut |other| self.audience(other)));
        self.within.pop();
        self.done.insert(id, Arc::clone(&linked));
        Some(linked)
    }
}
