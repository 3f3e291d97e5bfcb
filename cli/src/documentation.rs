//! `docs/CLI.md`, generated from the definitions of the command line.

use std::fmt::Write;

use clap::{Arg, Command};

use crate::failure::EXIT_CODES;

/// Returns the whole document.
pub fn markdown(mut command: Command) -> String {
    command.build();
    let mut text = String::from("# The `cidgraph` command\n\nGenerated from the command's own definitions.\n\n");
    text.push_str("| exit code | says |\n|---|---|\n");
    EXIT_CODES.iter().for_each(|(code, says)| push(&mut text, format_args!("| {code} | {says} |\n")));
    text.push('\n');
    text.push_str("## Options of every subcommand\n\n");
    write_arguments(command.get_arguments().filter(|argument| argument.is_global_set()), &mut text);
    for subcommand in visible(&command) {
        write_command(subcommand, "cidgraph", &globals(&command), &mut text);
    }
    text.push_str(include_str!("json/forms.md"));
    text
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set() && subcommand.get_name() != "help")
}

/// Returns the names of the options that a command hands down to its subcommands.
fn globals(command: &Command) -> Vec<String> {
    let global = command.get_arguments().filter(|argument| argument.is_global_set());
    global.map(|argument| argument.get_id().to_string()).collect()
}

/// Writes a command below `above`; the options in `known` have been written there.
fn write_command(command: &Command, above: &str, known: &[String], text: &mut String) {
    let depth = above.split(' ').count() + 1;
    let path = format!("{above} {}", command.get_name());
    push(text, format_args!("{} `{path}`\n\n", "#".repeat(depth)));
    let about = command.get_long_about().or_else(|| command.get_about());
    push(text, format_args!("{}\n\n", about.map(ToString::to_string).unwrap_or_default()));
    if visible(command).next().is_none() {
        let usage = command.clone().render_usage().to_string();
        push(text, format_args!("```\n{}\n```\n\n", usage.trim_start_matches("Usage: ")));
    }
    write_arguments(
        command.get_arguments().filter(|argument| !known.iter().any(|name| name == argument.get_id().as_str())),
        text,
    );
    if let Some(after) = command.get_after_help() {
        let after = after.to_string();
        let examples = after.lines().skip(1).map(str::trim).collect::<Vec<_>>().join("\n");
        push(text, format_args!("```sh\n{examples}\n```\n\n"));
    }
    for subcommand in visible(command) {
        write_command(subcommand, &path, &globals(command), text);
    }
}

fn write_arguments<'a>(arguments: impl Iterator<Item = &'a Arg>, text: &mut String) {
    let named = |argument: &&Arg| !matches!(argument.get_id().as_str(), "help" | "version");
    let rows: Vec<&Arg> = arguments.filter(named).collect();
    if rows.is_empty() {
        return;
    }
    text.push_str("| argument | means |\n|---|---|\n");
    for argument in rows {
        let values = argument.get_possible_values();
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        push(text, format_args!("| `{}` | {}", shown(argument), help.replace('|', "\\|")));
        if argument.get_action().takes_values() && !values.is_empty() && values.len() < 8 {
            let names: Vec<_> = values.iter().map(|value| format!("`{}`", value.get_name())).collect();
            push(text, format_args!("; {}", names.join(", ")));
        }
        if argument.get_action().takes_values() && !argument.get_default_values().is_empty() {
            let default = argument.get_default_values().iter().map(|value| value.to_string_lossy());
            push(text, format_args!(" (default `{}`)", default.collect::<Vec<_>>().join(" ")));
        }
        text.push_str(" |\n");
    }
    text.push('\n');
}

fn shown(argument: &Arg) -> String {
    let value = argument.get_value_names().map(|names| names.join(" ")).unwrap_or_default();
    let value = if argument.get_action().takes_values() { value } else { String::new() };
    match (argument.get_short(), argument.get_long()) {
        (Some(short), Some(long)) => format!("-{short}, --{long} {value}"),
        (None, Some(long)) => format!("--{long} {value}"),
        (Some(short), None) => format!("-{short} {value}"),
        (None, None) => value,
    }
    .trim_end()
    .replace('|', "\\|")
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("a string takes all");
}
