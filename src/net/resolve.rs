//! placeholder
/// placeholder
pub struct Resolver;
