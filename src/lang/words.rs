//! Looking a sentence up and filling its variables in.

use super::Tongue;
use super::topics::{TOPICS, Topic};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentError, FluentResource, FluentValue};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A value for a variable: text, or a number (which chooses the plural form).
pub type Arg<'a> = FluentValue<'a>;

/// The words of one language, with English beneath. A topic's catalogue is parsed when its first sentence is said: a
/// command says few of them, and a daemon that nobody asks says none.
pub struct Words {
    tongue: Tongue,
    topics: [OnceLock<FluentBundle<FluentResource>>; TOPICS.len()],
}

impl Words {
    /// The words of a language.
    #[must_use]
    pub const fn of(tongue: Tongue) -> Self {
        Self { tongue, topics: [const { OnceLock::new() }; TOPICS.len()] }
    }

    /// The same, each catalogue parsed once for the whole process.
    #[must_use]
    pub fn shared(tongue: Tongue) -> Arc<Self> {
        static ALL: [OnceLock<Arc<Words>>; 3] = [const { OnceLock::new() }; 3];
        let [english, russian, persian] = &ALL;
        let kept = match tongue {
            Tongue::English => english,
            Tongue::Russian => russian,
            Tongue::Persian => persian,
        };
        Arc::clone(kept.get_or_init(|| Arc::new(Self::of(tongue))))
    }

    /// Which language this is.
    #[must_use]
    pub const fn tongue(&self) -> Tongue {
        self.tongue
    }

    /// The sentence of a key that has no variables.
    #[must_use]
    pub fn say(&self, key: &str) -> String {
        self.say_with(key, &[])
    }

    /// The sentence of a key, with its variables: `say_with("common-services", &[("count", 3.into())])`.
    #[must_use]
    pub fn say_with(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        let args: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, value.clone())).collect();
        let in_english = || Self::shared(Tongue::English).sentence(key, &args);
        self.sentence(key, &args).or_else(in_english).unwrap_or_else(|| key.to_owned())
    }

    fn sentence(&self, key: &str, args: &FluentArgs<'_>) -> Option<String> {
        // Every key begins with its topic's name.
        let (name, _) = key.split_once('-')?;
        let (topic, kept) = TOPICS.iter().zip(&self.topics).find(|(topic, _)| topic.name == name)?;
        let bundle = kept.get_or_init(|| bundle(topic, self.tongue));
        let pattern = bundle.get_message(key)?.value()?;
        let mut faults: Vec<FluentError> = Vec::new();
        Some(bundle.format_pattern(pattern, Some(args), &mut faults).into_owned())
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Words").field(&self.tongue).finish()
    }
}

/// What cannot be parsed is left out, and its key falls back to English; the tests hold that nothing is.
fn bundle(topic: &Topic, tongue: Tongue) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(vec![tongue.identifier()]);
    // Latin names inside Persian need the marks of UAX #9, or their order falls apart; left-to-right text does not.
    bundle.set_use_isolating(tongue.is_right_to_left());
    let resource = FluentResource::try_new(topic.text(tongue).to_owned()).unwrap_or_else(|(partly, _)| partly);
    // A key said twice keeps its first sentence.
    let _twice = bundle.add_resource(resource);
    bundle
}
