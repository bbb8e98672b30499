//! What is emitted: that it agrees with the table, that Prometheus' own tools take it, and that each alert fires when it should and not
//! otherwise.

mod agreement;
mod cases;
mod dashboards;
mod estates;
mod exporters;
mod expressions;
mod golden;
mod guide;
mod hubble;
mod judge;
mod logs;
mod promtool;
mod refusals;
mod schema;
mod server;
mod vmalert;
