//! Real curl, over loopback.
