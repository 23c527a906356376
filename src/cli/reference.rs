//! `byway completions` and `byway man`: made from the grammar itself, so that they cannot disagree with it.

use super::args::Line;
use super::exit::{EXITS, Exit, Failed};
use super::out::Out;
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use std::io;

pub(super) fn completions(shell: Shell, out: &mut Out) -> Result<Exit, Failed> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Line::command(), "byway", &mut script);
    out.raw(&script)?;
    Ok(Exit::Ok)
}

/// One page: the command, each subcommand with its options, then the exit status.
pub(super) fn manual(out: &mut Out) -> Result<Exit, Failed> {
    let mut page = Vec::new();
    write_manual(&mut page)?;
    out.raw(&page)?;
    Ok(Exit::Ok)
}

fn write_manual(page: &mut Vec<u8>) -> io::Result<()> {
    let mut command = Line::command().after_help("");
    command.build();
    let man = Man::new(command.clone()).title("BYWAY").section("1").manual("byway");
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    let mut roff = Roff::default();
    roff.control("SH", ["COMMANDS"]);
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        subcommand(sub, &mut roff);
    }
    roff.control("SH", ["EXIT STATUS"]);
    for (exit, words) in EXITS {
        roff.control("TP", []).text([bold(exit.code().to_string())]).text([roman(words)]);
    }
    roff.control("SH", ["ENVIRONMENT"]);
    for (name, words) in [
        ("BYWAY_CONFIG, BYWAY_CONTROL, BYWAY_COLOR", "as --config, --control and --color"),
        ("BYWAY_KEY, BYWAY_TABLE__KEY", "one setting of the configuration file each, as --set"),
        ("NO_COLOR, CLICOLOR_FORCE, TERM, COLUMNS", "whether to use colours, and how wide the terminal is"),
    ] {
        roff.control("TP", []).text([bold(name)]).text([roman(words)]);
    }
    roff.to_writer(page)
}

fn subcommand(sub: &Command, roff: &mut Roff) {
    let positionals = sub.get_positionals().map(|arg| {
        let name = arg.get_value_names().and_then(<[_]>::first).map_or("", |name| name.as_str());
        if arg.is_required_set() { format!(" {name}") } else { format!(" [{name}]") }
    });
    roff.control("SS", [format!("{}{}", sub.get_name(), positionals.collect::<String>()).as_str()]);
    roff.text([roman(sub.get_about().map(ToString::to_string).unwrap_or_default())]);
    for arg in sub.get_arguments().filter(|arg| !arg.is_positional()) {
        if arg.is_global_set() || matches!(arg.get_id().as_str(), "help" | "version") {
            continue;
        }
        let short = arg.get_short().map(|letter| format!("-{letter}, ")).unwrap_or_default();
        let long = arg.get_long().map(|name| format!("--{name}")).unwrap_or_default();
        let value = match arg.get_value_names() {
            Some([name, ..]) if arg.get_action().takes_values() => format!(" {name}"),
            _ => String::new(),
        };
        let words = arg.get_help().map(ToString::to_string).unwrap_or_default();
        roff.control("TP", []).text([bold(format!("{short}{long}{value}"))]).text([roman(words)]);
    }
}
