//! Numbers.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

mod decimal;

/// A number of any precision, equal to another when the values are equal, whatever their spelling.
///
/// Terraform computes with 512-bit floats, writes what neither `i64` nor `f64` holds as decimal text, and holds two numbers
/// for equal when their shortest decimal texts are (go-cty, `rawNumberEqual`). So text is kept as text, and a float counts
/// as its shortest decimal: `0.1` as a float equals `0.1` as text.
#[derive(Clone, Debug)]
pub struct Number(Repr);

/// Each value has one representation, but for a float that is not exactly its own shortest decimal: that one stays a float,
/// because so it came over the wire, while the same text stays text.
#[derive(Clone, Debug)]
enum Repr {
    /// Every integer that fits.
    Integer(i64),
    /// A float with a fraction, or an infinity. Never NaN.
    Float(f64),
    /// Any other: plain decimal text without exponent, sign of plus, or needless zeros.
    Decimal(Box<str>),
}

/// A number as the wire formats tell it apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form<'a> {
    /// Fits `i64`.
    Integer(i64),
    /// Has a fraction or is infinite, and is what this float says.
    Float(f64),
    /// Only the decimal text says it.
    Decimal(&'a str),
}

/// Text that is not a decimal number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a decimal number")]
pub struct ParseNumberError(String);

impl Number {
    /// Positive infinity, which a configuration can compute but hardly any attribute takes.
    pub const INFINITY: Self = Self(Repr::Float(f64::INFINITY));
    /// Negative infinity.
    pub const NEG_INFINITY: Self = Self(Repr::Float(f64::NEG_INFINITY));

    /// The number that this float is, or `None` for NaN, which Terraform does not have.
    pub fn from_f64(value: f64) -> Option<Self> {
        if value.is_nan() {
            None
        } else if value.is_finite() && value.fract() == 0.0 {
            // An integral float prints as digits only.
            Some(Self::from_plain(&value.to_string()))
        } else {
            Some(Self(Repr::Float(value)))
        }
    }

    /// Takes text as [`decimal::plain`] makes it.
    fn from_plain(text: &str) -> Self {
        if let Ok(integer) = text.parse() {
            return Self(Repr::Integer(integer));
        }
        match text.parse::<f64>() {
            Ok(float) if text.contains('.') && decimal::is_exactly(text, float) => Self(Repr::Float(float)),
            _ => Self(Repr::Decimal(text.into())),
        }
    }

    pub(super) fn form(&self) -> Form<'_> {
        match &self.0 {
            Repr::Integer(value) => Form::Integer(*value),
            Repr::Float(value) => Form::Float(*value),
            Repr::Decimal(text) => Form::Decimal(text),
        }
    }

    /// The value, if it is an integer that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Repr::Integer(value) => Some(value),
            Repr::Float(_) | Repr::Decimal(_) => None,
        }
    }

    /// The value, if it is an integer that fits.
    pub fn as_u64(&self) -> Option<u64> {
        match &self.0 {
            Repr::Integer(value) => u64::try_from(*value).ok(),
            Repr::Float(_) => None,
            Repr::Decimal(text) => text.parse().ok(),
        }
    }

    /// The nearest float; infinite beyond the range of `f64`.
    pub fn as_f64(&self) -> f64 {
        match &self.0 {
            // Rounding to the nearest float is what the method is for.
            #[expect(clippy::cast_precision_loss)]
            Repr::Integer(value) => *value as f64,
            Repr::Float(value) => *value,
            Repr::Decimal(text) => text.parse().unwrap_or(f64::NAN),
        }
    }

    /// Whether it has no fraction and is finite.
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Repr::Integer(_) => true,
            Repr::Float(_) => false,
            Repr::Decimal(text) => !text.contains('.'),
        }
    }
}

/// Plain decimal text without exponent; `inf` and `-inf` for the infinities.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Integer(value) => value.fmt(f),
            Repr::Float(value) => value.fmt(f),
            Repr::Decimal(text) => text.fmt(f),
        }
    }
}

/// Accepts what JSON does, and a leading plus, leading zeros, and a missing integer or fraction part.
impl FromStr for Number {
    type Err = ParseNumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(integer) = text.parse() {
            return Ok(Self(Repr::Integer(integer)));
        }
        decimal::plain(text).map(|text| Self::from_plain(&text)).ok_or_else(|| ParseNumberError(text.to_owned()))
    }
}

macro_rules! from_integers {
    ($($small:ty),*; $($large:ty),*) => {
        $(impl From<$small> for Number {
            fn from(value: $small) -> Self {
                Self(Repr::Integer(value.into()))
            }
        })*
        $(impl From<$large> for Number {
            fn from(value: $large) -> Self {
                Self(i64::try_from(value).map_or_else(|_| Repr::Decimal(value.to_string().into()), Repr::Integer))
            }
        })*
    };
}

from_integers!(i8, i16, i32, i64, u8, u16, u32; u64, usize, i128, u128);

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Integer(a), Repr::Integer(b)) => a.cmp(b),
            (Repr::Float(a), Repr::Float(b)) => a.total_cmp(b),
            (Repr::Float(a), _) if a.is_infinite() => a.total_cmp(&0.0),
            (_, Repr::Float(b)) if b.is_infinite() => 0.0_f64.total_cmp(b),
            _ => decimal::compare(&self.to_string(), &other.to_string()),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.0 {
            Repr::Integer(value) => value.hash(state),
            // A float and a text may be equal, so both hash as text.
            Repr::Float(_) | Repr::Decimal(_) => self.to_string().hash(state),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cty::arbitrary::numbers;

    #[test]
    fn one_value_has_one_spelling() {
        let cases = [
            ("0", "0"),
            ("-0", "0"),
            ("+7", "7"),
            ("007", "7"),
            ("1.50", "1.5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1e3", "1000"),
            ("1.25e1", "12.5"),
            ("125e-4", "0.0125"),
            ("-1E+2", "-100"),
            ("0.0e9", "0"),
            ("9223372036854775808", "9223372036854775808"),
            ("0.1234567890123456789012345678901234567890", "0.123456789012345678901234567890123456789"),
        ];
        for (text, plain) in cases {
            assert_eq!(text.parse::<Number>().unwrap().to_string(), plain, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_number() {
        for text in ["", "-", ".", "e5", "1e", "1e5.0", "0x10", "1_000", " 1", "NaN", "inf", "١", "1e9999999999", "--1"]
        {
            assert_eq!(text.parse::<Number>(), Err(ParseNumberError(text.to_owned())));
        }
        assert_eq!(Number::from_f64(f64::NAN), None);
    }

    #[test]
    fn a_float_is_its_shortest_decimal() {
        for (float, text) in
            [(0.1, "0.1"), (2.5, "2.5"), (1e21, "1000000000000000000000"), (-3.0, "-3"), (1e-7, "0.0000001")]
        {
            let number = Number::from_f64(float).unwrap();
            assert_eq!(number, text.parse().unwrap(), "{text}");
            assert_eq!(number.to_string(), text);
        }
        assert_ne!(Number::from_f64(0.1).unwrap(), "0.1000000000000000055511151231257827".parse().unwrap());
    }

    #[test]
    fn only_exact_text_becomes_a_float() {
        let float = |text: &str| matches!(text.parse::<Number>().unwrap().form(), Form::Float(_));
        assert!(float("2.5") && float("-0.375") && float("1099511627776.5"));
        assert!(!float("0.1") && !float("0.3000000000000000165"));
        // Exactly the float 0.1, but that float would come back as 0.1.
        assert!(!float("0.1000000000000000055511151231257827021181583404541015625"));
    }

    #[test]
    fn integers_are_read_where_they_fit() {
        let number = Number::from(u64::MAX);
        assert_eq!((number.as_i64(), number.as_u64()), (None, Some(u64::MAX)));
        let number = Number::from(-1);
        assert_eq!((number.as_i64(), number.as_u64()), (Some(-1), None));
        let number: Number = "1.5".parse().unwrap();
        assert_eq!((number.as_i64(), number.as_u64(), number.is_integer()), (None, None, false));
        assert!(Number::from(u128::MAX).is_integer());
    }

    #[test]
    fn orders_by_value() {
        let ascending = [
            Number::NEG_INFINITY,
            "-100000000000000000000".parse().unwrap(),
            "-10.5".parse().unwrap(),
            "-10.25".parse().unwrap(),
            Number::from(0),
            "0.1".parse().unwrap(),
            Number::from_f64(0.25).unwrap(),
            Number::from(9),
            Number::from(10),
            "10.0000000000000000000000000001".parse().unwrap(),
            Number::from(u64::MAX),
            Number::INFINITY,
        ];
        for (a, low) in ascending.iter().enumerate() {
            for (b, high) in ascending.iter().enumerate() {
                assert_eq!(low.cmp(high), a.cmp(&b), "{low} and {high}");
            }
        }
    }

    proptest! {
        #[test]
        fn text_is_read_back(number in numbers()) {
            prop_assume!(number.as_f64().is_finite() || number.is_integer());
            prop_assert_eq!(number.to_string().parse::<Number>().unwrap(), number);
        }

        #[test]
        fn floats_order_as_floats(a in any::<f64>(), b in any::<f64>()) {
            let (Some(left), Some(right)) = (Number::from_f64(a), Number::from_f64(b)) else { return Ok(()) };
            prop_assert_eq!(Some(left.cmp(&right)), a.partial_cmp(&b));
        }
    }
}
