//! The commands as a person or a script meets them: arguments in, text and exit code out.

mod against_a_byway;
mod alone;
mod doctor;
mod examine;
mod lists;
mod packaging;
mod pages;
mod readme;
mod report;
mod set_up;
mod stage;
