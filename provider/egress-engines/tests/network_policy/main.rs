//! The `NetworkPolicy` compiler: what it emits, and that this means what the model means.

mod cases;
mod evaluator;
mod golden;
mod meaning;
mod schema;
