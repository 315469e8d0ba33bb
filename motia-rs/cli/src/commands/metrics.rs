//! What the running app counts.

use serde_json::{Value, json};

use super::{text, whole};
use crate::{Failure, ask::App, output::Output};

pub(super) fn run(app: &App, part: Option<&str>, output: Output) -> Result<(), Failure> {
    let mut document = app.get("/api/metrics")?;
    if let (Some(part), Some(items)) = (part, document["items"].as_array_mut()) {
        items.retain(|metric| text(&metric["name"]).contains(part));
        if items.is_empty() {
            let told = format!("no metric has `{part}` in its name; `metrics` lists them");
            return Err(Failure::refused(told));
        }
    }
    if output.is_json() {
        output.document(&document);
        return Ok(());
    }
    let metrics = document["items"].as_array().into_iter().flatten();
    let rows: Vec<_> = metrics.flat_map(rows).collect();
    let columns = [
        ("METRIC", "/name"),
        ("LABELS", "/labels"),
        ("VALUE", "/value"),
        ("WHAT IT COUNTS", "/help"),
    ];
    output.list(&whole(&rows), &columns);
    Ok(())
}

/// A row for each combination of labels; what it counts is said in the first.
fn rows(metric: &Value) -> Vec<Value> {
    let samples = metric["samples"].as_array().map_or(&[][..], Vec::as_slice);
    let row = |(n, sample): (usize, &Value)| {
        json!({
            "name": metric["name"],
            "labels": labels(&sample["labels"]),
            "value": value(sample),
            "help": if n == 0 { text(&metric["help"]) } else { "" },
        })
    };
    samples.iter().enumerate().map(row).collect()
}

fn labels(labels: &Value) -> String {
    let labels = labels.as_object().into_iter().flatten();
    let shown = labels.map(|(name, label)| format!("{name}={}", text(label)));
    shown.collect::<Vec<_>>().join(" ")
}

/// The number; of a histogram, how many were seen and how large they are on average.
fn value(sample: &Value) -> String {
    let number = |name: &str| sample[name].as_f64();
    match (number("value"), number("count"), number("sum")) {
        (Some(value), ..) => shown(value),
        (None, Some(count), Some(sum)) if count > 0.0 => {
            format!("{}, each {} on average", shown(count), shown(sum / count))
        }
        (None, count, _) => shown(count.unwrap_or_default()),
    }
}

/// Whole where it is, and otherwise with as many digits as tell something.
fn shown(number: f64) -> String {
    match number.abs() {
        _ if number.fract() == 0.0 => format!("{number:.0}"),
        size if size >= 1.0 => format!("{number:.2}"),
        _ => format!("{number:.6}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_is_told_by_how_many_and_their_average() {
        let metric = json!({ "name": "took_seconds", "help": "How long.", "samples": [
            { "labels": { "step": "b", "task": "a" }, "count": 4.0, "sum": 1.0 },
            { "labels": {}, "count": 0.0, "sum": 0.0 },
            { "labels": {}, "value": 12.0 },
        ] });

        let rows = rows(&metric);

        let told: Vec<_> = rows.iter().map(|row| text(&row["value"])).collect();
        assert_eq!(told, ["4, each 0.250000 on average", "0", "12"]);
        assert_eq!(
            (&rows[0]["labels"], &rows[0]["help"]),
            (&json!("step=b task=a"), &json!("How long."))
        );
        assert_eq!(rows[1]["help"], json!(""));
    }
}
