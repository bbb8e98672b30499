//! The pure rules until their modules are there.

pub(crate) mod config_check {
    use crate::cty::Value;
    use crate::diagnostic::Diagnostics;
    use crate::schema::Schema;

    pub(crate) fn check(_: &Schema, _: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    pub(crate) fn refuse_write_only(_: &Schema, _: &Value) -> Diagnostics {
        Diagnostics::new()
    }
}
