//! `byway diagnose SERVICE`: the full examination, after a warning; by the running byway if there is one, else here.

use super::actions::{Actions, Launch};
use super::ask::{Asker, attend};
use super::bar::Bar;
use super::consent::consent;
use super::exit::{Exit, Failed};
use super::out::{Out, Style, Terminal};
use super::table::{Cell, Table, wrap};
use crate::control::report::{Spoken, examined_outline};
use crate::control::{Ask, Schemed, Tell};
use crate::lang::Words;
use crate::model::{Conclusion, Examined, Exhibit, Ground, LinkState, Outcome, ServiceId, Trial, Verdict};
use std::io;

/// How it was asked for.
pub(super) struct Wish {
    /// Which service.
    pub(super) service: ServiceId,
    /// For machines.
    pub(super) json: bool,
    /// The warning is known.
    pub(super) yes: bool,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Examination {
    exhibits: Vec<Exhibit>,
    link: LinkState,
    ground: Ground,
    facets: Option<Vec<Conclusion>>,
}

pub(super) fn diagnose(
    asker: &Asker,
    launch: &Launch,
    wish: &Wish,
    actions: &impl Actions,
    terminal: &mut Terminal,
) -> Result<Exit, Failed> {
    let running = asker.finds_one()?;
    let title = if running { title_there(asker, &wish.service)? } else { actions.title(launch, &wish.service)? };
    let words = &*terminal.words.clone();
    for paragraph in ["diagnose-caution-1", "diagnose-caution-2", "diagnose-caution-3"] {
        let paragraph = words.say_with(paragraph, &[("title", title.as_str().into())]);
        wrap(&paragraph, terminal.err.width()).iter().for_each(|line| terminal.note(line));
    }
    consent(&words.say_with("diagnose-question", &[("title", title.as_str().into())]), wish.yes, terminal)?;
    let bar = Bar::new(terminal);
    let mut found = Examination::default();
    let mut unsaid = Ok(());
    let mut take = |step: Examined| {
        show(&bar, &step, words);
        if wish.json && unsaid.is_ok() {
            unsaid = terminal.out.json(&Schemed::new(&step));
        }
        found.take(step);
    };
    let done = if running {
        attend(async {
            let mut answers = asker.stream(&Ask::Diagnose { service: wish.service.clone() }).await?;
            while let Some(tell) = answers.next().await? {
                if let Tell::Examined(step) = tell {
                    take(step);
                }
            }
            Ok(())
        })
    } else {
        actions.diagnose(launch, &wish.service, &mut take)
    };
    bar.clear();
    unsaid?;
    done?;
    let Some(outline) = found.facets.as_ref().map(|facets| examined_outline(found.link, facets)) else {
        return Err(Failed::new(Exit::Failed, "the examination ended before its conclusion; try again"));
    };
    if !wish.json && !terminal.quiet {
        found.render(&title, &mut terminal.out)?;
    }
    Ok(outline.into())
}

/// The name for people that the running byway has for a service; a refusal when it has no such service.
fn title_there(asker: &Asker, service: &ServiceId) -> Result<String, Failed> {
    match asker.before_consent(&Ask::Why { service: service.clone() })? {
        Tell::Why(why) => Ok(why.title),
        _ => Err(super::ask::strange()),
    }
}

fn show(bar: &Bar, step: &Examined, words: &Words) {
    match step {
        Examined::Planned { tests, .. } => bar.plan(*tests),
        Examined::Began(trial) => bar.say(format!("{} …", trial_words(words, *trial))),
        Examined::Waits { seconds } => {
            bar.say(words.say_with("diagnose-waits", &[("count", (*seconds).into())]));
        }
        Examined::Exhibit(exhibit) => {
            bar.step(format!("{}: {}", trial_words(words, exhibit.trial), brief(exhibit, words)));
        }
        Examined::Concluded { .. } => bar.say(words.say("diagnose-concluding")),
    }
}

/// What a test is.
fn trial_words(words: &Words, trial: Trial) -> String {
    words.say(&format!("diagnose-trial-{}", trial.name().replace('_', "-")))
}

/// A conclusion's heading: what, and how sure.
fn conclusion_words(conclusion: &Conclusion, spoken: Spoken<'_>) -> String {
    let facet = spoken.facet(conclusion.facet);
    let mut letters = facet.chars();
    let facet: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    let mut args = vec![("facet", facet.into()), ("confidence", spoken.confidence(conclusion.confidence).into())];
    let key = match conclusion.verdict {
        Verdict::Works => "diagnose-works",
        Verdict::Blocked(how) => {
            args.push(("how", how.to_string().into()));
            "diagnose-blocked"
        }
        Verdict::Degraded(how) => {
            args.push(("how", how.to_string().into()));
            "diagnose-degraded"
        }
        Verdict::Down => "diagnose-down",
        Verdict::Unclear => "diagnose-unclear",
    };
    spoken.0.say_with(key, &args)
}

/// What a test brought, in a few letters.
fn brief(exhibit: &Exhibit, words: &Words) -> String {
    match &exhibit.outcome {
        Outcome::Passed => words.say_with("probe-ok", &[("ms", exhibit.took_ms.into())]),
        Outcome::Failed(why) => words.say_with("probe-no", &[("how", why.as_str().into())]),
        Outcome::Skipped(_) => "–".into(),
    }
}

const fn style(outcome: &Outcome) -> Style {
    match outcome {
        Outcome::Passed => Style::Good,
        Outcome::Failed(_) => Style::Bad,
        Outcome::Skipped(_) => Style::Dim,
    }
}

impl Examination {
    pub(super) fn take(&mut self, step: Examined) {
        match step {
            Examined::Planned { .. } | Examined::Began(_) | Examined::Waits { .. } => {}
            Examined::Exhibit(exhibit) => self.exhibits.push(exhibit),
            Examined::Concluded { link, ground, facets } => {
                (self.link, self.ground, self.facets) = (link, ground, Some(facets));
            }
        }
    }

    /// The page for a person: what it means, facet by facet, then everything it rests on.
    pub(super) fn render(&self, title: &str, out: &mut Out) -> io::Result<()> {
        let paragraph = |text: &str, style: Style, out: &mut Out| {
            wrap(text, out.width()).iter().try_for_each(|line| out.line(&out.paint(style, line)))
        };
        let line = if self.link == LinkState::Online { Style::Dim } else { Style::Doubt };
        let words = &*out.words();
        let spoken = Spoken(words);
        let reason = spoken.link_reason(self.link, self.ground);
        paragraph(&words.say_with("diagnose-head", &[("title", title.into()), ("why", reason.into())]), line, out)?;
        for facet in self.facets.iter().flatten() {
            out.line("")?;
            let style = match facet.verdict {
                Verdict::Works => Style::Good,
                Verdict::Blocked(_) | Verdict::Down => Style::Bad,
                Verdict::Degraded(_) | Verdict::Unclear => Style::Doubt,
            };
            paragraph(&conclusion_words(facet, spoken), style, out)?;
            paragraph(&facet.says, Style::Plain, out)?;
        }
        if self.exhibits.is_empty() {
            return Ok(());
        }
        out.line("")?;
        let titles = ["diagnose-facet", "diagnose-way", "diagnose-result", "diagnose-shows"].map(|key| words.say(key));
        let mut table = Table::new(&titles.each_ref().map(String::as_str), &[2, 3]);
        for exhibit in &self.exhibits {
            let says = match &exhibit.outcome {
                Outcome::Skipped(why) if !why.is_empty() => format!("{}; {why}", exhibit.says),
                _ => exhibit.says.clone(),
            };
            table.row([
                exhibit.facet.map(|facet| spoken.facet_title(facet)).unwrap_or_default().into(),
                exhibit.via.as_ref().map(ToString::to_string).unwrap_or_default().into(),
                Cell::new(brief(exhibit, words), style(&exhibit.outcome)),
                says.into(),
            ]);
        }
        table.write(out)
    }
}
