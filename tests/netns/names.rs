//! Blocks by name: what a box does that looks into the first message.
