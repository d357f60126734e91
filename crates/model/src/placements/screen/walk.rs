//! One way through a schema that every check and every collection shares.
//!
//! [`walk`] calls back with each part that means something, in the order of the document. Parts of the wrong JSON type are called back
//! too, so that the checks can name them; nothing is entered that is not what it should be. The depth is bounded by whoever parsed the
//! schema (serde_json stops at 128).

use serde_json::{Map, Value};

use super::place::Place;

/// To what a part belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The node at this index.
    Node(usize),
    /// The flow, or a zone that is there on every screen.
    Flow,
}

/// One part of a schema.
pub(super) enum Part<'a> {
    /// An item of `nodes`.
    Node(&'a Value),
    /// An item of `edges`.
    Edge(&'a Value),
    /// An item of `variables`.
    Variable(&'a Value),
    /// A zone of `persistentUI`, with its name.
    Zone(&'static str, &'a Value),
    /// A component is the root of a tree; its parts follow.
    Tree,
    /// A component.
    Component(&'a Value),
    /// The `props` of a screen or component.
    Props(&'a Map<String, Value>),
    /// One plain value of a prop: of `static` and `conditional` ones what they hold.
    Prop(&'a str, &'a Value),
    /// An item of `interactions`.
    Interaction(&'a Value),
    /// An item of `actions`.
    Action(&'a Value),
    /// An item of `assignments`, of a node or an action.
    Assignment(&'a Value),
    /// A condition, nested ones too.
    Condition(&'a Value),
    /// A variant of an `abTest`.
    Variant(&'a Value),
}

/// Zones of `persistentUI`.
const ZONES: [&str; 3] = ["navigationBar", "footer", "overlay"];
/// Zones of the old `chrome`.
const CHROME: [&str; 2] = ["header", "footer"];
/// Props that hold a background, in the flow itself.
const BACKGROUND: &str = "background";

/// Calls back with every part.
pub(super) fn walk<'a>(schema: &'a Value, each: &mut dyn FnMut(Owner, &Place<'_>, Part<'a>)) {
    let top = Place::TOP;
    for (index, node) in items(schema, "nodes") {
        Walker { each, owner: Owner::Node(index) }.node(&top.member("nodes").item(index), node);
    }
    let mut walker = Walker { each, owner: Owner::Flow };
    for (index, edge) in items(schema, "edges") {
        walker.edge(&top.member("edges").item(index), edge);
    }
    for (index, variable) in items(schema, "variables") {
        (walker.each)(Owner::Flow, &top.member("variables").item(index), Part::Variable(variable));
    }
    walker.zones(&top, schema);
    if let Some(background) = schema.get(BACKGROUND) {
        walker.prop(&top.member(BACKGROUND), BACKGROUND, background);
    }
}

/// The items of an array member; none when it is not an array.
pub(super) fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = (usize, &'a Value)> {
    value.get(name).and_then(Value::as_array).into_iter().flatten().enumerate()
}

/// A member that is a text with something in it.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

struct Walker<'w, 'a> {
    each: &'w mut dyn FnMut(Owner, &Place<'_>, Part<'a>),
    owner: Owner,
}

impl<'a> Walker<'_, 'a> {
    fn tell(&mut self, place: &Place<'_>, part: Part<'a>) {
        (self.each)(self.owner, place, part);
    }

    fn node(&mut self, place: &Place<'_>, node: &'a Value) {
        self.tell(place, Part::Node(node));
        self.props(&place.member("props"), node.get("props"));
        if let Some(layout) = node.get("layout") {
            self.tree(&place.member("layout"), layout);
        }
        let settings = place.member("screenSettings");
        for (name, zone) in node.get("screenSettings").and_then(Value::as_object).into_iter().flatten() {
            let zone_place = settings.member(name);
            if let Some(layout @ Value::Object(_)) = zone.get("replaceLayout") {
                self.tree(&zone_place.member("replaceLayout"), layout);
            }
            self.props(&zone_place.member("componentProps"), zone.get("componentProps"));
        }
        if let Some(custom) = node.get("customScreen") {
            let place = place.member("customScreen");
            self.props(&place.member("props"), custom.get("props"));
            self.props(&place.member("inputs"), custom.get("inputs"));
        }
        if let Some(condition) = node.get("condition") {
            self.condition(&place.member("condition"), condition);
        }
        self.assignments(place, node);
        for (index, variant) in items(node, "variants") {
            self.tell(&place.member("variants").item(index), Part::Variant(variant));
        }
    }

    fn edge(&mut self, place: &Place<'_>, edge: &'a Value) {
        self.tell(place, Part::Edge(edge));
        if let Some(guard) = edge.get("guard").filter(|guard| !guard.is_null()) {
            self.condition(&place.member("guard"), guard);
        }
    }

    fn zones(&mut self, top: &Place<'_>, schema: &'a Value) {
        for (parent, names) in [("persistentUI", ZONES.as_slice()), ("chrome", CHROME.as_slice())] {
            let Some(zones) = schema.get(parent) else { continue };
            let parent_place = top.member(parent);
            for &name in names {
                let Some(zone) = zones.get(name).filter(|zone| !zone.is_null()) else { continue };
                let place = parent_place.member(name);
                if parent == "persistentUI" {
                    self.tell(&place, Part::Zone(name, zone));
                }
                self.props(&place.member("props"), zone.get("props"));
                if let Some(layout) = zone.get("layout").filter(|layout| layout.is_object()) {
                    self.tree(&place.member("layout"), layout);
                }
            }
        }
    }

    fn tree(&mut self, place: &Place<'_>, root: &'a Value) {
        self.tell(place, Part::Tree);
        self.component(place, root);
    }

    fn component(&mut self, place: &Place<'_>, component: &'a Value) {
        self.tell(place, Part::Component(component));
        self.props(&place.member("props"), component.get("props"));
        for (index, interaction) in items(component, "interactions") {
            let place = place.member("interactions");
            self.interaction(&place.item(index), interaction);
        }
        for (index, child) in items(component, "children") {
            self.component(&place.member("children").item(index), child);
        }
    }

    fn interaction(&mut self, place: &Place<'_>, interaction: &'a Value) {
        self.tell(place, Part::Interaction(interaction));
        for (index, action) in items(interaction, "actions") {
            let actions = place.member("actions");
            let place = actions.item(index);
            self.tell(&place, Part::Action(action));
            self.assignments(&place, action);
        }
    }

    fn assignments(&mut self, place: &Place<'_>, of: &'a Value) {
        for (index, assignment) in items(of, "assignments") {
            self.tell(&place.member("assignments").item(index), Part::Assignment(assignment));
        }
    }

    fn condition(&mut self, place: &Place<'_>, condition: &'a Value) {
        self.tell(place, Part::Condition(condition));
        for (index, nested) in items(condition, "conditions") {
            self.condition(&place.member("conditions").item(index), nested);
        }
        if let Some(negated) = condition.get("condition") {
            self.condition(&place.member("condition"), negated);
        }
    }

    fn props(&mut self, place: &Place<'_>, props: Option<&'a Value>) {
        let Some(props) = props.and_then(Value::as_object) else { return };
        self.tell(place, Part::Props(props));
        for (name, value) in props {
            self.prop(&place.member(name), name, value);
        }
    }

    /// A prop is a plain value, or an object of type `static` or `conditional` that holds some (section 10.4).
    fn prop(&mut self, place: &Place<'_>, name: &'a str, value: &'a Value) {
        match value.get("type").and_then(Value::as_str) {
            Some("static") if value.get("value").is_some() => self.prop(&place.member("value"), name, &value["value"]),
            Some("conditional") if value.get("cases").is_some_and(Value::is_array) => {
                for (index, case) in items(value, "cases") {
                    let cases = place.member("cases");
                    let place = cases.item(index);
                    if let Some(when) = case.get("when") {
                        self.condition(&place.member("when"), when);
                    }
                    if let Some(value) = case.get("value") {
                        self.prop(&place.member("value"), name, value);
                    }
                }
                if let Some(otherwise) = value.get("else") {
                    self.prop(&place.member("else"), name, otherwise);
                }
            }
            _ => self.tell(place, Part::Prop(name, value)),
        }
    }
}
