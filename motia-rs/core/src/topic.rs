//! A topic is a payload type with a name.

use std::any::TypeId;

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    json::JsonText,
    schema::{SchemaFn, schema_of},
};

/// A payload type that travels on a topic. Name it once with [`topic!`](crate::topic!).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a topic",
    label = "no topic name is known for this type",
    note = "name it once, next to the type: `topic!({Self} = \"orders.placed\");`"
)]
pub trait Topic: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// What the topic is called, such as `orders.placed`.
    const NAME: &'static str;
}

/// What is known of a topic where it is named.
#[derive(Debug, Clone, Copy)]
pub struct TopicDef {
    /// What the topic is called.
    pub name: &'static str,
    /// The payload type, as the compiler writes it.
    pub type_name: &'static str,
    /// The payload type itself; `None` where only the name is given, as noop steps do.
    pub type_id: Option<TypeId>,
    /// The payload's schema; `None` where only the name is given.
    pub schema: Option<SchemaFn>,
    /// Marks the secrets of a payload that comes from outside; `None` where only the name is given.
    pub mark: Option<MarkFn>,
}

/// Reads a payload as its type and writes it as it is kept: with its [secrets](crate::secret) marked.
pub type MarkFn = fn(Value) -> serde_json::Result<JsonText>;

fn mark<T: Topic>(payload: Value) -> serde_json::Result<JsonText> {
    JsonText::encode(&serde_json::from_value::<T>(payload)?)
}

impl TopicDef {
    /// The topic of `T`.
    #[must_use]
    pub fn of<T: Topic>() -> Self {
        Self {
            name: T::NAME,
            type_name: std::any::type_name::<T>(),
            type_id: Some(TypeId::of::<T>()),
            schema: Some(schema_of::<T>()),
            mark: Some(mark::<T>),
        }
    }

    /// A topic of which only the name is known.
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        Self { name, type_name: "", type_id: None, schema: None, mark: None }
    }
}

/// The topics that a step emits: a tuple of payload types, `(OrderPlaced, CardCharged)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list of topics",
    label = "the topics that a step emits stand in a tuple, with a comma behind the only one",
    note = "write `type Emits = ({Self},);` and use it in the config and in `Context<Emits>`"
)]
pub trait TopicSet: Send + Sync + 'static {
    /// The topics in their order.
    fn topics() -> Vec<TopicDef>;
}

/// Holds for each topic of a set; what lets `ctx.emit` refuse all others.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not among this step's emits",
    label = "not declared in the step's config",
    note = "the step emits `{Set}`: add `{Self}` to that tuple, in the config and in `Context<Emits>`"
)]
pub trait MemberOf<Set, Position> {}

/// A place in a tuple of topics.
#[derive(Debug)]
pub struct At<const N: usize>;

impl TopicSet for () {
    fn topics() -> Vec<TopicDef> {
        Vec::new()
    }
}

macro_rules! topic_sets {
    ($($T:ident $n:literal),*) => { topic_sets!(@grow [] $($T $n),*); };
    (@grow [$($done:ident $d:literal),*]) => {};
    (@grow [$($done:ident $d:literal),*] $T:ident $n:literal $(, $Rest:ident $r:literal)*) => {
        topic_sets!(@set [$($done $d,)* $T $n]);
        topic_sets!(@grow [$($done $d,)* $T $n] $($Rest $r),*);
    };
    (@set [$($T:ident $n:literal),+]) => {
        impl<$($T: Topic),+> TopicSet for ($($T,)+) {
            fn topics() -> Vec<TopicDef> {
                vec![$(TopicDef::of::<$T>()),+]
            }
        }
        topic_sets!(@members ($($T,)+) $($T $n),+);
    };
    (@members $all:tt $($T:ident $n:literal),+) => { $(topic_sets!(@member $all $T $n);)+ };
    (@member ($($A:ident,)+) $T:ident $n:literal) => {
        impl<$($A),+> MemberOf<($($A,)+), At<$n>> for $T {}
    };
}

topic_sets!(
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15
);

/// Names the topic that a payload type travels on.
///
/// # Example: a payload and its topic
/// ```
/// # use motia_core as motia;
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// /// An order was taken and waits to be paid.
/// #[derive(Serialize, Deserialize, JsonSchema)]
/// struct OrderPlaced {
///     order_id: String,
/// }
/// motia::topic!(OrderPlaced = "order.placed");
/// ```
///
/// # Example: a name that is refused
/// ```compile_fail
/// # use motia_core as motia;
/// # #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
/// # struct OrderPlaced;
/// motia::topic!(OrderPlaced = "order placed");
/// ```
#[macro_export]
macro_rules! topic {
    ($payload:ty = $name:expr) => {
        impl $crate::topic::Topic for $payload {
            const NAME: &'static str = $name;
        }

        const _: () = $crate::topic::assert_name($name);
    };
}

/// Refuses names that could not be shown, routed or logged.
///
/// # Panics
/// At compile time, when the name is empty, over 128 bytes, or has white space or control characters.
pub const fn assert_name(name: &str) {
    let bytes = name.as_bytes();
    assert!(!bytes.is_empty(), "a topic's name must not be empty");
    assert!(bytes.len() <= 128, "a topic's name must not be longer than 128 bytes");
    let mut i = 0;
    while i < bytes.len() {
        assert!(
            bytes[i] > b' ' && bytes[i] != 0x7f,
            "a topic's name must not have spaces or control characters"
        );
        i += 1;
    }
}
