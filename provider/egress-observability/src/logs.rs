//! Logs of egress: which files each engine writes, what their lines say, and the configuration of a collector that reads them.
//!
//! A [`estate::LogEstate`] says whose logs are read, and [`plan::Plan`] how they are kept and where they go. Each collector is a pure
//! function from the plan to its files. No password is in any of them: they name variables of the collector's environment.

pub mod collector;
pub mod environment;
pub mod estate;
pub mod fluent_bit;
pub mod fluentd;
pub mod grammar;
pub mod opentelemetry;
pub mod output;
pub mod plan;
pub mod requirements;
