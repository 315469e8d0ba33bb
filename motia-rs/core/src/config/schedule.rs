//! What a cron schedule may look like, checked at compile time as far as a `const fn` can.

/// The forms that stand for a schedule.
pub const ALIASES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// The schedule that an alias stands for; any other text is given back.
#[must_use]
pub fn expand(schedule: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == schedule).map_or(schedule, |(_, fields)| fields)
}

/// Refuses schedules with the wrong number of fields, or numbers outside their field.
///
/// # Panics
/// At compile time, with advice.
pub const fn assert_schedule(schedule: &str) {
    let bytes = schedule.as_bytes();
    if !bytes.is_empty() && bytes[0] == b'@' {
        assert!(
            is_alias(bytes),
            "the schedules that start with `@` are @yearly, @annually, @monthly, @weekly, @daily, \
             @midnight and @hourly"
        );
        return;
    }
    let fields = count_fields(bytes);
    assert!(
        fields == 5 || fields == 6,
        "a cron schedule has five fields, or six with seconds first"
    );
    let mut field = if fields == 5 { 1 } else { 0 };
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] == b' ' {
            i += 1;
        } else {
            i = assert_field(bytes, i, field);
            field += 1;
        }
    }
}

/// Checks the field that starts at `i` and gives the place behind it.
const fn assert_field(schedule: &[u8], mut i: usize, field: usize) -> usize {
    const RANGES: [(u32, u32); 6] = [(0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7)];
    let (least, most) = RANGES[field];
    let mut before = b',';
    while i < schedule.len() && schedule[i] != b' ' {
        let byte = schedule[i];
        if byte.is_ascii_digit() {
            let mut number = 0;
            while i < schedule.len() && schedule[i].is_ascii_digit() {
                assert!(
                    number < 100_000,
                    "a number in a cron schedule is out of its field's range"
                );
                number = number * 10 + (schedule[i] - b'0') as u32;
                i += 1;
            }
            if before == b'/' {
                assert!(number > 0, "a step in a cron schedule (`*/n`) must not be 0");
            } else if before != b'#' {
                assert!(
                    least <= number && number <= most,
                    "a number in a cron schedule is out of its field's range"
                );
            }
            before = b'0';
            continue;
        }
        let named = field >= 3 && byte.is_ascii_alphabetic();
        let mark = matches!(byte, b'*' | b'?' | b',' | b'-' | b'/' | b'#' | b'+');
        assert!(
            named || mark,
            "a cron schedule has numbers, names of days and months, and * , - / #"
        );
        before = byte;
        i += 1;
    }
    i
}

const fn count_fields(schedule: &[u8]) -> usize {
    let (mut fields, mut i, mut inside) = (0, 0, false);
    while i < schedule.len() {
        if schedule[i] == b' ' {
            inside = false;
        } else if !inside {
            inside = true;
            fields += 1;
        }
        i += 1;
    }
    fields
}

const fn is_alias(schedule: &[u8]) -> bool {
    let mut i = 0;
    while i < ALIASES.len() {
        let alias = ALIASES[i].0.as_bytes();
        let mut same = alias.len() == schedule.len();
        let mut j = 0;
        while same && j < alias.len() {
            same = alias[j] == schedule[j];
            j += 1;
        }
        if same {
            return true;
        }
        i += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_schedules_pass() {
        for schedule in [
            "* * * * *",
            "*/5 * * * *",
            "0 0 * * 1",
            "0 9-17 * * MON-FRI",
            "*/10 * * * * *",
            "0 0 1,15 * *",
            "0 0 L * *",
            "0 0 * * 5#2",
            "@daily",
            "@hourly",
            "  0   0 1 1 * ",
        ] {
            assert_schedule(schedule);
        }
    }

    #[test]
    fn malformed_schedules_are_refused() {
        for schedule in [
            "",
            "* * * *",
            "* * * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * 32 * *",
            "* * * 13 *",
            "* * * * 8",
            "*/0 * * * *",
            "x * * * *",
            "@never",
            "99999999999 * * * *",
        ] {
            assert!(std::panic::catch_unwind(|| assert_schedule(schedule)).is_err(), "{schedule}");
        }
    }
}
