//! Looking a sentence up and filling its variables in.

use super::Tongue;
use super::topics::TOPICS;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentError, FluentResource, FluentValue};
use std::fmt;

/// A value for a variable: text, or a number (which chooses the plural form).
pub type Arg<'a> = FluentValue<'a>;

/// The words of one language, with English beneath.
pub struct Words {
    tongue: Tongue,
    own: FluentBundle<FluentResource>,
    english: Option<FluentBundle<FluentResource>>,
}

impl Words {
    /// The words of a language. Parses its catalogues: build it once.
    #[must_use]
    pub fn of(tongue: Tongue) -> Self {
        let english = (tongue != Tongue::English).then(|| bundle(Tongue::English));
        Self { tongue, own: bundle(tongue), english }
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
        std::iter::once(&self.own)
            .chain(&self.english)
            .find_map(|bundle| format(bundle, key, &args))
            .unwrap_or_else(|| key.to_owned())
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Words").field(&self.tongue).finish()
    }
}

fn format(bundle: &FluentBundle<FluentResource>, key: &str, args: &FluentArgs<'_>) -> Option<String> {
    let pattern = bundle.get_message(key)?.value()?;
    let mut faults: Vec<FluentError> = Vec::new();
    Some(bundle.format_pattern(pattern, Some(args), &mut faults).into_owned())
}

/// What cannot be parsed is left out, and its key falls back to English; the tests hold that nothing is.
fn bundle(tongue: Tongue) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(vec![tongue.identifier()]);
    // Latin names inside Persian need the marks of UAX #9, or their order falls apart; left-to-right text does not.
    bundle.set_use_isolating(tongue.is_right_to_left());
    for topic in TOPICS {
        let resource = FluentResource::try_new(topic.text(tongue).to_owned()).unwrap_or_else(|(partly, _)| partly);
        // A key said twice keeps its first sentence.
        let _twice = bundle.add_resource(resource);
    }
    bundle
}
