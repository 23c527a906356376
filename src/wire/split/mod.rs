//! (being filled in)
#![allow(missing_docs)]
use std::{fmt, str::FromStr};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {}
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRecipe {}
impl FromStr for Recipe {
    type Err = BadRecipe;
    fn from_str(_text: &str) -> Result<Self, BadRecipe> {
        todo!()
    }
}
impl fmt::Display for Recipe {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}
impl Recipe {
    pub fn cut(&self, _first_write: &[u8]) -> Vec<Vec<u8>> {
        todo!()
    }
}
