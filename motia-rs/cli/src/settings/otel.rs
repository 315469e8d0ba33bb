//! Variables of OpenTelemetry that are set and that nothing reads: misspelt ones, and those of parts that are not
//! built in. Unlike a misspelt `MOTIA_*` variable they refuse nothing: they may be there for other programs.

use motia_core::registry::Registry;

use super::{advice, own};

const PREFIX: &str = "OTEL_";

/// What OpenTelemetry has and we do not read.
///
/// Source: <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/> and
/// <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>.
const NOT_READ: [&str; 49] = [
    "OTEL_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_BLRP_EXPORT_TIMEOUT",
    "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
    "OTEL_BLRP_MAX_QUEUE_SIZE",
    "OTEL_BLRP_SCHEDULE_DELAY",
    "OTEL_CONFIG_FILE",
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_EXPERIMENTAL_CONFIG_FILE",
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CLIENT_KEY",
    "OTEL_EXPORTER_OTLP_INSECURE",
    "OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY",
    "OTEL_EXPORTER_OTLP_LOGS_INSECURE",
    "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY",
    "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION",
    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
    "OTEL_EXPORTER_OTLP_METRICS_INSECURE",
    "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
    "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
    "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
    "OTEL_EXPORTER_OTLP_TRACES_INSECURE",
    "OTEL_EXPORTER_PROMETHEUS_HOST",
    "OTEL_EXPORTER_PROMETHEUS_PORT",
    "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
    "OTEL_EXPORTER_ZIPKIN_TIMEOUT",
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_LOG_LEVEL",
    "OTEL_METRICS_EXEMPLAR_FILTER",
    "OTEL_METRICS_EXPORTER",
    "OTEL_METRIC_EXPORT_INTERVAL",
    "OTEL_METRIC_EXPORT_TIMEOUT",
    "OTEL_PROPAGATORS",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_SPAN_EVENT_COUNT_LIMIT",
    "OTEL_SPAN_LINK_COUNT_LIMIT",
];

/// A variable that is set and not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unread {
    /// OpenTelemetry has it, and we do not.
    NotBuiltIn(String),
    /// Nobody has it; what is said of it.
    Unknown(String),
}

impl Unread {
    /// Those of the environment. An app that exports nothing to OpenTelemetry reads none, and has none misspelt.
    pub(crate) fn of(env: &[(String, String)], registry: &Registry) -> Vec<Self> {
        let read: Vec<_> = own::declared(registry).map(|own| own.name).collect();
        if !read.iter().any(|name| name.starts_with(PREFIX)) {
            return Vec::new();
        }
        let set = env.iter().filter(|(name, text)| name.starts_with(PREFIX) && !text.is_empty());
        let unread = set.map(|(name, _)| name).filter(|name| !read.contains(&name.as_str()));
        let told = |name: &String| match NOT_READ.contains(&name.as_str()) {
            true => Self::NotBuiltIn(format!("`{name}` of OpenTelemetry is not read")),
            false => {
                let known = read.iter().chain(&NOT_READ).copied();
                let advice = advice(name, known, "`settings` lists those that are read; unset it");
                Self::Unknown(format!("OpenTelemetry has no variable `{name}`; {advice}"))
            }
        };
        unread.map(told).collect()
    }

    /// Says so in the log: what is misspelt is a warning.
    pub(crate) fn tell(&self) {
        match self {
            Self::NotBuiltIn(told) => tracing::info!("{told}"),
            Self::Unknown(told) => tracing::warn!("{told}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use motia_core::setting::Setting;

    use super::*;

    const NAME: Setting<Option<String>> =
        Setting::optional("OTEL_SERVICE_NAME", "What it is called");

    fn env() -> Vec<(String, String)> {
        let env = [
            ("OTEL_SERVICE_NAME", "shop"),
            ("OTEL_SERVCE_NAME", "shop"),
            ("OTEL_PROPAGATORS", "b3"),
            ("OTEL_POD_IP", "10.0.0.1"),
            ("OTEL_SPAN_EVENT_LIMIT", ""),
            ("SERVICE_NAME", "shop"),
        ];
        env.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec()
    }

    #[test]
    fn a_misspelt_variable_is_told_apart_from_one_that_is_not_built_in() {
        let settings = [(NAME.describe(), motia_core::source!())];
        let registry = Registry::default().with_settings(settings);

        let told = Unread::of(&env(), &registry);

        let expected = [
            Unread::Unknown(
                "OpenTelemetry has no variable `OTEL_SERVCE_NAME`; did you mean `OTEL_SERVICE_NAME`?"
                    .to_owned(),
            ),
            Unread::NotBuiltIn("`OTEL_PROPAGATORS` of OpenTelemetry is not read".to_owned()),
            Unread::Unknown(
                "OpenTelemetry has no variable `OTEL_POD_IP`; `settings` lists those that are read; \
                 unset it"
                    .to_owned(),
            ),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn an_app_that_exports_nothing_is_not_told_of_the_variables_of_others() {
        assert_eq!(Unread::of(&env(), &Registry::default()), []);
    }
}
