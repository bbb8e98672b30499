//! Writing the parts of values.

use rmp::encode as write;
use rmp::encode::ValueWriteError;

use crate::cty::number::Form;
use crate::cty::{Number, ValueError};

/// Writing into memory cannot fail; the writer's signature says otherwise.
impl From<ValueWriteError> for ValueError {
    fn from(error: ValueWriteError) -> Self {
        Self::new(error.to_string())
    }
}

/// An integer or a float where it is one, and else decimal text.
pub(super) fn write_number(out: &mut Vec<u8>, number: &Number) -> Result<(), ValueError> {
    match number.form() {
        Form::Integer(value) => {
            write::write_sint(out, value)?;
        }
        Form::Float(value) => write::write_f64(out, value)?,
        Form::Decimal(text) => write::write_str(out, text)?,
    }
    Ok(())
}
