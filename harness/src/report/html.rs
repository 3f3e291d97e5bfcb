//! The report as one HTML page: style and plots inline, no script, nothing loaded from anywhere.

use super::model::{Breakdown, Histogram, Report, SectionReport, Series, SeriesPoint};
use super::plot::{Axis, COLORS, Line, bar_plot, escape, line_plot, push};
use crate::number;
use crate::target::{Group, TargetRow};

/// Renders the page.
pub fn render_html(report: &Report) -> String {
    let mut page = String::with_capacity(64 * 1024);
    page.push_str("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.push_str("<title>Cidgraph bench report</title>\n<style>\n");
    page.push_str(include_str!("style.css"));
    page.push_str("</style></head><body><main>\n");
    push_heading(&mut page, report);
    push_targets(&mut page, &report.targets);
    for section in &report.sections {
        push_section(&mut page, section, &report.histograms);
    }
    page.push_str("</main></body></html>\n");
    page
}

fn push_heading(page: &mut String, report: &Report) {
    let met = report.targets.iter().filter(|row| row.met == Some(true)).count();
    let missed = report.targets.iter().filter(|row| row.met == Some(false)).count();
    page.push_str("<h1>Cidgraph bench report</h1>\n");
    let rest = report.targets.len() - met - missed;
    push(
        page,
        format_args!(
            "<p class=\"soft\">{met} rows met, {missed} missed, {rest} not measured at their own scale · \
             profile {} · {} s</p>\n",
            escape(&report.profile),
            number::readable(report.elapsed_seconds)
        ),
    );
    let machine = &report.machine;
    let versions: Vec<String> = report.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let facts = [
        ("processor", format!("{} × {}", machine.cores, machine.cpu)),
        ("memory", number::bytes(number::float(machine.memory_bytes))),
        ("system", format!("{}, kernel {}", machine.os, machine.kernel)),
        ("versions", versions.join(", ")),
        ("least durability", report.durability.clone()),
        ("seed", report.seed.to_string()),
    ];
    page.push_str("<dl class=\"card facts\">");
    for (name, value) in facts {
        push(page, format_args!("<div><dt>{name}</dt><dd>{}</dd></div>", escape(&value)));
    }
    page.push_str("</dl>\n");
}

fn push_targets(page: &mut String, rows: &[TargetRow]) {
    page.push_str("<h2>Targets</h2>\n<div class=\"card\"><table>\n<tr><th>target</th><th class=\"number\">asked</th>");
    page.push_str("<th class=\"number\">measured</th><th>conditions</th><th>met</th></tr>\n");
    let mut group = Group::Target;
    for row in rows {
        if row.group != group {
            page.push_str("<tr class=\"group\"><th colspan=\"5\">Bars for the parts</th></tr>\n");
            group = row.group;
        }
        push_target(page, row);
    }
    page.push_str("</table></div>\n");
}

fn push_target(page: &mut String, row: &TargetRow) {
    let unit = escape(&row.unit);
    let measured =
        row.measured.map_or_else(|| "–".to_owned(), |value| format!("<b>{}</b> {unit}", number::readable(value)));
    let (class, met) = match row.met {
        Some(true) => ("yes", "✓ met"),
        Some(false) => ("no", "✗ missed"),
        None => ("null", "–"),
    };
    push(
        page,
        format_args!(
            "<tr><td>{}</td><td class=\"number\">{} {unit}</td><td class=\"number\">{measured}</td>\
             <td class=\"soft\">{}</td><td><span class=\"met {class}\">{met}</span></td></tr>\n",
            escape(&row.name),
            escape(&row.asked),
            escape(&row.conditions).replace(" %", "&nbsp;%")
        ),
    );
}

fn push_section(page: &mut String, section: &SectionReport, histograms: &[Histogram]) {
    push(page, format_args!("<h2>{}</h2>\n", escape(&capitalised(&section.name))));
    for note in &section.notes {
        push(page, format_args!("<p class=\"soft\">{}</p>\n", escape(note)));
    }
    let histograms: Vec<&Histogram> = histograms.iter().filter(|histogram| histogram.section == section.name).collect();
    let mut plots = String::new();
    for some in evenly(&histograms) {
        let title = match some {
            [alone] => format!("{}: latency by percentile", alone.name),
            _ => "Latency by percentile".to_owned(),
        };
        push_plot(&mut plots, &title, &percentile_plot(some));
    }
    for series in section.series.iter().filter(|series| !series.points.is_empty()) {
        push_plot(&mut plots, &format!("{}: throughput over time", series.name), &throughput_plot(series));
        push_plot(&mut plots, &format!("{}: latency over time", series.name), &latency_plot(series));
    }
    for breakdown in &section.breakdowns {
        push_plot(&mut plots, &breakdown.name, &breakdown_plot(breakdown));
    }
    if !plots.is_empty() {
        push(page, format_args!("<div class=\"plots\">\n{plots}</div>\n"));
    }
    push_figures(page, section);
    push_histograms(page, &histograms);
}

/// Splits the histograms of a section into as few plots as their lines can be told apart in, about the same in each.
fn evenly<'a, 'b>(histograms: &'a [&'b Histogram]) -> impl Iterator<Item = &'a [&'b Histogram]> {
    let plots = histograms.len().div_ceil(COLORS).max(1);
    histograms.chunks(histograms.len().div_ceil(plots).max(1))
}

fn push_plot(plots: &mut String, title: &str, plot: &str) {
    push(plots, format_args!("<div class=\"card\"><h3>{}</h3>\n{plot}</div>\n", escape(&capitalised(title))));
}

fn push_figures(page: &mut String, section: &SectionReport) {
    if section.figures.is_empty() {
        return;
    }
    page.push_str("<h3>Figures</h3>\n<div class=\"card\"><table>\n");
    page.push_str("<tr><th>figure</th><th class=\"number\">value</th><th class=\"number\">samples</th></tr>\n");
    for figure in &section.figures {
        push(
            page,
            format_args!(
                "<tr><td>{}</td><td class=\"number\"><b>{}</b> {}</td><td class=\"number soft\">{}</td></tr>\n",
                escape(&spaced(&figure.name)),
                number::readable(figure.value),
                escape(&figure.unit),
                figure.samples.len()
            ),
        );
    }
    page.push_str("</table></div>\n");
}

fn push_histograms(page: &mut String, histograms: &[&Histogram]) {
    if histograms.is_empty() {
        return;
    }
    page.push_str("<h3>Latencies</h3>\n<div class=\"card\"><table>\n<tr><th>operation</th>");
    for heading in ["count", "mean", "p50", "p90", "p99", "p99.9", "max"] {
        push(page, format_args!("<th class=\"number\">{heading}</th>"));
    }
    page.push_str("</tr>\n");
    for histogram in histograms {
        let Histogram { count, mean_ns, p50_ns, p90_ns, p99_ns, p999_ns, max_ns, .. } = histogram;
        push(page, format_args!("<tr><td>{}</td>", escape(&histogram.name)));
        push(page, format_args!("<td class=\"number\">{}</td>", number::grouped(*count)));
        push(page, format_args!("<td class=\"number\">{}</td>", number::duration(*mean_ns)));
        for value in [p50_ns, p90_ns, p99_ns, p999_ns, max_ns] {
            push(page, format_args!("<td class=\"number\">{}</td>", number::duration(number::float(*value))));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table></div>\n");
}

fn percentile_plot(histograms: &[&Histogram]) -> String {
    let scaled =
        |&(quantile, value_ns): &(f64, u64)| (-(1.0 - quantile).log10(), number::float(value_ns.max(1)).log10());
    let line = |histogram: &&Histogram| Line {
        name: histogram.name.clone(),
        hint: format!("{}: p99 {}", histogram.name, number::duration(number::float(histogram.p99_ns))),
        points: histogram.curve.iter().map(scaled).collect(),
        filled: false,
    };
    let lines: Vec<Line> = histograms.iter().map(line).collect();
    let deepest = lines.iter().filter_map(|line| line.points.last()).map(|point| point.0).fold(1.0, f64::max);
    let low_ns = histograms.iter().map(|histogram| histogram.min_ns).min().unwrap_or(1);
    let high_ns = histograms.iter().map(|histogram| histogram.max_ns).max().unwrap_or(1);
    let y = Axis::durations("latency", number::float(low_ns), number::float(high_ns));
    line_plot("latency by percentile", &Axis::percentiles(deepest), &y, &lines)
}

fn throughput_plot(series: &Series) -> String {
    let rates = series.rates();
    let points: Vec<(f64, f64)> = series.points.iter().map(seconds_of).zip(rates.iter().copied()).collect();
    let highest = rates.iter().copied().fold(0.0, f64::max);
    let mean = rates.iter().sum::<f64>() / number::float_of(rates.len().max(1));
    let hint = format!("mean {}/s", number::readable(mean));
    let y = Axis::linear("answers a second", highest, |value| number::short(number::round(value)));
    let line = Line { name: series.name.clone(), hint, points, filled: true };
    line_plot("throughput over time", &time_axis(series), &y, &[line])
}

/// Draws median, 99th percentile and maximum; the lines are broken where nothing was answered.
fn latency_plot(series: &Series) -> String {
    let answered = || series.points.iter().filter(|point| point.count > 0);
    let scaled = |count, value_ns: u64| if count > 0 { number::float(value_ns.max(1)).log10() } else { f64::NAN };
    let line = |name: &str, value: fn(&SeriesPoint) -> u64| Line {
        name: name.to_owned(),
        hint: name.to_owned(),
        points: series.points.iter().map(|point| (seconds_of(point), scaled(point.count, value(point)))).collect(),
        filled: false,
    };
    let lines =
        [line("p50", |point| point.p50_ns), line("p99", |point| point.p99_ns), line("max", |point| point.max_ns)];
    let low_ns = answered().map(|point| point.p50_ns).min().unwrap_or(1);
    let high_ns = answered().map(|point| point.max_ns).max().unwrap_or(1);
    let y = Axis::durations("latency", number::float(low_ns), number::float(high_ns));
    line_plot("latency over time", &time_axis(series), &y, &lines)
}

fn time_axis(series: &Series) -> Axis {
    let end = series.points.last().map_or(1.0, seconds_of);
    Axis { high: end.max(1e-9), ..Axis::linear("seconds", end, number::readable) }
}

fn seconds_of(point: &SeriesPoint) -> f64 {
    number::float(point.start_ns) / 1e9
}

fn breakdown_plot(breakdown: &Breakdown) -> String {
    let bars: Vec<(String, f64)> =
        breakdown.parts.iter().map(|part| (part.name.clone(), number::float(part.bytes))).collect();
    bar_plot(&breakdown.name, &bars, number::bytes)
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn spaced(name: &str) -> String {
    name.replace('_', " ")
}
