//! What an event step takes: one topic's payload, or one of several.

use crate::{
    event::Event,
    topic::{Topic, TopicDef},
};

/// A type that an event step can take: a [`Topic`], or an enum made with [`one_of!`](crate::one_of!).
#[diagnostic::on_unimplemented(
    message = "an event step cannot take `{Self}`",
    label = "neither a topic nor one of several topics",
    note = "name its topic, `topic!({Self} = \"orders.placed\");`, or list several with `one_of!`"
)]
pub trait EventInput: Send + Sized + 'static {
    /// The topics that the step subscribes to.
    fn topics() -> Vec<TopicDef>;

    /// Reads the payload of an event.
    ///
    /// # Errors
    /// When the payload does not fit; trying again cannot help.
    fn decode(event: &Event) -> Result<Self, Undecodable>;
}

/// A kept payload does not fit the type that the step takes now.
#[derive(Debug, thiserror::Error)]
#[error("the payload on `{topic}` no longer fits `{type_name}`")]
pub struct Undecodable {
    topic: String,
    type_name: &'static str,
    source: Option<serde_json::Error>,
}

impl Undecodable {
    /// The payload of `event` is no `T`.
    #[must_use]
    pub fn new<T>(event: &Event, source: Option<serde_json::Error>) -> Self {
        Self {
            topic: event.topic.clone().into_owned(),
            type_name: std::any::type_name::<T>(),
            source,
        }
    }
}

impl<T: Topic> EventInput for T {
    fn topics() -> Vec<TopicDef> {
        vec![TopicDef::of::<T>()]
    }

    fn decode(event: &Event) -> Result<Self, Undecodable> {
        event.payload.decode().map_err(|source| Undecodable::new::<T>(event, Some(source)))
    }
}

/// Lets one event step take several topics, each as a variant.
///
/// # Example: two topics into one step
/// ```
/// # use motia_core as motia;
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Serialize, Deserialize, JsonSchema)]
/// # struct JobEnqueued { id: String }
/// # motia::topic!(JobEnqueued = "job.enqueued");
/// # #[derive(Debug, Serialize, Deserialize, JsonSchema)]
/// # struct JobRetry { id: String }
/// # motia::topic!(JobRetry = "job.retry");
/// motia::one_of! {
///     /// A job that is to be run.
///     #[derive(Debug)]
///     enum JobEvent {
///         Enqueued(JobEnqueued),
///         Retry(JobRetry),
///     }
/// }
/// ```
#[macro_export]
macro_rules! one_of {
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $Name:ident {
            $($(#[$variant_attribute:meta])* $Variant:ident($Payload:ty)),+ $(,)?
        }
    ) => {
        $(#[$attribute])*
        $visibility enum $Name {
            $($(#[$variant_attribute])* $Variant($Payload)),+
        }

        impl $crate::input::EventInput for $Name {
            fn topics() -> ::std::vec::Vec<$crate::topic::TopicDef> {
                ::std::vec![$($crate::topic::TopicDef::of::<$Payload>()),+]
            }

            fn decode(
                event: &$crate::event::Event,
            ) -> ::std::result::Result<Self, $crate::input::Undecodable> {
                $(
                    if event.topic == <$Payload as $crate::topic::Topic>::NAME {
                        return <$Payload as $crate::input::EventInput>::decode(event)
                            .map(Self::$Variant);
                    }
                )+
                ::std::result::Result::Err($crate::input::Undecodable::new::<Self>(event, None))
            }
        }
    };
}
