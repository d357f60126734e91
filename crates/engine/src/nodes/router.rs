//! Routes of a `router`, and what a model's answer chooses among them (Workflow API contract, section 18).

use serde_json::{Map, Value};

use super::config::{self, NodeProblem};
use super::convert;
use crate::plan::Port;

/// Routes at most.
const ROUTES_MAX: usize = 500;
/// Confidence of a route that no usable answer chose.
const CONFIDENCE: f64 = 0.5;

/// The routes of a router, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Routes {
    routes: Vec<Route>,
    default: Option<String>,
}

/// One route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// What names it.
    pub value: String,
    /// What it is shown as; its value if it has none.
    pub label: String,
    /// When to take it.
    pub description: Option<String>,
}

/// What an answer chose.
#[derive(Debug, Clone, PartialEq)]
pub struct Routed {
    /// Value of the route, or the default of the router.
    pub selected: String,
    /// Label of the route.
    pub label: String,
    /// From 0 to 1.
    pub confidence: f64,
    /// Why.
    pub reasoning: String,
    /// Whether the answer named a route.
    pub understood: bool,
}

impl Routes {
    /// Reads `routes` and `defaultRoute`.
    ///
    /// # Errors
    /// Fewer than two routes, or one without a value.
    pub fn parse(config: &Map<String, Value>) -> Result<Self, Vec<NodeProblem>> {
        let Some(Value::Array(list)) = config.get("routes") else { return Err(vec![NodeProblem::missing("routes")]) };
        if !(2..=ROUTES_MAX).contains(&list.len()) {
            return Err(vec![NodeProblem::invalid("routes", format!("a router has 2 to {ROUTES_MAX} routes"))]);
        }
        let mut routes = Vec::with_capacity(list.len());
        for (at, route) in list.iter().enumerate() {
            let none = Map::new();
            let members = route.as_object().unwrap_or(&none);
            let value = match route {
                Value::Object(members) => config::first(members, &["value", "label"]),
                plain => Some(plain).filter(|plain| !plain.is_null()),
            };
            let value = value.ok_or_else(|| vec![NodeProblem::missing(&format!("routes[{at}].value"))])?;
            let value = convert::text(value);
            let label = config::text(members, &["label"]).unwrap_or(&value).to_owned();
            let description = config::text(members, &["description"]).map(str::to_owned);
            routes.push(Route { value, label, description });
        }
        let default = config::first(config, &["defaultRoute"]).map(convert::text).filter(|text| !text.is_empty());
        Ok(Self { routes, default })
    }

    /// All routes.
    #[must_use]
    pub fn all(&self) -> &[Route] {
        &self.routes
    }

    /// The route that is taken when no answer chooses: the default, else the first.
    #[must_use]
    pub fn fallback(&self) -> &str {
        self.default.as_deref().or_else(|| self.routes.first().map(|route| &*route.value)).unwrap_or_default()
    }

    /// The port of a handle: the value of a route, `route-<value>`, the default route, `default`.
    #[must_use]
    pub fn port(&self, handle: &str) -> Option<Port> {
        let by_value = |value: &str| self.routes.iter().position(|route| route.value == value);
        let named = by_value(handle).or_else(|| by_value(handle.strip_prefix("route-")?));
        match named {
            Some(at) => Some(port_at(at)),
            None if handle == "default" || self.default.as_deref() == Some(handle) => Some(port_at(self.routes.len())),
            None => None,
        }
    }

    /// The port by which a router is left that selected a value.
    #[must_use]
    pub fn port_of(&self, selected: &str) -> Port {
        self.port(selected).unwrap_or_else(|| port_at(self.routes.len()))
    }

    /// What a model's reply chose: JSON with `selectedRoute`, `confidence` and `reasoning`, code fences and words around it
    /// allowed. An unusable reply takes the fallback with half confidence.
    #[must_use]
    pub fn read(&self, reply: &str) -> Routed {
        let answer = convert::composite_in(reply).or_else(|| object_inside(reply));
        let Some(Value::Object(answer)) = answer else { return self.fall_back("The reply is not JSON") };
        let chosen = config::text(&answer, &["selectedRoute", "route", "selected_route"]).unwrap_or_default().trim();
        let is_named =
            |route: &&Route| route.value.eq_ignore_ascii_case(chosen) || route.label.eq_ignore_ascii_case(chosen);
        let Some(route) = self.routes.iter().find(is_named) else {
            return self.fall_back("The reply names no route");
        };
        let confidence = answer.get("confidence").and_then(convert::to_number).and_then(|value| value.as_f64());
        Routed {
            selected: route.value.clone(),
            label: route.label.clone(),
            confidence: confidence.unwrap_or(CONFIDENCE).clamp(0.0, 1.0),
            reasoning: config::text(&answer, &["reasoning", "reason"]).unwrap_or_default().to_owned(),
            understood: true,
        }
    }

    fn fall_back(&self, why: &str) -> Routed {
        let selected = self.fallback().to_owned();
        let label = self.routes.iter().find(|route| route.value == selected).map(|route| route.label.clone());
        Routed {
            label: label.unwrap_or_else(|| selected.clone()),
            selected,
            confidence: CONFIDENCE,
            reasoning: why.to_owned(),
            understood: false,
        }
    }
}

fn port_at(index: usize) -> Port {
    Port::branch(u16::try_from(index).unwrap_or(u16::MAX / 4))
}

/// The object that stands between words.
fn object_inside(reply: &str) -> Option<Value> {
    let (start, end) = (reply.find('{')?, reply.rfind('}')?);
    serde_json::from_str(reply.get(start..=end)?).ok()
}
