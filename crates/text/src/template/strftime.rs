//! `strftime` for a time that is given, in English, without a clock or a locale.
//!
//! An unknown directive is refused, never copied through: jinja2's result would differ.

use std::fmt::{self, Write};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A calendar day and a time of day, in whichever zone the caller means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CivilTime {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

/// A time that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{year}-{month}-{day} {hour}:{minute}:{second} is not a time (years 1000 to 9999)")]
pub struct CivilTimeError {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

impl fmt::Display for CivilTime {
    /// As `2026-11-20T22:04:05`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second } = self;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }
}

impl CivilTime {
    /// A checked time of the Gregorian calendar; there are no leap seconds.
    pub fn new(
        (year, month, day): (u16, u8, u8),
        (hour, minute, second): (u8, u8, u8),
    ) -> Result<Self, CivilTimeError> {
        let exists = (1000..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        if exists {
            Ok(Self { year, month, day, hour, minute, second })
        } else {
            Err(CivilTimeError { year, month, day, hour, minute, second })
        }
    }

    /// The time of its one spelling, that of [`fmt::Display`].
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let number = |from: usize, length: usize| {
            let digits = text.get(from..from + length)?;
            digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let small = |from| number(from, 2).and_then(|number| u8::try_from(number).ok());
        let date = (number(0, 4)?, small(5)?, small(8)?);
        let time = Self::new(date, (small(11)?, small(14)?, small(17)?)).ok()?;
        (time.to_string() == text).then_some(time)
    }

    /// The time in the given format; the character of an unknown directive on failure.
    pub(super) fn format(&self, format: &str) -> Result<String, char> {
        let mut out = String::with_capacity(format.len() * 2);
        let mut chars = format.chars();
        while let Some(character) = chars.next() {
            if character != '%' {
                out.push(character);
                continue;
            }
            let directive = chars.next().unwrap_or('%');
            let padded = directive != '-';
            let directive = if padded { directive } else { chars.next().unwrap_or('-') };
            self.directive(directive, padded, &mut out)?;
        }
        Ok(out)
    }

    fn directive(&self, directive: char, padded: bool, out: &mut String) -> Result<(), char> {
        let month = MONTHS[usize::from(self.month - 1)];
        let day = DAYS[usize::from(self.weekday())];
        let hour_12 = (self.hour + 11) % 12 + 1;
        let number = match directive {
            'd' => u16::from(self.day),
            'm' => u16::from(self.month),
            'y' => self.year % 100,
            'H' => u16::from(self.hour),
            'I' => u16::from(hour_12),
            'M' => u16::from(self.minute),
            'S' => u16::from(self.second),
            'Y' => self.year,
            _ if !padded => return Err('-'),
            'B' => return push(out, month),
            'b' | 'h' => return push(out, &month[..3]),
            'A' => return push(out, day),
            'a' => return push(out, &day[..3]),
            'p' => return push(out, if self.hour < 12 { "AM" } else { "PM" }),
            'F' => return push(out, &self.format("%Y-%m-%d")?),
            'T' => return push(out, &self.format("%H:%M:%S")?),
            'D' => return push(out, &self.format("%m/%d/%y")?),
            '%' => return push(out, "%"),
            other => return Err(other),
        };
        let width = if padded { 2 } else { 0 };
        write!(out, "{number:0width$}").expect("writing to a string does not fail");
        Ok(())
    }

    /// 0 is Sunday (Sakamoto's method).
    fn weekday(&self) -> u16 {
        const SHIFT: [u16; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
        let year = if self.month < 3 { self.year - 1 } else { self.year };
        let shift = SHIFT[usize::from(self.month - 1)];
        (year + year / 4 - year / 100 + year / 400 + shift + u16::from(self.day)) % 7
    }
}

fn push(out: &mut String, text: &str) -> Result<(), char> {
    out.push_str(text);
    Ok(())
}

fn days_in_month(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    }
}
