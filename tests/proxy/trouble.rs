//! What can go wrong with a machine.
