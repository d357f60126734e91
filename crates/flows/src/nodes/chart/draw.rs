//! Charts as SVG. The same numbers give the same drawing.

use std::f64::consts::TAU;
use std::fmt::Write as _;

use floe_engine::event::StepError;

use super::super::failure::invalid;
use super::data::Numbers;

const COLORS: [&str; 8] = ["#2563eb", "#f59e0b", "#10b981", "#ef4444", "#8b5cf6", "#0ea5e9", "#84cc16", "#ec4899"];
/// Lines across the chart.
const LINES: u32 = 5;
/// Labels below the chart at most; of more of them some are left out.
const LABELS_SHOWN: usize = 12;
/// Characters of a label that are shown.
const LABEL_CHARS: usize = 18;

/// How numbers are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Bar,
    Line,
    Area,
    Scatter,
    Pie,
    Doughnut,
}

impl Form {
    /// Reads the word.
    ///
    /// # Errors
    /// VALIDATION for another one.
    pub(super) fn parse(word: &str) -> Result<Self, StepError> {
        match word {
            "bar" | "column" => Ok(Self::Bar),
            "line" => Ok(Self::Line),
            "area" => Ok(Self::Area),
            "scatter" => Ok(Self::Scatter),
            "pie" => Ok(Self::Pie),
            "doughnut" | "donut" => Ok(Self::Doughnut),
            _ => Err(invalid("chartType is not one of bar, line, area, scatter, pie, doughnut")),
        }
    }
}

/// The sheet that is drawn on, in pixels.
pub(super) struct Sheet<'a> {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) title: &'a str,
}

/// The drawing.
pub(super) fn chart(form: Form, numbers: &Numbers, sheet: &Sheet<'_>) -> String {
    let (width, height) = (sheet.width, sheet.height);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\"><rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>"
    );
    text(&mut svg, width / 2.0, 24.0, "middle", sheet.title, " font-size=\"16\" font-weight=\"bold\"");
    match form {
        Form::Pie => round(&mut svg, numbers, sheet, 0.0),
        Form::Doughnut => round(&mut svg, numbers, sheet, 0.55),
        _ => framed(&mut svg, form, numbers, sheet),
    }
    svg.push_str("</svg>");
    svg
}

/// Where numbers stand between two axes.
struct Frame {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    low: f64,
    high: f64,
}

impl Frame {
    fn of(numbers: &Numbers, sheet: &Sheet<'_>) -> Self {
        let all = || numbers.series.iter().flat_map(|(_, values)| values).copied();
        let (low, high) = (all().fold(0.0, f64::min), all().fold(0.0, f64::max));
        let high = if high > low { high } else { low + 1.0 };
        let (left, top) = (64.0, 48.0);
        Self { left, top, width: sheet.width - left - 24.0, height: sheet.height - top - 72.0, low, high }
    }

    fn y(&self, value: f64) -> f64 {
        self.top + self.height * (1.0 - (value - self.low) / (self.high - self.low))
    }

    /// The middle of a place among many.
    fn x(&self, at: usize, of: usize) -> f64 {
        self.left + self.width * (at as f64 + 0.5) / of as f64
    }
}

fn framed(svg: &mut String, form: Form, numbers: &Numbers, sheet: &Sheet<'_>) {
    let frame = Frame::of(numbers, sheet);
    for line in 0..=LINES {
        let value = frame.low + (frame.high - frame.low) * f64::from(line) / f64::from(LINES);
        let (y, right) = (frame.y(value), frame.left + frame.width);
        let _ = write!(
            svg,
            "<line x1=\"{:.1}\" y1=\"{y:.1}\" x2=\"{right:.1}\" y2=\"{y:.1}\" stroke=\"#e5e7eb\"/>",
            frame.left
        );
        text(svg, frame.left - 8.0, y + 4.0, "end", &plain(value), "");
    }
    let count = numbers.labels.len();
    let step = count.div_ceil(LABELS_SHOWN).max(1);
    for (at, label) in numbers.labels.iter().enumerate().step_by(step) {
        text(svg, frame.x(at, count), frame.top + frame.height + 18.0, "middle", &cut(label), "");
    }
    for (at, (_, values)) in numbers.series.iter().enumerate() {
        let color = COLORS[at % COLORS.len()];
        match form {
            Form::Bar => bars(svg, &frame, values, at, numbers.series.len(), count, color),
            Form::Scatter => points(svg, &frame, values, count, color),
            _ => {
                line(svg, &frame, values, count, color, form == Form::Area);
                points(svg, &frame, values, count, color);
            }
        }
    }
    let names: Vec<&str> = numbers.series.iter().map(|(name, _)| name.as_str()).collect();
    if names.iter().any(|name| !name.is_empty()) {
        let y = sheet.height - 20.0;
        for (at, name) in names.iter().enumerate() {
            let x = frame.left + frame.width * at as f64 / names.len() as f64;
            key(svg, x, y, COLORS[at % COLORS.len()], &cut(name));
        }
    }
}

fn bars(svg: &mut String, frame: &Frame, values: &[f64], at: usize, of: usize, count: usize, color: &str) {
    let room = frame.width / count as f64 * 0.8;
    let width = room / of as f64;
    for (place, value) in values.iter().enumerate() {
        let x = frame.x(place, count) - room / 2.0 + width * at as f64;
        let (from, to) = (frame.y(0.0), frame.y(*value));
        let (y, height) = (from.min(to), (from - to).abs());
        let _ = write!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{color}\"/>"
        );
    }
}

fn line(svg: &mut String, frame: &Frame, values: &[f64], count: usize, color: &str, is_filled: bool) {
    let place = |(at, value): (usize, &f64)| format!("{:.1},{:.1}", frame.x(at, count), frame.y(*value));
    let path: Vec<String> = values.iter().enumerate().map(place).collect();
    let path = path.join(" ");
    if is_filled {
        let (first, last) = (frame.x(0, count), frame.x(values.len().saturating_sub(1), count));
        let base = frame.y(0.0);
        let _ = write!(
            svg,
            "<polygon points=\"{first:.1},{base:.1} {path} {last:.1},{base:.1}\" fill=\"{color}\" fill-opacity=\"0.25\"/>"
        );
    }
    let _ = write!(svg, "<polyline points=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>");
}

fn points(svg: &mut String, frame: &Frame, values: &[f64], count: usize, color: &str) {
    for (at, value) in values.iter().enumerate() {
        let (x, y) = (frame.x(at, count), frame.y(*value));
        let _ = write!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{color}\"/>");
    }
}

/// A pie of the first series; `hole` is the part of its radius that is left out. Negative values have no slice.
fn round(svg: &mut String, numbers: &Numbers, sheet: &Sheet<'_>, hole: f64) {
    let values: Vec<f64> =
        numbers.series.first().map_or(&[][..], |(_, values)| values).iter().map(|one| one.max(0.0)).collect();
    let total: f64 = values.iter().sum();
    let radius = ((sheet.height - 80.0) / 2.0).min(sheet.width / 4.0);
    let (x, y) = (sheet.width / 3.0, sheet.height / 2.0 + 16.0);
    let mut turned = 0.0;
    for (at, value) in values.iter().enumerate() {
        let part = if total > 0.0 { value / total } else { 0.0 };
        let color = COLORS[at % COLORS.len()];
        // A whole circle is no arc.
        if part >= 1.0 {
            let _ = write!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{color}\"/>");
        } else if part > 0.0 {
            let end = |turn: f64| (x + radius * (turn * TAU).sin(), y - radius * (turn * TAU).cos());
            let ((x1, y1), (x2, y2)) = (end(turned), end(turned + part));
            let large = u8::from(part > 0.5);
            let _ = write!(
                svg,
                "<path d=\"M{x:.1},{y:.1} L{x1:.1},{y1:.1} A{radius:.1},{radius:.1} 0 {large} 1 {x2:.1},{y2:.1} Z\" fill=\"{color}\" stroke=\"#ffffff\"/>"
            );
        }
        turned += part;
        let label = numbers.labels.get(at).map_or("", String::as_str);
        if at < LABELS_SHOWN {
            let told = format!("{}: {} ({:.1}%)", cut(label), plain(*value), part * 100.0);
            key(svg, sheet.width * 0.66, 64.0 + 22.0 * at as f64, color, &told);
        }
    }
    if hole > 0.0 {
        let _ = write!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{:.1}\" fill=\"#ffffff\"/>", radius * hole);
    }
}

fn key(svg: &mut String, x: f64, y: f64, color: &str, told: &str) {
    let _ = write!(svg, "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"12\" height=\"12\" fill=\"{color}\"/>", y - 10.0);
    text(svg, x + 18.0, y, "start", told, "");
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, told: &str, more: &str) {
    if told.is_empty() {
        return;
    }
    let told: String = told.chars().filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')).collect();
    let told = told.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ =
        write!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"#111827\"{more}>{told}</text>");
}

fn cut(label: &str) -> String {
    let short: String = label.chars().take(LABEL_CHARS).collect();
    if short.len() < label.len() { format!("{short}…") } else { short }
}

/// A number with two digits behind the point at most.
fn plain(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(form: &str, values: &[f64]) -> String {
        let labels = (0..values.len()).map(|at| format!("<{at}>")).collect();
        let numbers = Numbers { labels, series: vec![("s & t".to_owned(), values.to_vec())] };
        let sheet = Sheet { width: 800.0, height: 500.0, title: "A <b>\u{1} & c" };
        chart(Form::parse(form).expect(form), &numbers, &sheet)
    }

    #[test]
    fn each_form_draws_each_number() {
        for (form, mark, count) in [
            ("bar", "<rect x", 4),
            ("line", "<circle", 3),
            ("area", "<polygon", 1),
            ("scatter", "<circle", 3),
            ("pie", "<path", 3),
            ("doughnut", "<path", 3),
        ] {
            let svg = drawn(form, &[1.0, 2.5, 4.0]);
            assert_eq!(svg.matches(mark).count(), count, "{form} {svg}");
            assert!(svg.contains("A &lt;b&gt; &amp; c") && !svg.contains("<b>"), "{svg}");
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }

    #[test]
    fn odd_numbers_are_drawn_too() {
        for values in [&[0.0][..], &[0.0, 0.0], &[-5.0, -1.0], &[-1.0, 1e300], &[7.0]] {
            for form in ["bar", "line", "area", "scatter", "pie", "doughnut"] {
                let svg = drawn(form, values);
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{form} {values:?} {svg}");
            }
        }
        assert_eq!((plain(1.50), plain(2.0), plain(-0.254)), ("1.5".to_owned(), "2".to_owned(), "-0.25".to_owned()));
    }
}
