//! Which fonts a flow draws with, and which uploaded files that takes (Placements contract, section 11.3).

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::place::Place;
use super::walk::{Owner, Part, walk};

/// Fonts of a flow at most; an app can upload fewer. What a flow names beyond is not looked at.
const USES_MAX: usize = 1_000;
/// Weight of text that says none.
const WEIGHT_NORMAL: u16 = 400;
/// Weights of the wire, lightest and boldest.
const WEIGHTS: (u16, u16) = (100, 900);
/// Up to this weight the lighter of two equally near files is taken, above it the bolder one, as browsers do.
const LIGHTER_UP_TO: u16 = 500;
/// How a colour or font of `globalStyles` is named.
const TOKEN: &str = "token:";

/// Whether a font is slanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FontStyle {
    /// `italic`.
    Italic,
    /// `normal`.
    Normal,
}

impl FontStyle {
    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Italic => "italic",
            Self::Normal => "normal",
        }
    }

    /// Reads the word on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Italic, Self::Normal].into_iter().find(|style| style.as_str() == text)
    }
}

impl fmt::Display for FontStyle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A font that a flow draws with. The order is that of the wire: family, weight, style.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FontUse {
    /// Family as the flow names it.
    pub family: String,
    /// 100 to 900.
    pub weight: u16,
    /// Slanted or not.
    pub style: FontStyle,
}

/// An uploaded font file; compared as [`FontUse`] is.
pub type FontFace = FontUse;

/// Every font that a flow draws with: of `fontFamily`, `fontWeight` and `fontStyle` props wherever they are, and of
/// `globalStyles.fonts`. Sorted, each once. A weight without a family is drawn in the families of `globalStyles`, else in the
/// device's own, which needs no file.
#[must_use]
pub fn fonts_used(schema: &Value) -> Vec<FontUse> {
    places(schema).into_keys().collect()
}

/// Every font with the pointer of its first use.
pub(super) fn places(schema: &Value) -> BTreeMap<FontUse, String> {
    let mut fonts = Fonts { global: global(schema), used: BTreeMap::new() };
    let styles = Place::TOP.member("globalStyles");
    let globals = styles.member("fonts");
    for (name, family) in fonts.global.clone() {
        let font = FontUse { family: family.to_owned(), weight: WEIGHT_NORMAL, style: FontStyle::Normal };
        fonts.used.entry(font).or_insert_with(|| globals.member(name).pointer());
    }
    walk(schema, &mut |_: Owner, place, part| {
        if let Part::Props(props) = part {
            fonts.gather(place, props);
        }
    });
    fonts.used
}

/// Which of the uploaded files a flow that draws with `used` needs: for each use the family's nearest weight, in its style where there
/// is such a file, else in the other one. Indices into `uploaded`, each once, in the order of family, weight and style.
#[must_use]
pub fn fonts_served(used: &[FontUse], uploaded: &[FontFace]) -> Vec<usize> {
    let mut chosen: Vec<usize> = used.iter().filter_map(|font| nearest(font, uploaded)).collect();
    chosen.sort_by(|&a, &b| uploaded[a].cmp(&uploaded[b]).then(a.cmp(&b)));
    chosen.dedup();
    chosen
}

fn nearest(font: &FontUse, uploaded: &[FontFace]) -> Option<usize> {
    let of_family = uploaded.iter().enumerate().filter(|(_, face)| face.family == font.family);
    let (index, _) = of_family.min_by_key(|(_, face)| {
        let is_bolder = face.weight > font.weight;
        let is_second = is_bolder != (font.weight > LIGHTER_UP_TO);
        (face.style != font.style, face.weight.abs_diff(font.weight), is_second)
    })?;
    Some(index)
}

struct Fonts<'a> {
    global: Vec<(&'a str, &'a str)>,
    used: BTreeMap<FontUse, String>,
}

impl Fonts<'_> {
    /// The fonts of an object with props, and of the objects inside.
    fn gather(&mut self, place: &Place<'_>, props: &Map<String, Value>) {
        self.add(place, props);
        for (name, value) in props {
            self.gather_inside(&place.member(name), value);
        }
    }

    fn gather_inside(&mut self, place: &Place<'_>, value: &Value) {
        match value {
            Value::Object(members) => self.gather(place, members),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.gather_inside(&place.item(index), item);
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, place: &Place<'_>, props: &Map<String, Value>) {
        let families: Vec<&str> = plain(props.get("fontFamily")).into_iter().filter_map(Value::as_str).collect();
        let weights: Vec<u16> = plain(props.get("fontWeight")).into_iter().filter_map(weight_of).collect();
        if self.used.len() >= USES_MAX || families.is_empty() && weights.is_empty() {
            return;
        }
        let (member, families): (_, Vec<&str>) = if families.is_empty() {
            ("fontWeight", self.global.iter().map(|&(_, family)| family).collect())
        } else {
            ("fontFamily", families.into_iter().map(|family| resolve(&self.global, family)).collect())
        };
        let weights = if weights.is_empty() { vec![WEIGHT_NORMAL] } else { weights };
        let styles = styles_of(props);
        let place = place.member(member);
        for family in families.into_iter().filter(|family| !family.is_empty() && !family.contains("{{")) {
            for &weight in &weights {
                for &style in &styles {
                    if self.used.len() >= USES_MAX {
                        return;
                    }
                    let font = FontUse { family: family.to_owned(), weight, style };
                    self.used.entry(font).or_insert_with(|| place.pointer());
                }
            }
        }
    }
}

/// A family, which may be called by its name in `globalStyles.fonts`.
fn resolve<'a>(global: &[(&str, &'a str)], family: &'a str) -> &'a str {
    let name = family.strip_prefix(TOKEN).unwrap_or(family);
    global.iter().find(|(known, _)| *known == name).map_or(name, |&(_, family)| family)
}

/// `globalStyles.fonts`: the families by their names.
fn global(schema: &Value) -> Vec<(&str, &str)> {
    let fonts = schema.get("globalStyles").and_then(|styles| styles.get("fonts")).and_then(Value::as_object);
    let named = fonts.into_iter().flatten().filter_map(|(name, family)| Some((name.as_str(), family.as_str()?)));
    named.filter(|(_, family)| !family.is_empty()).collect()
}

/// What a prop can be: of `static` and `conditional` ones the values that they hold (section 10.4).
fn plain(prop: Option<&Value>) -> Vec<&Value> {
    let Some(prop) = prop else { return Vec::new() };
    match prop.get("type").and_then(Value::as_str) {
        Some("static") => plain(prop.get("value")),
        Some("conditional") => {
            let cases = prop.get("cases").and_then(Value::as_array).into_iter().flatten();
            cases.map(|case| case.get("value")).chain([prop.get("else")]).flat_map(plain).collect()
        }
        _ => vec![prop],
    }
}

/// A weight as a number, a text with one, or a word.
fn weight_of(value: &Value) -> Option<u16> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "thin" => 100.0,
            "ultralight" | "extralight" => 200.0,
            "light" => 300.0,
            "regular" | "normal" => f64::from(WEIGHT_NORMAL),
            "medium" => 500.0,
            "semibold" | "demibold" => 600.0,
            "bold" => 700.0,
            "heavy" | "extrabold" | "ultrabold" => 800.0,
            "black" => 900.0,
            number => number.parse::<f64>().ok().filter(|number| number.is_finite())?,
        },
        _ => return None,
    };
    let (lightest, boldest) = WEIGHTS;
    Some(number.round().clamp(f64::from(lightest), f64::from(boldest)) as u16)
}

fn styles_of(props: &Map<String, Value>) -> Vec<FontStyle> {
    let words = plain(props.get("fontStyle")).into_iter().filter_map(Value::as_str);
    let flags = plain(props.get("italic")).into_iter().filter_map(Value::as_bool);
    let slanted = |is_slanted: bool| if is_slanted { FontStyle::Italic } else { FontStyle::Normal };
    let mut styles: Vec<FontStyle> =
        words.map(|word| slanted(matches!(word, "italic" | "oblique"))).chain(flags.map(slanted)).collect();
    styles.sort_unstable();
    styles.dedup();
    if styles.is_empty() {
        styles.push(FontStyle::Normal);
    }
    styles
}
