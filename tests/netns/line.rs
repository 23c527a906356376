//! Trouble with the line itself, in which nobody is to be blamed.
