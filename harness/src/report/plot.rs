//! Plots as inline SVG: lines over two axes, and bars. Colours are classes that the page's style defines.

use std::fmt::Write;

use crate::number;

/// The most decades of a percentile axis that have room for a label each.
const DECADES_LABELLED_MAX: f64 = 5.5;

/// Series that the style has colours for; further ones begin again.
pub(super) const COLORS: usize = 6;

const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 66.0;
const RIGHT: f64 = 18.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 40.0;

/// An axis whose values are already on its scale (a logarithm, for example).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    /// What it says.
    pub(super) label: &'static str,
    /// The value at its start.
    pub(super) low: f64,
    /// The value at its end.
    pub(super) high: f64,
    /// Places that have a label.
    pub(super) ticks: Vec<(f64, String)>,
}

/// A line of a plot.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Its name.
    pub(super) name: String,
    /// What the pointer shows.
    pub(super) hint: String,
    /// (x, y) on the axes' scales; the line is broken where y is not a number.
    pub(super) points: Vec<(f64, f64)>,
    /// Whether the area below it is filled.
    pub(super) filled: bool,
}

impl Axis {
    /// Makes a logarithmic axis of durations that covers `low_ns` to `high_ns`.
    pub(super) fn durations(label: &'static str, low_ns: f64, high_ns: f64) -> Self {
        let low = low_ns.max(1.0).log10().floor();
        let high = high_ns.max(2.0).log10().max(low + 0.5);
        let steps: &[f64] = if high - low > 4.0 {
            &[1.0]
        } else if high - low > 2.0 {
            &[1.0, 3.0]
        } else {
            &[1.0, 2.0, 5.0]
        };
        let mut ticks = Vec::new();
        let mut decade = low;
        while decade <= high {
            for step in steps {
                let value = decade + step.log10();
                if value <= high + 0.02 {
                    ticks.push((value, number::duration(step * 10_f64.powf(decade))));
                }
            }
            decade += 1.0;
        }
        Self { label, low, high: high + 0.05, ticks }
    }

    /// Makes the axis of a percentile curve: each step of one is a tenth of what lies above.
    pub(super) fn percentiles(high: f64) -> Self {
        let labels = ["0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %", "99.9999 %"];
        let step = if high > DECADES_LABELLED_MAX { 2 } else { 1 };
        let ticks = (0_u32..).map(f64::from).zip(labels.map(str::to_owned)).step_by(step);
        let ticks = ticks.filter(|tick| tick.0 <= high + 0.02).collect();
        Self { label: "percentile", low: 0.0, high, ticks }
    }

    /// Makes a linear axis from 0 to a little above `high`.
    pub(super) fn linear(label: &'static str, high: f64, show: impl Fn(f64) -> String) -> Self {
        let high = if high > 0.0 { high } else { 1.0 };
        let raw = high / 5.0;
        let decade = 10_f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].iter().map(|step| step * decade).find(|step| *step >= raw).unwrap_or(raw);
        let mut ticks = Vec::new();
        let mut value = 0.0;
        while value <= high * 1.05 {
            ticks.push((value, show(value)));
            value += step;
        }
        Self { label, low: 0.0, high: high * 1.05, ticks }
    }

    fn share(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// Draws lines over two axes, with a legend where there is more than one.
pub(super) fn line_plot(title: &str, x: &Axis, y: &Axis, lines: &[Line]) -> String {
    let mut svg = String::new();
    if lines.len() > 1 {
        push_legend(&mut svg, lines);
    }
    let title = escape(title);
    push(&mut svg, format_args!(r#"<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">"#));
    push_axes(&mut svg, x, y);
    for (index, line) in lines.iter().enumerate() {
        push_line(&mut svg, line, index % COLORS, x, y);
    }
    svg.push_str("</svg>\n");
    svg
}

fn push_legend(svg: &mut String, lines: &[Line]) {
    svg.push_str(r#"<div class="legend">"#);
    for (index, line) in lines.iter().enumerate() {
        let name = escape(&line.name);
        push(svg, format_args!(r#"<span><i class="b{}"></i>{name}</span>"#, index % COLORS));
    }
    svg.push_str("</div>");
}

fn place_x(axis: &Axis, value: f64) -> f64 {
    LEFT + axis.share(value) * (WIDTH - LEFT - RIGHT)
}

fn place_y(axis: &Axis, value: f64) -> f64 {
    HEIGHT - BOTTOM - axis.share(value) * (HEIGHT - TOP - BOTTOM)
}

fn push_axes(svg: &mut String, x: &Axis, y: &Axis) {
    let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    for (value, label) in &y.ticks {
        let at = place_y(y, *value);
        push(svg, format_args!(r#"<path class="grid" d="M{LEFT} {at:.1}H{right}"/>"#));
        push(svg, format_args!(r#"<text x="{:.1}" y="{:.1}" class="end">{label}</text>"#, LEFT - 8.0, at + 4.0));
    }
    for (value, label) in &x.ticks {
        let at = place_x(x, *value);
        push(svg, format_args!(r#"<path class="grid" d="M{at:.1} {TOP}V{bottom}"/>"#));
        let side = if at > right - 20.0 { "end" } else { "middle" };
        push(svg, format_args!(r#"<text x="{at:.1}" y="{:.1}" class="{side}">{label}</text>"#, bottom + 17.0));
    }
    push(svg, format_args!(r#"<path class="axis" d="M{LEFT} {bottom}H{right}"/>"#));
    let middle = f64::midpoint(LEFT, right);
    push(svg, format_args!(r#"<text x="{middle:.1}" y="{:.1}" class="middle label">{}</text>"#, HEIGHT - 5.0, x.label));
    let middle = f64::midpoint(TOP, bottom);
    let turn = format!("translate(12 {middle:.1}) rotate(-90)");
    push(svg, format_args!(r#"<text transform="{turn}" class="middle label">{}</text>"#, y.label));
}

fn push_line(svg: &mut String, line: &Line, color: usize, x: &Axis, y: &Axis) {
    let (Some(first), Some(last)) = (line.points.first(), line.points.last()) else { return };
    let mut path = String::new();
    let mut letter = 'M';
    for &(at_x, at_y) in &line.points {
        if at_y.is_nan() {
            letter = 'M';
            continue;
        }
        push(&mut path, format_args!("{letter}{:.1} {:.1}", place_x(x, at_x), place_y(y, at_y)));
        letter = 'L';
    }
    if line.filled {
        let bottom = HEIGHT - BOTTOM;
        let (start, end) = (place_x(x, first.0), place_x(x, last.0));
        let path = path.trim_start_matches('M');
        push(svg, format_args!(r#"<path class="a{color}" d="M{start:.1} {bottom}L{path}L{end:.1} {bottom}Z"/>"#));
    }
    let hint = escape(&line.hint);
    push(svg, format_args!(r#"<path class="l{color}" d="{path}"><title>{hint}</title></path>"#));
}

/// Draws one bar a row, the longest first; each with its name before and its size behind.
pub(super) fn bar_plot(title: &str, bars: &[(String, f64)], show: impl Fn(f64) -> String) -> String {
    const ROW: f64 = 26.0;
    const NAMES: f64 = 150.0;
    const SIZES: f64 = 120.0;
    let total: f64 = bars.iter().map(|bar| bar.1).sum();
    let longest = bars.iter().map(|bar| bar.1).fold(f64::MIN_POSITIVE, f64::max);
    let mut sorted: Vec<&(String, f64)> = bars.iter().collect();
    sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut svg = String::new();
    let height = number::float_of(bars.len()) * ROW;
    let title = escape(title);
    push(&mut svg, format_args!(r#"<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">"#));
    for (row, (name, size)) in sorted.into_iter().enumerate() {
        let top = number::float_of(row) * ROW;
        let length = (size / longest * (WIDTH - NAMES - SIZES)).max(1.5);
        let (text, name) = (top + 17.0, escape(name));
        let share = if total > 0.0 { size / total * 100.0 } else { 0.0 };
        push(&mut svg, format_args!(r#"<text x="{:.1}" y="{text:.1}" class="end name">{name}</text>"#, NAMES - 10.0));
        push(
            &mut svg,
            format_args!(
                r#"<rect class="f0" x="{NAMES}" y="{:.1}" width="{length:.1}" height="16" rx="2"/>"#,
                top + 5.0
            ),
        );
        let at = NAMES + length + 8.0;
        let size = show(*size);
        push(&mut svg, format_args!(r#"<text x="{at:.1}" y="{text:.1}">{size} · {share:.0} %</text>"#));
    }
    svg.push_str("</svg>\n");
    svg
}

/// Writes text so that HTML and SVG show it as it is.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Adds formatted text.
pub(super) fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("a string takes all text");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_labels_at_round_values() {
        let labels = |axis: Axis| axis.ticks.into_iter().map(|tick| tick.1).collect::<Vec<_>>().join(" | ");
        assert_eq!(labels(Axis::durations("", 900.0, 20_000.0)), "100 ns | 300 ns | 1 µs | 3 µs | 10 µs");
        assert_eq!(labels(Axis::percentiles(3.2)), "0 % | 90 % | 99 % | 99.9 %");
        assert_eq!(labels(Axis::percentiles(6.0)), "0 % | 99 % | 99.99 % | 99.9999 %");
        assert_eq!(labels(Axis::linear("", 10_000.0, number::readable)), "0 | 2,000 | 4,000 | 6,000 | 8,000 | 10,000");
        assert_eq!(labels(Axis::linear("", 0.0, number::readable)), "0 | 0.200 | 0.400 | 0.600 | 0.800 | 1");
    }

    #[test]
    fn text_cannot_break_out_of_the_page() {
        assert_eq!(escape(r#"<a href="x">&</a>"#), "&lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;");
    }
}
