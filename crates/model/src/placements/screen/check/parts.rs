//! What is checked about each part of a flow.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::Value;

use super::Checker;
use crate::placements::screen::actions::{shown_variables, texts_in};
use crate::placements::screen::conditions::{self, variable_of};
use crate::placements::screen::findings::Findings;
use crate::placements::screen::graph::edge_kind;
use crate::placements::screen::place::Place;
use crate::placements::screen::walk::{Owner, Part, items, text, walk};
use crate::placements::screen::words::{
    ACTION_KINDS, COMPONENT_TYPES, EDGE_KINDS, EVENTS, LIFECYCLES, NODE_KINDS, OPERATIONS, SOURCE_KINDS, VARIABLE_TYPES,
};

impl<'a> Checker<'a> {
    /// Every part, in the order of the document.
    pub(super) fn parts(&mut self, schema: &'a Value) {
        walk(schema, &mut |owner, place, part| match part {
            Part::Node(node) => self.node(owner, place, node),
            Part::Edge(edge) => self.edge(place, edge),
            Part::Variable(variable) => self.variable(place, variable),
            Part::Zone(name, zone) => self.zone(place, name, zone),
            Part::Tree => self.tree_ids.clear(),
            Part::Component(component) => self.component(place, component),
            Part::Props(_) => {}
            Part::Prop(name, value) => self.prop(place, name, value),
            Part::Interaction(interaction) => self.interaction(place, interaction),
            Part::Action(action) => self.action(place, action),
            Part::Assignment(assignment) => self.assignment(place, assignment),
            Part::Condition(condition) => {
                conditions::check(&mut self.findings, place, condition);
                self.uses(place, variable_of(condition));
            }
            Part::Variant(variant) => self.variant(owner, place, variant),
        });
    }

    fn node(&mut self, owner: Owner, place: &Place<'_>, node: &'a Value) {
        if !node.is_object() {
            self.findings.error(place, "type", || "A node is an object".to_owned());
            return;
        }
        match text(node, "id") {
            Some(id) => unique(&mut self.node_ids, &mut self.findings, place, "node", id),
            None => self.findings.error(&place.member("id"), "required", || "A node needs an `id`".to_owned()),
        }
        match text(node, "kind") {
            Some("condition") => self.condition_node(owner, place, node),
            Some("abTest") => self.ab_test(place, node),
            Some("screen") => self.layout(place, node),
            kind => self.known(&place.member("kind"), kind, &NODE_KINDS, "unknown_node_kind", "kind of node"),
        }
    }

    fn layout(&mut self, place: &Place<'_>, screen: &Value) {
        let is_drawn_here = text(screen, "screenType") != Some("custom");
        if is_drawn_here && screen.get("layout").is_none_or(|layout| !layout.is_object()) {
            self.findings.warning(&place.member("layout"), "no_layout", || "The screen has no `layout`".to_owned());
        }
    }

    fn condition_node(&mut self, owner: Owner, place: &Place<'_>, node: &Value) {
        if node.get("condition").is_none() {
            let message = || "A condition node needs a `condition`".to_owned();
            self.findings.error(&place.member("condition"), "required", message);
        }
        let Owner::Node(index) = owner else { return };
        for kind in ["conditionTrue", "conditionFalse"] {
            if !self.graph.leaves_by(index, kind) {
                self.findings
                    .error(place, "outcome_missing", || format!("A condition node needs an edge of kind `{kind}`"));
            }
        }
    }

    fn ab_test(&mut self, place: &Place<'_>, node: &Value) {
        let place = place.member("variants");
        if items(node, "variants").next().is_none() {
            self.findings.error(&place, "required", || "A test needs `variants`".to_owned());
            return;
        }
        let weights = items(node, "variants").map(|(_, variant)| variant.get("weight").and_then(Value::as_f64));
        if weights.flatten().all(|weight| weight == 0.0) {
            self.findings.warning(&place, "weights_zero", || "All weights are 0: each variant is as likely".to_owned());
        }
    }

    fn variant(&mut self, owner: Owner, place: &Place<'_>, variant: &Value) {
        if !variant.is_object() {
            self.findings.error(place, "type", || "A variant is an object".to_owned());
            return;
        }
        let weight = variant.get("weight").filter(|weight| !weight.is_null());
        if weight.is_some_and(|weight| weight.as_f64().is_none_or(|weight| weight < 0.0)) {
            self.findings.error(&place.member("weight"), "weight", || "A weight is a number from 0".to_owned());
        }
        let goes_by_edge = matches!(owner, Owner::Node(index) if self.graph.leaves_by(index, "abVariant"));
        if variant.get("targetNodeId").is_some() || !goes_by_edge {
            self.target(place, "targetNodeId", variant);
        }
    }

    fn edge(&mut self, place: &Place<'_>, edge: &'a Value) {
        if !edge.is_object() {
            self.findings.error(place, "type", || "An edge is an object".to_owned());
            return;
        }
        match text(edge, "id") {
            Some(id) => unique(&mut self.edge_ids, &mut self.findings, place, "edge", id),
            None => self.findings.warning(&place.member("id"), "no_id", || "The edge has no `id`".to_owned()),
        }
        self.target(place, "fromNodeId", edge);
        self.target(place, "toNodeId", edge);
        if edge_kind(edge).is_none_or(|kind| !EDGE_KINDS.contains(&kind)) {
            let kind = edge_kind(edge).unwrap_or("of another type").to_owned();
            self.findings
                .error(&place.member("kind"), "unknown_edge_kind", || format!("There is no kind of edge {kind}"));
        }
    }

    /// A member that has to name a node.
    fn target(&mut self, place: &Place<'_>, member: &'static str, of: &Value) {
        let place = place.member(member);
        match text(of, member) {
            None => self.findings.error(&place, "required", || format!("`{member}` has to name a node")),
            Some(id) if self.graph.index_of(id).is_none() => {
                self.findings.error(&place, "unknown_node", || format!("There is no node \"{id}\""));
            }
            Some(_) => {}
        }
    }

    fn variable(&mut self, place: &Place<'_>, variable: &Value) {
        if text(variable, "key").is_none() {
            self.findings.error(&place.member("key"), "required", || "A variable needs a `key`".to_owned());
        }
        let words: [(&str, Option<&Value>, &[&str], &'static str); 3] = [
            ("type", variable.get("type"), &VARIABLE_TYPES, "unknown_variable_type"),
            ("lifecycle", variable.get("lifecycle"), &LIFECYCLES, "unknown_lifecycle"),
            (
                "kind",
                variable.get("source").and_then(|source| source.get("kind")),
                &SOURCE_KINDS,
                "unknown_source_kind",
            ),
        ];
        for (member, value, known, code) in words {
            let parent = if member == "kind" { place.member("source") } else { *place };
            let place = parent.member(member);
            match value {
                None | Some(Value::Null) if member == "type" => {
                    self.findings.error(&place, "required", || "A variable needs a `type`".to_owned());
                }
                None | Some(Value::Null) => {}
                Some(Value::String(word)) if known.contains(&word.as_str()) => {}
                Some(_) => self.findings.error(&place, code, || format!("`{member}` is one of {}", known.join(", "))),
            }
        }
    }

    fn zone(&mut self, place: &Place<'_>, name: &str, zone: &Value) {
        // The overlay is a layer of its own; only bars are refused without these.
        if name == "overlay" {
            return;
        }
        let needed = [
            ("id", text(zone, "id").is_some(), "a text"),
            ("visible", zone.get("visible").is_some_and(Value::is_boolean), "true or false"),
            ("layout", zone.get("layout").is_some_and(Value::is_object), "a component"),
        ];
        for (member, is_there, what) in needed {
            if !is_there {
                let message = || format!("The zone {name} needs `{member}`, {what}");
                self.findings.error(&place.member(member), "required", message);
            }
        }
    }

    fn component(&mut self, place: &Place<'_>, component: &'a Value) {
        if !component.is_object() {
            self.findings.error(place, "type", || "A component is an object".to_owned());
            return;
        }
        if let Some(id) = text(component, "id")
            && !self.tree_ids.insert(id)
        {
            self.findings.error(&place.member("id"), "duplicate_id", || {
                format!("Another component of this screen has the id \"{id}\"")
            });
        }
        let kind = text(component, "type");
        self.known(&place.member("type"), kind, &COMPONENT_TYPES, "unknown_component", "type of component");
    }

    fn interaction(&mut self, place: &Place<'_>, interaction: &Value) {
        match (text(interaction, "event"), text(interaction, "customEventKey")) {
            (None, None) => {
                self.findings.error(place, "no_event", || "An interaction needs `event` or `customEventKey`".to_owned())
            }
            (event @ Some(_), None) => {
                self.known(&place.member("event"), event, &EVENTS, "unknown_event", "event");
            }
            _ => {}
        }
    }

    fn action(&mut self, place: &Place<'_>, action: &'a Value) {
        if !action.is_object() {
            self.findings.error(place, "type", || "An action is an object".to_owned());
            return;
        }
        let kind = text(action, "kind");
        self.known(&place.member("kind"), kind, &ACTION_KINDS, "unknown_action", "kind of action");
        match kind {
            Some("navigate") => self.target(place, "targetNodeId", action),
            Some("setVariable") => {
                self.uses(&place.member("variableKey"), text(action, "variableKey"));
                let operation = action.get("operation").and_then(Value::as_str);
                self.operation(&place.member("operation"), operation);
            }
            _ => {}
        }
        texts_in(action, &mut |text| self.shows(place, text));
    }

    fn assignment(&mut self, place: &Place<'_>, assignment: &'a Value) {
        self.uses(&place.member("variableKey"), text(assignment, "variableKey"));
        let expression = place.member("expression");
        let operation = assignment.get("expression").and_then(|expression| expression.get("operation"));
        self.operation(&expression.member("operation"), operation.and_then(Value::as_str));
    }

    fn operation(&mut self, place: &Place<'_>, operation: Option<&str>) {
        if operation.is_some() {
            self.known(place, operation, &OPERATIONS, "unknown_operation", "operation");
        }
    }

    fn prop(&mut self, place: &Place<'_>, name: &str, value: &'a Value) {
        if name == "variableKey" {
            self.uses(place, value.as_str().filter(|key| !key.is_empty()));
        }
        texts_in(value, &mut |text| self.shows(place, text));
    }

    fn shows(&mut self, place: &Place<'_>, text: &'a str) {
        for name in shown_variables(text) {
            self.uses(place, Some(name));
        }
    }

    /// Warns once about a variable that nobody declared. A path into a declared one is fine.
    fn uses(&mut self, place: &Place<'_>, name: Option<&'a str>) {
        let Some(name) = name else { return };
        let is_declared = self.declared.contains(name)
            || name.match_indices('.').any(|(end, _)| self.declared.contains(&name[..end]));
        if !is_declared && self.undeclared.insert(name) {
            self.findings.warning(place, "undeclared_variable", || format!("The variable {name} is not declared"));
        }
    }

    /// Warns about a word that devices may not know.
    fn known(&mut self, place: &Place<'_>, word: Option<&str>, known: &[&str], code: &'static str, what: &str) {
        match word {
            Some(word) if known.contains(&word) => {}
            Some(word) => self.findings.warning(place, code, || format!("{word} is not a known {what}")),
            None => self.findings.warning(place, code, || format!("It does not say its {what}")),
        }
    }
}

fn unique<'a>(
    seen: &mut HashMap<&'a str, String>,
    findings: &mut Findings,
    place: &Place<'_>,
    what: &str,
    id: &'a str,
) {
    match seen.entry(id) {
        Entry::Vacant(entry) => {
            entry.insert(place.pointer());
        }
        Entry::Occupied(first) => {
            let first = first.get();
            findings
                .error(&place.member("id"), "duplicate_id", || format!("The {what} {first} has the id \"{id}\" too"));
        }
    }
}
