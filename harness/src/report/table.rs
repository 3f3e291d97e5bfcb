//! The target table for a terminal.

use unicode_width::UnicodeWidthStr;

use crate::number;
use crate::target::{Group, TargetRow};

const HEADINGS: [&str; 5] = ["target", "asked", "measured", "conditions", "met"];

/// The column that is folded where the table is too wide.
const CONDITIONS: usize = 3;

/// Columns narrower than this hold no conditions worth reading.
const CONDITIONS_WIDTH_MIN: usize = 16;

/// Renders the table within `width` columns, as far as its other columns leave 16 for the conditions, which are folded.
pub fn render_table(rows: &[TargetRow], width: usize) -> String {
    let cells: Vec<[String; 5]> = rows.iter().map(cells).collect();
    let mut widths = HEADINGS.map(UnicodeWidthStr::width);
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let others: usize = widths.iter().sum::<usize>() - widths[CONDITIONS] + 2 * (HEADINGS.len() - 1);
    widths[CONDITIONS] = widths[CONDITIONS].min(width.saturating_sub(others).max(CONDITIONS_WIDTH_MIN));
    let mut text = String::new();
    push_row(&mut text, &HEADINGS.map(str::to_owned), &widths);
    push_rule(&mut text, &widths);
    let mut group = Group::Target;
    for (row, cells) in rows.iter().zip(&cells) {
        if row.group != group {
            push_rule(&mut text, &widths);
            group = row.group;
        }
        push_row(&mut text, cells, &widths);
    }
    text
}

fn cells(row: &TargetRow) -> [String; 5] {
    let with_unit = |number: &str| format!("{number} {}", row.unit).trim_end().to_owned();
    let measured = row.measured.map_or_else(|| "–".to_owned(), |value| with_unit(&number::readable(value)));
    let met = match row.met {
        Some(true) => "yes",
        Some(false) => "NO",
        None => "–",
    };
    [row.name.clone(), with_unit(&row.asked), measured, row.conditions.clone(), met.to_owned()]
}

fn push_row(text: &mut String, cells: &[String; 5], widths: &[usize; 5]) {
    let folded = fold(&cells[CONDITIONS], widths[CONDITIONS]);
    for (line, part) in folded.iter().enumerate() {
        let mut written = String::new();
        for (column, cell) in cells.iter().enumerate() {
            let cell = match (column, line) {
                (CONDITIONS, _) => part.as_str(),
                (_, 0) => cell.as_str(),
                _ => "",
            };
            let padding = " ".repeat(widths[column].saturating_sub(cell.width()));
            let is_number = column == 1 || column == 2;
            written.push_str(&if is_number { format!("{padding}{cell}") } else { format!("{cell}{padding}") });
            written.push_str("  ");
        }
        text.push_str(written.trim_end());
        text.push('\n');
    }
}

fn push_rule(text: &mut String, widths: &[usize; 5]) {
    let rule: Vec<String> = widths.iter().map(|&width| "─".repeat(width)).collect();
    text.push_str(&rule.join("  "));
    text.push('\n');
}

/// Breaks text at blanks into lines of at most `width` columns; a longer word stands alone. At least one line.
fn fold(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.width() + 1 + word.width() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_folded_at_blanks() {
        let check = |text, width, expected: &[&str]| assert_eq!(fold(text, width), expected);
        check("", 5, &[""]);
        check("one two", 7, &["one two"]);
        check("one two", 6, &["one", "two"]);
        check("µµµ µµµ", 7, &["µµµ µµµ"]);
        check("unbreakable", 4, &["unbreakable"]);
    }
}
