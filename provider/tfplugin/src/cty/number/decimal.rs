//! Decimal text: the one plain spelling of a number, and the order of two.

use std::cmp::Ordering;

/// The most zeros that an exponent may add. Terraform's own limit is far higher; this one keeps a few bytes of input from
/// becoming gigabytes.
const MAX_EXPONENT: i64 = 4096;

/// The plain spelling: digits, with a minus and a fraction where needed and no needless zeros, and no exponent. `None` when
/// the text is not a decimal number.
pub(super) fn plain(text: &str) -> Option<String> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (unsigned, 0),
    };
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [integer, fraction].concat();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) || exponent.abs() > MAX_EXPONENT {
        return None;
    }
    // Where the point stands in `digits`; it may be left or right of all of them.
    let point = i64::try_from(integer.len()).ok()? + exponent;
    let (integer, fraction) = match usize::try_from(point) {
        Ok(point) if point >= digits.len() => (digits.clone() + &"0".repeat(point - digits.len()), String::new()),
        Ok(point) => (digits[..point].to_owned(), digits[point..].to_owned()),
        Err(_) => (String::new(), "0".repeat(usize::try_from(-point).ok()?) + &digits),
    };
    let integer = integer.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let mut plain = String::with_capacity(integer.len() + fraction.len() + 3);
    if negative && !(integer.is_empty() && fraction.is_empty()) {
        plain.push('-');
    }
    plain.push_str(if integer.is_empty() { "0" } else { integer });
    if !fraction.is_empty() {
        plain.push('.');
        plain.push_str(fraction);
    }
    Some(plain)
}

/// Whether this plain text is both the shortest text of the float and exactly its value.
pub(super) fn is_exactly(plain: &str, float: f64) -> bool {
    float.is_finite() && float.to_string() == plain && fraction_digits(plain) == exact_fraction_digits(float)
}

fn fraction_digits(plain: &str) -> u64 {
    plain.split_once('.').map_or(0, |(_, fraction)| fraction.len() as u64)
}

/// How many digits after the point the exact decimal expansion of a finite float has: a float is an odd integer over a
/// power of two, and each halving adds one digit.
fn exact_fraction_digits(float: f64) -> u64 {
    const MANTISSA_BITS: u32 = f64::MANTISSA_DIGITS - 1;
    const BIAS: i64 = f64::MAX_EXP as i64 - 1 + MANTISSA_BITS as i64;
    let bits = float.to_bits();
    let biased = i64::try_from((bits >> MANTISSA_BITS) & 0x7ff).unwrap_or(0);
    let fraction = bits & ((1 << MANTISSA_BITS) - 1);
    // A subnormal float has the exponent of the smallest normal one and no implied bit.
    let (mantissa, exponent) =
        if biased == 0 { (fraction, 1 - BIAS) } else { (fraction | (1 << MANTISSA_BITS), biased - BIAS) };
    if mantissa == 0 {
        return 0;
    }
    u64::try_from(-(exponent + i64::from(mantissa.trailing_zeros()))).unwrap_or(0)
}

/// The order of two plain texts by value.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    match (a.strip_prefix('-'), b.strip_prefix('-')) {
        (None, None) => compare_magnitude(a, b),
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => compare_magnitude(b, a),
    }
}

fn compare_magnitude(a: &str, b: &str) -> Ordering {
    let (a_integer, a_fraction) = a.split_once('.').unwrap_or((a, ""));
    let (b_integer, b_fraction) = b.split_once('.').unwrap_or((b, ""));
    // Without needless zeros more digits before the point is more, and digits compare as text does.
    a_integer
        .len()
        .cmp(&b_integer.len())
        .then_with(|| a_integer.cmp(b_integer))
        .then_with(|| a_fraction.cmp(b_fraction))
}
