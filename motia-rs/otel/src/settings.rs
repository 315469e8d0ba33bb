//! The variables of OpenTelemetry, as settings of the app.

use std::{num::NonZeroUsize, time::Duration};

use motia_core::setting::{Setting, SettingDef, Values};

use crate::{
    lane::Signal,
    queue::Bound,
    sampler::{Rule, Sampler},
    value::{Attributes, Compression, Endpoint, Exported, Headers, Millis, Protocol, Switch},
};

const DISABLED: Setting<Switch> =
    Setting::new("OTEL_SDK_DISABLED", "false", "Exports nothing to OpenTelemetry");
const SERVICE_NAME: Setting<Option<String>> =
    Setting::optional("OTEL_SERVICE_NAME", "What the app is called; the name of its program");
const RESOURCE: Setting<Option<Attributes>> =
    Setting::optional("OTEL_RESOURCE_ATTRIBUTES", "What else is said of the app: `name=value,…`");
const TRACES: Setting<Exported> =
    Setting::new("OTEL_TRACES_EXPORTER", "otlp", "Whether runs are exported: otlp or none");
const LOGS: Setting<Exported> =
    Setting::new("OTEL_LOGS_EXPORTER", "otlp", "Whether the log lines of runs are: otlp or none");
const SAMPLER: Setting<Rule> = Setting::new(
    "OTEL_TRACES_SAMPLER",
    "parentbased_always_on",
    "Which runs are exported beside those that fail",
);
const SAMPLER_ARG: Setting<f64> =
    Setting::new("OTEL_TRACES_SAMPLER_ARG", "1", "The share of the traces, for the ratio samplers")
        .checked(|ratio| (0.0..=1.0).contains(ratio), "a number from 0 to 1");
const QUEUE: Setting<NonZeroUsize> = Setting::new(
    "OTEL_BSP_MAX_QUEUE_SIZE",
    "2048",
    "Runs that wait to be exported; those beyond it are dropped and counted",
);
const BATCH: Setting<NonZeroUsize> =
    Setting::new("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512", "Runs that are exported at once");
const QUEUE_BYTES: Setting<NonZeroUsize> = Setting::new(
    "OTEL_BSP_MAX_QUEUE_BYTES",
    "67108864",
    "Bytes of memory that runs take that wait, about; of motia-rs, not of OpenTelemetry",
);
const BATCH_BYTES: Setting<NonZeroUsize> = Setting::new(
    "OTEL_BSP_MAX_EXPORT_BATCH_BYTES",
    "4194304",
    "Bytes that are exported at once, about; of motia-rs, not of OpenTelemetry",
);
const DELAY: Setting<Millis> =
    Setting::new("OTEL_BSP_SCHEDULE_DELAY", "5000", "For how long runs gather, in milliseconds");
const PATIENCE: Setting<Millis> = Setting::new(
    "OTEL_BSP_EXPORT_TIMEOUT",
    "30000",
    "How long an export may take at most, in milliseconds",
);

/// A setting that holds for both signals, and those that hold for one instead.
struct Each<T: 'static>(Setting<T>, Setting<Option<T>>, Setting<Option<T>>);

const ENDPOINT: Each<Endpoint> = Each(
    Setting::new("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318", "Where the collector is"),
    Setting::optional("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "Where runs go instead, path and all"),
    Setting::optional("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "Where logs go instead, path and all"),
);
const HEADERS: Each<Headers> = Each(
    Setting::new("OTEL_EXPORTER_OTLP_HEADERS", "", "Headers for the collector: `name=value,…`")
        .secret(),
    Setting::optional("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "The same for runs, instead").secret(),
    Setting::optional("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "The same for logs, instead").secret(),
);
const TIMEOUT: Each<Millis> = Each(
    Setting::new("OTEL_EXPORTER_OTLP_TIMEOUT", "10000", "For its answer, in milliseconds"),
    Setting::optional("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "The same for runs, instead"),
    Setting::optional("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "The same for logs, instead"),
);
const PROTOCOL: Each<Protocol> = Each(
    Setting::new("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", "How it is spoken to"),
    Setting::optional("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "The same for runs, instead"),
    Setting::optional("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "The same for logs, instead"),
);
const COMPRESSION: Each<Compression> = Each(
    Setting::new(
        "OTEL_EXPORTER_OTLP_COMPRESSION",
        "none",
        "How requests are squeezed: gzip or none",
    ),
    Setting::optional("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "The same for runs, instead"),
    Setting::optional("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "The same for logs, instead"),
);

/// All of them, to be registered with the app.
#[must_use]
pub fn all() -> Vec<SettingDef> {
    fn each<T: Send + Sync + 'static>(Each(both, runs, logs): Each<T>) -> [SettingDef; 3] {
        [both.describe(), runs.describe(), logs.describe()]
    }
    let plain = [
        DISABLED.describe(),
        SERVICE_NAME.describe(),
        RESOURCE.describe(),
        TRACES.describe(),
        LOGS.describe(),
        SAMPLER.describe(),
        SAMPLER_ARG.describe(),
        QUEUE.describe(),
        BATCH.describe(),
        QUEUE_BYTES.describe(),
        BATCH_BYTES.describe(),
        DELAY.describe(),
        PATIENCE.describe(),
    ];
    let paired = [each(ENDPOINT), each(HEADERS), each(TIMEOUT), each(PROTOCOL), each(COMPRESSION)];
    plain.into_iter().chain(paired.into_iter().flatten()).collect()
}

/// What is exported, and where to.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What the app is called, if somebody said so.
    pub service_name: Option<String>,
    /// What else is said of it.
    pub resource: Attributes,
    /// Which runs are exported.
    pub sampler: Sampler,
    /// What waits at most.
    pub queue: Bound,
    /// What is exported at once.
    pub batch: Bound,
    /// For how long they gather.
    pub delay: Duration,
    /// Where runs go; `None`: nowhere.
    pub traces: Option<Target>,
    /// Where their log lines go; `None`: nowhere.
    pub logs: Option<Target>,
}

/// Where requests go, and how.
#[derive(Debug, Clone)]
pub struct Target {
    /// The address.
    pub url: String,
    /// Beside those that OTLP asks for.
    pub headers: Headers,
    /// For an answer.
    pub timeout: Duration,
    /// Of the body.
    pub compression: Compression,
}

impl Settings {
    /// What the app's settings say; those that are not set have their defaults.
    #[must_use]
    pub fn of(values: &Values) -> Self {
        let mut values = values.clone();
        values.fill(&all());
        let values = &values;
        let on = !get(values, DISABLED).0;
        let bound = |runs: Setting<NonZeroUsize>, bytes: Setting<NonZeroUsize>| Bound {
            runs: get(values, runs).get(),
            bytes: get(values, bytes).get(),
        };
        let queue = bound(QUEUE, QUEUE_BYTES);
        Self {
            service_name: get(values, SERVICE_NAME),
            resource: get(values, RESOURCE).unwrap_or_default(),
            sampler: Sampler { rule: get(values, SAMPLER), ratio: get(values, SAMPLER_ARG) },
            queue,
            batch: bound(BATCH, BATCH_BYTES).within(queue),
            delay: get(values, DELAY).0,
            traces: (on && get(values, TRACES).0).then(|| Target::of(values, Signal::Spans)),
            logs: (on && get(values, LOGS).0).then(|| Target::of(values, Signal::Logs)),
        }
    }
}

impl Target {
    fn of(values: &Values, signal: Signal) -> Self {
        let url = get(values, ENDPOINT.own(signal)).map_or_else(
            || get(values, ENDPOINT.0).signal(signal.path()),
            |endpoint| endpoint.url(),
        );
        Self {
            url,
            headers: HEADERS.of(values, signal),
            timeout: TIMEOUT.of(values, signal).0.min(get(values, PATIENCE).0),
            compression: COMPRESSION.of(values, signal),
        }
    }
}

impl<T: Clone + 'static> Each<T> {
    /// What holds for a signal.
    fn of(&self, values: &Values, signal: Signal) -> T {
        get(values, self.own(signal)).unwrap_or_else(|| get(values, self.0))
    }

    /// What is said of a signal alone.
    fn own(&self, signal: Signal) -> Setting<Option<T>> {
        match signal {
            Signal::Spans => self.1,
            Signal::Logs => self.2,
        }
    }
}

fn get<T: Clone + 'static>(values: &Values, setting: Setting<T>) -> T {
    values.get(setting).expect("every setting was filled in")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings with these variables; what cannot be read is told.
    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let mut values = Values::default();
        for (name, text) in variables {
            let all = all();
            let setting = all.iter().find(|setting| setting.name == *name).unwrap();
            values.read(setting, Some(text))?;
        }
        Ok(Settings::of(&values))
    }

    #[test]
    fn where_nothing_is_said_both_signals_go_to_the_collector_of_this_machine() {
        let settings = read(&[]).unwrap();

        let (traces, logs) = (settings.traces.unwrap(), settings.logs.unwrap());
        assert_eq!(traces.url, "http://localhost:4318/v1/traces");
        assert_eq!(logs.url, "http://localhost:4318/v1/logs");
        assert_eq!((settings.queue.runs, settings.batch.runs), (2048, 512));
        assert_eq!((settings.queue.bytes, settings.batch.bytes), (64 << 20, 4 << 20));
        assert_eq!(settings.sampler.rule, Rule::ParentBased);
    }

    #[test]
    fn what_is_said_of_one_signal_beats_what_is_said_of_both_and_is_taken_as_it_stands() {
        let settings = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/otlp"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://tempo:4318/spans"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x=both"),
            ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "x=logs"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "60000"),
        ])
        .unwrap();

        let (traces, logs) = (settings.traces.unwrap(), settings.logs.unwrap());
        assert_eq!(traces.url, "http://tempo:4318/spans");
        assert_eq!(logs.url, "http://collector:4318/otlp/v1/logs");
        assert_eq!(
            (&traces.headers.0[0].1, &logs.headers.0[0].1),
            (&"both".parse().unwrap(), &"logs".parse().unwrap())
        );
        assert_eq!(traces.timeout, Duration::from_secs(30), "no export takes longer");
    }

    #[test]
    fn a_signal_that_is_not_wanted_goes_nowhere() {
        let without_logs = read(&[("OTEL_LOGS_EXPORTER", "none")]).unwrap();
        assert!(without_logs.traces.is_some() && without_logs.logs.is_none());

        let disabled = read(&[("OTEL_SDK_DISABLED", "TRUE")]).unwrap();
        assert!(disabled.traces.is_none() && disabled.logs.is_none());
    }

    #[test]
    fn a_value_that_cannot_be_is_refused_with_what_can() {
        for (name, text, expected) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318", "http://localhost:4318"),
            ("OTEL_TRACES_SAMPLER", "jaeger_remote", "parentbased_always_on"),
            ("OTEL_TRACES_SAMPLER_ARG", "2", "from 0 to 1"),
            ("OTEL_TRACES_EXPORTER", "zipkin", "otlp"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "zero"),
        ] {
            let told = read(&[(name, text)]).unwrap_err();
            assert!(told.contains(expected), "{name}: {told}");
        }
    }

    #[test]
    fn headers_are_secret() {
        let secret: Vec<_> = all().iter().filter(|s| s.secret).map(|s| s.name).collect();
        assert_eq!(secret.len(), 3);
        assert!(secret.iter().all(|name| name.ends_with("_HEADERS")));
    }
}
