//! Numbers formatted for the text of alerts.

/// Formats a number with three significant digits.
#[must_use]
pub fn short_number(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    let magnitude = libm::floor(libm::log10(x.abs()));
    if !(-4.0..6.0).contains(&magnitude) {
        return format!("{x:.2e}");
    }
    let digits = (2.0 - magnitude).max(0.0) as usize;
    let text = format!("{x:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Formats a share in percent: `61 %`, `99.9 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{} %", short_number(share * 100.0))
}

#[cfg(test)]
mod tests {
    use super::short_number;

    #[test]
    fn numbers_have_three_digits() {
        let shown = [
            (0.0, "0"),
            (0.1, "0.1"),
            (1.2345, "1.23"),
            (12345.0, "12345"),
            (1e-7, "1.00e-7"),
            (-0.0456, "-0.0456"),
        ];
        for (x, text) in shown {
            assert_eq!(short_number(x), text);
        }
    }
}
