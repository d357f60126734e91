//! What uses an audience, and whether it still could after a change.

use std::fmt;

use floe_model::id::{AppId, AudienceId, PlacementId, WorkspaceId};
use floe_model::placements::decide::{RuleAudience, RuleSpec};
use floe_model::placements::filter::{Filter, LinkProblem};
use floe_model::{Fault, FieldProblem};
use floe_store::Tx;
use floe_store::placements::placements::Placement;
use floe_store::placements::{audiences, placements};
use serde_json::{Value, json};

use crate::targeting::{json_of, saved};

/// Something that uses an audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Use {
    /// A placement, by its audience or its own filter.
    Placement {
        /// Which one.
        id: PlacementId,
        /// Its key.
        key: String,
    },
    /// A targeting rule of a placement.
    Rule {
        /// Of which placement.
        id: PlacementId,
        /// The placement's key.
        key: String,
        /// Name of the rule.
        name: String,
    },
    /// Another audience.
    Audience {
        /// Which one.
        id: AudienceId,
        /// Its name.
        name: String,
    },
}

impl Use {
    /// As it is shown.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Placement { id, key } => json!({ "type": "placement", "id": id, "key": key, "name": null }),
            Self::Rule { id, key, name } => json!({ "type": "rule", "id": id, "key": key, "name": name }),
            Self::Audience { id, name } => json!({ "type": "audience", "id": id, "key": null, "name": name }),
        }
    }
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Placement { key, .. } => write!(f, "placement {key}"),
            Self::Rule { key, name, .. } if name.is_empty() => write!(f, "a rule of placement {key}"),
            Self::Rule { key, name, .. } => write!(f, "rule {name} of placement {key}"),
            Self::Audience { name, .. } => write!(f, "audience {name}"),
        }
    }
}

/// Everything that names an audience itself.
///
/// # Errors
/// Of the database.
pub fn used_by(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, id: AudienceId) -> Result<Vec<Use>, Fault> {
    let mut found = Vec::new();
    for row in placements::of_app(tx, workspace, app)? {
        if row.audience == Some(id) || own_filter(&row).is_some_and(|filter| filter.audiences().contains(&id)) {
            found.push(Use::Placement { id: row.id, key: row.key.clone() });
        }
        for rule in rules(&row) {
            let names_it = match &rule.audience {
                RuleAudience::Saved(named) => *named == id,
                RuleAudience::Filter(filter) => Filter::stored(filter).audiences().contains(&id),
            };
            if names_it {
                found.push(Use::Rule { id: row.id, key: row.key.clone(), name: rule.name });
            }
        }
    }
    for row in audiences::of_app(tx, workspace, app)? {
        if row.id != id && Filter::stored(&json_of(&row.filter)).audiences().contains(&id) {
            found.push(Use::Audience { id: row.id, name: row.name });
        }
    }
    Ok(found)
}

/// Checks a new filter of an audience: what it names is there, it does not come back to itself, and every filter that uses it,
/// directly or through others, stays within the limits.
///
/// # Errors
/// 400 at the filter, naming what would break.
pub(super) fn check(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    app: AppId,
    id: AudienceId,
    filter: &Value,
) -> Result<(), Fault> {
    let filter = Filter::stored(filter);
    let rows = audiences::of_app(tx, workspace, app)?;
    let (before, mut after) = (saved(&rows), saved(&rows));
    after.check_audience(id, &filter).map_err(|problem| refused(problem.at("/filter")))?;
    after.insert(id, filter);
    // What was broken before this change is not broken by it.
    let mut others: Vec<_> = after.with_links().filter(|(other, _)| before.check_use(*other).is_ok()).collect();
    others.sort_unstable_by_key(|(other, _)| *other);
    for (other, filter) in others {
        after.check_audience(other, filter).map_err(|problem| breaks(&format!("audience {other}"), problem))?;
    }
    for row in placements::of_app(tx, workspace, app)? {
        let of_rules = rules(&row).into_iter().filter_map(|rule| match rule.audience {
            RuleAudience::Filter(filter) => Some(Filter::stored(&filter)),
            RuleAudience::Saved(_) => None,
        });
        for filter in own_filter(&row).into_iter().chain(of_rules).filter(|filter| before.check(filter).is_ok()) {
            after.check(&filter).map_err(|problem| breaks(&format!("placement {}", row.key), problem))?;
        }
    }
    Ok(())
}

fn breaks(user: &str, problem: LinkProblem) -> Fault {
    let problem = problem.at("/filter");
    let message = format!("{user} uses this audience: {}", problem.message);
    refused(FieldProblem { message, ..problem })
}

fn refused(problem: FieldProblem) -> Fault {
    Fault::validation(vec![problem])
}

fn own_filter(row: &Placement) -> Option<Filter> {
    row.audience_filter.as_deref().map(|text| Filter::stored(&json_of(text)))
}

fn rules(row: &Placement) -> Vec<RuleSpec> {
    RuleSpec::read_all(&json_of(&row.rules), "").unwrap_or_default()
}
