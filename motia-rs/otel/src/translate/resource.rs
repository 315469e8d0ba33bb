//! Who the spans and the logs are of: the app, this process of it, and what its settings say.

use opentelemetry_proto::tonic::{common::v1::KeyValue, resource::v1::Resource};
use uuid::Uuid;

use super::attribute::attribute;
use crate::settings::Settings;

const SERVICE_NAME: &str = "service.name";

/// The app, as far as it is known. What the settings say comes first, and `OTEL_SERVICE_NAME` before all.
#[must_use]
pub fn of(settings: &Settings, version: Option<&str>) -> Resource {
    let said = settings.resource.0.iter();
    let named = settings.service_name.iter().map(|name| attribute(SERVICE_NAME, name.as_str()));
    let mut attributes: Vec<KeyValue> = named.collect();
    add(&mut attributes, said.map(|(name, value)| attribute(name, value.as_str())));
    let known = [
        Some(attribute(SERVICE_NAME, program())),
        version.map(|version| attribute("service.version", version)),
        Some(attribute("service.instance.id", Uuid::now_v7().to_string())),
        Some(attribute("process.pid", u64::from(std::process::id()))),
        Some(attribute("telemetry.sdk.name", "motia-rs")),
        Some(attribute("telemetry.sdk.language", "rust")),
        Some(attribute("telemetry.sdk.version", env!("CARGO_PKG_VERSION"))),
    ];
    add(&mut attributes, known.into_iter().flatten());
    Resource { attributes, ..Resource::default() }
}

/// Adds those whose name does not stand there yet.
fn add(attributes: &mut Vec<KeyValue>, more: impl Iterator<Item = KeyValue>) {
    for one in more {
        if attributes.iter().all(|other| other.key != one.key) {
            attributes.push(one);
        }
    }
}

/// What the program is called.
fn program() -> String {
    let path = std::env::current_exe().ok();
    let name = path.as_ref().and_then(|path| path.file_stem()?.to_str());
    name.unwrap_or("unknown_service:motia").to_owned()
}

#[cfg(test)]
mod tests {
    use motia_core::setting::Values;

    use super::*;
    use crate::{translate::attribute::Attribute, value::Attributes};

    fn says(resource: &Resource, name: &str) -> Vec<Attribute> {
        let found = resource.attributes.iter().filter(|each| each.key == name);
        found.filter_map(|each| each.value.clone().map(Attribute)).collect()
    }

    #[test]
    fn an_app_is_called_as_its_settings_say_and_as_its_program_otherwise() {
        let mut settings = Settings::of(&Values::default());
        assert_eq!(says(&of(&settings, None), SERVICE_NAME), [Attribute::from(program())]);

        let pairs = [("service.name", "shop"), ("service.version", "2"), ("team", "a")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        settings.resource = Attributes(pairs.into());
        let resource = of(&settings, Some("1"));
        assert_eq!(says(&resource, SERVICE_NAME), ["shop".into()]);
        assert_eq!(says(&resource, "service.version"), ["2".into()]);
        assert_eq!(says(&resource, "team"), ["a".into()]);

        settings.service_name = Some("till".to_owned());
        assert_eq!(says(&of(&settings, None), SERVICE_NAME), ["till".into()]);
    }
}
